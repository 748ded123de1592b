// Takes the pictures of docs/images/: the wall in made-up states, the console on a real server with simulated carriers.
//
//   node pictures.js --bin DIR --pages DIR --out DIR
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FULL_HD, LAPTOP, UHD, launch, open } from './browser.js';
import { Checks, pause, until } from './check.js';
import { loggedIn } from './console.js';
import { Feed } from './feed.js';
import { show } from './looks.js';
import * as scenes from './scenes.js';
import { MAIN, World } from './world.js';

/** How long messages flow before the console is looked at. */
const TRAFFIC_MS = 40_000;
const PER_SECOND = 60;

const { values } = parseArgs({ options: { bin: { type: 'string' }, pages: { type: 'string' }, out: { type: 'string' } } });
const [bin, pages, out] = [values.bin, values.pages, values.out].map((path) => resolve(path));
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'carillon-pictures-'));
const checks = new Checks(folder);
const browser = await launch();

const take = (page, name) => page.screenshot({ path: join(out, `${name}.png`) });

async function wall() {
  const feed = await Feed.start(pages);
  const page = await open(browser, checks, FULL_HD);
  await show(page, feed, scenes.normal, scenes.AT_MS);
  await take(page, 'wall-duty');
  await page.keyboard.press('s');
  await pause(500);
  await take(page, 'wall-show');
  await page.keyboard.press('s');
  await show(page, feed, scenes.degraded, scenes.AT_MS);
  await take(page, 'wall-degraded');
  feed.stop();
  await page.locator('.banner').waitFor();
  await pause(500);
  await take(page, 'wall-link-lost');
  await page.context().close();

  const large = await Feed.start(pages);
  const wide = await open(browser, checks, UHD);
  await show(wide, large, scenes.normal, scenes.AT_MS);
  await take(wide, 'wall-duty-4k');
  await wide.context().close();
  large.stop();
}

async function operators() {
  const world = await World.start({ bin, pages, folder: join(folder, 'server'), failures: true });
  try {
    const traffic = world.traffic(PER_SECOND);
    await world.wallLink('信息科值班室');
    await world.wallLink('住院部护士站');
    const running = await world.campaign('十一月复诊提醒', 20_000, 40);
    const paused = await world.campaign('流感疫苗接种通知（第二批）', 3_000, 20);
    await world.campaign('体检报告已出', 1_200, 20);
    await world.asAccount('POST', `/v1/campaigns/${running}/start`);
    await world.asAccount('POST', `/v1/campaigns/${paused}/start`);
    await pause(TRAFFIC_MS / 2);
    await world.asAccount('POST', `/v1/campaigns/${paused}/pause`);
    const { id } = await world.send('13800000007');
    await pause(TRAFFIC_MS / 2);
    await world.order('main down');
    await until('the alarm', async () => (await world.asOperator('GET', '/v1/admin/alarms')).alarms.length > 0);
    await pause(5_000);
    const shots = {
      home: '', connections: 'connections', connection: `connections?open=${encodeURIComponent(MAIN)}`, campaigns: 'campaigns',
      campaign: `campaigns?open=${running}`, records: 'records?account=his', journey: `records?to=13800000007&open=${id}`,
      alarms: 'alarms', walls: 'walls',
    };
    for (const [size, viewport] of [['1366', LAPTOP], ['1920', FULL_HD]]) {
      const page = await loggedIn(browser, checks, world, viewport);
      for (const [name, path] of Object.entries(shots)) {
        await page.goto(`${world.url}/console/${path}`);
        await page.waitForLoadState('networkidle');
        await pause(1_500);
        await take(page, `console-${name}-${size}`);
      }
      if (viewport === FULL_HD) {
        await page.emulateMedia({ colorScheme: 'dark' });
        await page.goto(`${world.url}/console/`);
        await pause(2_000);
        await take(page, 'console-home-1920-dark');
        await page.emulateMedia({ colorScheme: 'light' });
        await page.at('leave').click();
        await page.at('login-name').waitFor();
        await take(page, 'console-login-1920');
      }
      await page.context().close();
    }
    traffic.stop();
  } finally {
    await world.stop();
  }
}

await wall();
await operators();
await browser.close();
rmSync(folder, { recursive: true });
