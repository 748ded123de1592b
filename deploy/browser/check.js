// Runs checks one after the other, and counts them.
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const POLL_MS = 50;
/** Of all processors' time, at least so much of an idle machine's passes idly. */
const IDLE_SHARE = 0.85;

export class Checks {
  /** Pictures of what failed go into `folder`. */
  constructor(folder, only) {
    this.folder = folder;
    this.only = only;
    this.passed = 0;
    this.failed = [];
    this.pages = [];
    mkdirSync(folder, { recursive: true });
  }

  /** A check that throws has failed; the others go on. */
  async check(name, run) {
    if (this.only && !name.includes(this.only)) return;
    const began = Date.now();
    const took = () => `${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s`;
    try {
      const figure = await run();
      this.passed += 1;
      console.log(`ok      ${took()}  ${name}${figure ? `: ${figure}` : ''}`);
    } catch (error) {
      this.failed.push(name);
      console.log(`FAILED  ${took()}  ${name}\n${indented(error.stack ?? error)}`);
      await this.takePictures();
    }
  }

  async takePictures() {
    for (const [index, page] of this.pages.entries()) {
      if (page.isClosed()) continue;
      const path = join(this.folder, `failed-${this.failed.length}-${index + 1}.png`);
      // A page that hangs is why something failed; it has no picture.
      await page.screenshot({ path, timeout: 5_000 }).catch((error) => console.log(indented(error.message)));
    }
  }

  /** The last line is what deploy/test.sh counts. */
  report() {
    if (this.failed.length > 0) console.log(`failed: ${this.failed.join('; ')}`);
    console.log(`tests: ${this.passed}`);
    return this.failed.length === 0 && this.passed > 0;
  }
}

export function assert(holds, words) {
  if (!holds) throw new Error(words);
}

export function assertEqual(found, wanted, words) {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  assert(left === right, `${words}: ${left} instead of ${right}`);
}

/** Waits until `look` answers something true, and answers it. */
export async function until(what, look, timeoutMs = 10_000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await pause(POLL_MS);
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether this machine has nothing to do, for a second. */
export async function machineIsIdle() {
  const times = () => cpus().map(({ times: { idle, ...busy } }) => [idle, idle + Object.values(busy).reduce((sum, one) => sum + one)]);
  const before = times();
  await pause(1_000);
  const passed = times().map(([idle, all], index) => [idle - before[index][0], all - before[index][1]]);
  const [idle, all] = [0, 1].map((kind) => passed.reduce((sum, one) => sum + one[kind], 0));
  return idle >= all * IDLE_SHARE;
}

const indented = (text) => String(text).replace(/^/gm, '    ');
