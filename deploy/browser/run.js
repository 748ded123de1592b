// Runs all tests of the pages in Chromium.
//
//   node run.js --bin DIR --pages DIR --out DIR [--only WORDS] [--group NAME]...
//
// --bin has the programs, --pages the built front ends; pictures of what failed and the server's folder go to --out.
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { launch } from './browser.js';
import { Checks } from './check.js';
import { login, pages } from './console.js';
import { hostile } from './hostile.js';
import { consoleLooks, wallLooks } from './looks.js';
import { replay } from './replay.js';
import { wall } from './wall.js';
import { World } from './world.js';

const { values } = parseArgs({
  options: {
    bin: { type: 'string' }, pages: { type: 'string' }, out: { type: 'string' }, only: { type: 'string' },
    group: { type: 'string', multiple: true },
  },
});
const [bin, built, out] = [values.bin, values.pages, values.out].map((path) => resolve(path));
rmSync(out, { recursive: true, force: true });

const GROUPS = {
  looks: (browser, checks) => wallLooks(browser, checks, built),
  replay: (browser, checks) => replay(browser, checks, built),
  wall,
  login,
  pages,
  console: consoleLooks,
  hostile,
};
const selected = values.group ?? Object.keys(GROUPS);

const checks = new Checks(out, values.only);
const browser = await launch();
let world;
try {
  for (const name of selected) {
    if (!['looks', 'replay'].includes(name)) world ??= await World.start({ bin, pages: built, folder: join(out, 'server') });
    await GROUPS[name](browser, checks, world).catch((error) => checks.check(name, () => { throw error; }));
  }
} finally {
  await browser.close();
  await world?.stop();
}
process.exitCode = checks.report() ? 0 : 1;
