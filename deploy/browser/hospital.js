// The demo hospital as deploy/run.sh starts it, with a week behind it; for pictures, at a busy hour whatever the time is.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from './check.js';
import { World, freePorts } from './world.js';

/** Of the Tuesday it is given: 10:16 in Beijing. */
const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
const WANTED_MS = 5 * 24 * HOUR_MS + (10 - 8) * HOUR_MS + 16 * 60_000;

export class Hospital extends World {
  /** `demo` is the folder with the demo's files, `faketime` the library that sets clocks forward. */
  static async start({ bin, pages, folder, demo, faketime }) {
    mkdirSync(folder, { recursive: true });
    const hospital = new Hospital(bin, pages, folder, await freePorts(4));
    // The first of January 1970 was a Thursday.
    const ahead_s = Math.round((((WANTED_MS - Date.now()) % WEEK_MS) + WEEK_MS) % WEEK_MS / 1_000);
    hospital.aheadMs = ahead_s * 1_000;
    hospital.clock = { LD_PRELOAD: faketime, FAKETIME: `+${ahead_s}s`, FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' };
    await hospital.open(demo);
    return hospital;
  }

  async open(demo) {
    const ports = await this.ownPorts(demo);
    const [ranges, bounces] = [join(this.folder, 'ranges.csv'), `127.0.0.1:${ports.bounces}`];
    copyFileSync(join(demo, 'demo-ranges.csv'), ranges);
    this.clock = { ...this.clock, CARILLON_NUMBERS_RANGES_FILE: ranges, CARILLON_MAIL_BOUNCES_LISTEN: bounces };
    const keys = join(this.folder, 'keys');
    const lines = this.finish('carillon', ['apply', join(this.folder, 'demo.toml'), '--data', this.data()]).split('\n');
    writeFileSync(keys, lines.filter((line) => line.startsWith('api-key ')).join('\n'));
    this.key = /api-key his: (\S+)/.exec(readFileSync(keys, 'utf8'))[1];
    const carriers = join(this.folder, 'demo-carriers.toml');
    this.finish('carillon-loadtest', ['demo-week', '--data', this.data(), '--ranges', ranges, '--carriers', carriers]);
    this.carriers = this.run('carillon-loadtest', 'carriers.log', ['carrier', '--config', carriers, '--control', String(this.controlPort)]);
    this.relay = this.run('carillon-loadtest', 'mail.log', [
      'mail-sink', '--port', String(ports.mail), '--bounce-to', bounces, '--rule', 'gone*=bounce:3000', '--rule', '*=deliver:2000',
    ]);
    await this.startServer();
    // Nobody but us makes carriers go bad.
    this.traffic = this.run('carillon-loadtest', 'traffic.log', ['demo', '--url', this.url, '--keys', keys, '--ranges', ranges]);
  }

  /** The demo's files with ports that are free. */
  async ownPorts(demo) {
    const free = await freePorts(5);
    const names = new Map([['17890', free[0]], ['17891', free[1]], ['12775', free[2]], ['12525', free[3]]]);
    for (const name of ['demo.toml', 'demo-carriers.toml']) {
      const text = readFileSync(join(demo, name), 'utf8');
      writeFileSync(join(this.folder, name), text.replace(/^port = (\d+)$/gm, (_, port) => `port = ${names.get(port)}`));
    }
    return { mail: free[3], bounces: free[4] };
  }

  run(program, log, argv) {
    return super.run(program, log, argv, this.clock);
  }

  finish(program, argv) {
    const done = spawnSync(join(this.bin, program), argv, { encoding: 'utf8', env: { ...process.env, ...this.clock } });
    assert(done.status === 0, `${program} ${argv[0]} failed: ${done.stdout}${done.stderr}`);
    return done.stdout;
  }

  /** From its next address on, the page's clock is the hospital's. */
  setClockOf(page) {
    return page.addInitScript((aheadMs) => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + aheadMs;
    }, this.aheadMs);
  }

  async stop() {
    for (const child of [this.traffic, this.relay]) child.kill('SIGTERM');
    await super.stop();
  }
}
