// A server with simulated carriers, in a folder of its own.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { assert, until } from './check.js';

const START_MS = 60_000;
const API_KEY = 'browser-0123456789abcdef';

/** Two carriers: the first is the main one of its group, the second its backup. */
export const MAIN = '移动-主';
export const BACKUP = '联通-备';
/** What every text that somebody can choose is named in the tests of hostile texts. */
export const SCRIPT = '<img src=x onerror="window.ran=1">';

export class World {
  /** With `failures` a few messages do not arrive. */
  static async start({ bin, pages, folder, failures = false }) {
    mkdirSync(folder, { recursive: true });
    const ports = await freePorts(4);
    const world = new World(bin, pages, folder, ports);
    world.startCarriers(failures);
    world.apply(catalog(world));
    await world.startServer();
    return world;
  }

  constructor(bin, pages, folder, [port, mainPort, backupPort, controlPort]) {
    Object.assign(this, { bin, pages, folder, port, mainPort, backupPort, controlPort });
    this.url = `http://127.0.0.1:${port}`;
    this.key = API_KEY;
  }

  startCarriers(failures) {
    const file = join(this.folder, 'carriers.toml');
    writeFileSync(file, carriers(this, failures));
    this.carriers = this.run('carillon-loadtest', 'carriers.log', [
      'carrier', '--config', file, '--control', String(this.controlPort),
    ]);
  }

  /** Of a server that does not run. */
  apply(text) {
    const file = join(this.folder, 'catalog.toml');
    writeFileSync(file, text);
    const done = spawnSync(join(this.bin, 'carillon'), ['apply', file, '--data', this.data()], { encoding: 'utf8' });
    assert(done.status === 0, `carillon apply failed: ${done.stdout}${done.stderr}`);
  }

  async startServer() {
    const password = join(this.folder, 'password');
    this.server = this.run('carillon', 'server.log', [
      'serve', '--data', this.data(), '--port', String(this.port), '--password-file', password,
    ]);
    await until('the server is ready', async () => {
      assert(this.server.exitCode === null, `the server ended: ${this.serverLog()}`);
      return (await fetch(`${this.url}/readyz`).catch(() => null))?.ok;
    }, START_MS);
    this.password = readFileSync(password, 'utf8').trim();
  }

  run(program, log, argv, more = {}) {
    const out = openSync(join(this.folder, log), 'a');
    // How full the disk of this machine is, is not what is tested.
    const alarms = { CARILLON_ALARMS_DISK_WARNING: '1', CARILLON_ALARMS_DISK_CRITICAL: '0' };
    const env = { ...process.env, CARILLON_PAGES_DIR: this.pages, ...alarms, ...more };
    const child = spawn(join(this.bin, program), argv, { stdio: ['ignore', out, out], env });
    closeSync(out);
    return child;
  }

  /** `kill -9`. */
  killServer() {
    return ended(this.server, 'SIGKILL');
  }

  stopServer() {
    return ended(this.server, 'SIGTERM');
  }

  async stop() {
    await Promise.all([ended(this.server, 'SIGTERM'), ended(this.carriers, 'SIGTERM')]);
  }

  data() {
    return join(this.folder, 'data');
  }

  serverLog() {
    return readFileSync(join(this.folder, 'server.log'), 'utf8').slice(-4_000);
  }

  /** An order to a carrier, e.g. `main down`. */
  order(line) {
    return new Promise((resolve, reject) => {
      const socket = connect(this.controlPort, '127.0.0.1', () => socket.write(`${line}\n`));
      socket.setEncoding('utf8');
      socket.once('data', (answer) => {
        socket.destroy();
        if (/^(error|stopped|expected)/.test(answer)) reject(new Error(`${line}: ${answer}`));
        else resolve(answer);
      });
      socket.once('error', reject);
    });
  }

  /** As the account's program. */
  async asAccount(method, path, body, type = 'application/json') {
    const headers = { authorization: `Bearer ${this.key}`, ...(body && { 'content-type': type }) };
    return answered(await fetch(this.url + path, { method, headers, body: bodyOf(body) }), `${method} ${path}`);
  }

  send(to, text = '您好，您的检查报告已出，请到自助机打印。') {
    return this.asAccount('POST', '/v1/messages', { to, text });
  }

  /** As an operator, with a session of its own. */
  async asOperator(method, path, body) {
    this.session ??= await this.logIn();
    const headers = { ...this.session, ...(body && { 'content-type': 'application/json' }) };
    return answered(await fetch(this.url + path, { method, headers, body: bodyOf(body) }), `${method} ${path}`);
  }

  async logIn() {
    const body = JSON.stringify({ name: 'admin', password: this.password });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.url}/v1/login`, { method: 'POST', headers, body });
    const session = await answered(answer, 'the login');
    return { cookie: answer.headers.get('set-cookie').split(';')[0], 'x-csrf-token': session.csrf };
  }

  /** A link for a wall. */
  async wallLink(name = '值班室') {
    const made = await this.asOperator('POST', '/v1/admin/wall-tokens', { name, expires_days: 1 });
    return { id: made.id, url: `${this.url}/wall/#token=${made.token}` };
  }

  removeWallLink(id) {
    return this.asOperator('DELETE', `/v1/admin/wall-tokens/${id}`);
  }

  /** A campaign that waits to be started. */
  async campaign(name, count, perSecond) {
    const made = await this.asAccount('POST', '/v1/campaigns', {
      name, text: '{name}您好，请按时复诊。', columns: { to: '手机号', variables: { name: '姓名' } },
      rate_per_second: perSecond,
    });
    const lines = Array.from({ length: count }, (_, index) => `${phone(index)},患者${index}`);
    const file = Buffer.from(`手机号,姓名\n${lines.join('\n')}\n`);
    await this.asAccount('PUT', `/v1/campaigns/${made.id}/recipients`, file, 'text/csv');
    await until('the campaign is ready', async () => {
      const { state } = await this.asAccount('GET', `/v1/campaigns/${made.id}`);
      return state === 'ready';
    });
    return made.id;
  }

  /** Messages in batches, ten times a second, until it is stopped. */
  traffic(perSecond) {
    let next = 0;
    const failures = [];
    const beat = setInterval(() => {
      const lines = Array.from({ length: perSecond / 10 }, () => ({ to: phone(next++), text: '您的预约已确认，请提前30分钟到院。' }));
      this.asAccount('POST', '/v1/messages/batch', lines).catch((error) => failures.push(error));
    }, 100);
    return {
      stop: () => clearInterval(beat),
      failures,
    };
  }
}

/** Numbers of nobody. */
export const phone = (index) => `138${String(index % 100_000_000).padStart(8, '0')}`;

export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
  })));
  const ports = servers.map((server) => server.address().port);
  servers.forEach((server) => server.close());
  return ports;
}

const bodyOf = (body) => (body === undefined || body instanceof Buffer ? body : JSON.stringify(body));

async function answered(answer, what) {
  const text = await answer.text();
  assert(answer.ok, `${what} was answered with ${answer.status}: ${text}`);
  return text ? JSON.parse(text) : null;
}

function ended(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return null;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return end;
}

function carriers({ mainPort, backupPort }, failures) {
  const receipts = [['DELIVRD', 970], ['UNDELIV', failures ? 20 : 0], ['MK:0001', failures ? 10 : 0]];
  const carrier = (name, protocol, port) => `
[[carrier]]
name = "${name}"
protocol = "${protocol}"
port = ${port}
[[carrier.account]]
login = "900001"
password = "secret1"
[carrier.behaviour]
response_ms = { min = 1, max = 5 }
receipt_ms = { min = 50, max = 300 }
receipts = [${receipts.map(([status, weight]) => `{ status = "${status}", weight = ${weight} }`).join(', ')}]
`;
  return carrier('main', 'cmpp2.0', mainPort) + carrier('backup', 'smpp3.4', backupPort);
}

/** What the server is set up with; `more` are further tables. */
export function catalog({ mainPort, backupPort }, more = '') {
  const connection = (name, protocol, port) => `
[[connection]]
name = "${name}"
protocol = "${protocol}"
host = "127.0.0.1"
port = ${port}
login = "900001"
password = "secret1"
sessions = 2
window = 64
rate_per_second = 500
source_number = "1069000001"
`;
  const both = `["${MAIN}", "${BACKUP}"]`;
  return `
[[organisation]]
name = "示例医院"
[[business_type]]
name = "通知"
${connection(MAIN, 'cmpp2.0', mainPort)}
${connection(BACKUP, 'smpp3.4', backupPort)}
[[route_group]]
name = "主备"
strategy = "primary_backup"
members = ${both}
[[route_rule]]
name = "全部"
group = "主备"
[[account]]
name = "his"
organisation = "示例医院"
business_type = "通知"
modules = { send = true, query = true, feeds = true, campaigns = true }
connections = ${both}
signature = "示例医院"
api_key = "${API_KEY}"
${more}`;
}
