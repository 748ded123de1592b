// Takes the pictures of docs/images/: wall and console of the demo hospital on a real server with simulated carriers, and the
// wall of a larger installation in a made-up state.
//
//   node pictures.js --bin DIR --pages DIR --demo DIR --faketime FILE --out DIR [--minutes N]
//
// The hospital is at work for so many minutes before it is looked at; 32 fill the curves.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FULL_HD, LAPTOP, UHD, launch, open } from './browser.js';
import { Checks, pause, until } from './check.js';
import { loggedIn } from './console.js';
import { Feed } from './feed.js';
import { Hospital } from './hospital.js';
import { show } from './looks.js';
import * as scenes from './scenes.js';

/** How long campaigns have sent when they are looked at. */
const SENDING_MS = 40_000;
/** The carrier that goes bad, and its connection. */
const CARRIER = 'mobile-1';
const CONNECTION = '移动-1';

const { values } = parseArgs({
  options: {
    bin: { type: 'string' }, pages: { type: 'string' }, demo: { type: 'string' }, faketime: { type: 'string' }, out: { type: 'string' },
    minutes: { type: 'string', default: '32' },
  },
});
const [bin, pages, demo, out] = [values.bin, values.pages, values.demo, values.out].map((path) => resolve(path));
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'carillon-pictures-'));
const checks = new Checks(folder);
const browser = await launch();

const take = (page, name) => page.screenshot({ path: join(out, `${name}.png`) });

/** Twelve connections, and everything else that there is room for. */
async function group() {
  const feed = await Feed.start(pages);
  const page = await open(browser, checks, FULL_HD);
  await show(page, feed, scenes.degraded, scenes.AT_MS);
  await take(page, 'wall-group-degraded');
  await show(page, feed, scenes.normal, scenes.AT_MS);
  await take(page, 'wall-group');
  await page.context().close();
  feed.stop();
}

async function hospital() {
  const world = await Hospital.start({ bin, pages, folder: join(folder, 'hospital'), demo, faketime: values.faketime });
  try {
    await pause(Number(values.minutes) * 60_000);
    await world.wallLink('信息科值班室');
    await world.wallLink('住院部护士站');
    const link = await world.wallLink('机房');
    const running = await world.campaign('十一月复诊提醒', 3_000, 15);
    const paused = await world.campaign('流感疫苗接种通知（第二批）', 900, 10);
    await world.campaign('体检报告已出', 600, 10);
    for (const id of [running, paused]) await world.asAccount('POST', `/v1/campaigns/${id}/start`);
    await pause(SENDING_MS);
    await world.asAccount('POST', `/v1/campaigns/${paused}/pause`);
    const walls = [['', FULL_HD], ['-4k', UHD]];
    for (const wall of walls) {
      wall.push(await open(browser, checks, wall[1]));
      await wall[2].goto(link.url);
      await wall[2].locator('.tile').first().waitFor();
    }
    const takeWalls = async (name) => {
      for (const [size, , page] of walls) await take(page, `${name}${size}`);
    };
    await pause(5_000);
    await takeWalls('wall-duty');
    for (const [, , page] of walls) await page.keyboard.press('s');
    await pause(1_000);
    await takeWalls('wall-show');
    for (const [, , page] of walls) await page.keyboard.press('s');
    await consoles(world, running, '');

    await world.order(`${CARRIER} down`);
    await until('the alarm', async () => (await world.asOperator('GET', '/v1/admin/alarms')).alarms.length > 0);
    await pause(20_000);
    await takeWalls('wall-degraded');
    await consoles(world, running, '-degraded');

    await world.killServer();
    await pause(15_000);
    await takeWalls('wall-link-lost');
  } finally {
    await world.stop();
  }
}

/** Every page while all is well; those that tell of trouble while there is some. */
async function consoles(world, campaign, state) {
  const { messages: [sent] } = await world.asOperator('GET', '/v1/admin/messages?account=lis&status=delivered&limit=1');
  const name = encodeURIComponent(CONNECTION);
  const shots = state ? { home: '', connections: 'connections', connection: `connections?open=${name}`, alarms: 'alarms' } : {
    home: '', connections: 'connections', campaigns: 'campaigns', campaign: `campaigns?open=${campaign}`,
    records: 'records?account=lis', journey: `records?account=lis&open=${sent.id}`, walls: 'walls',
  };
  for (const [size, viewport] of [['1366', LAPTOP], ['1920', FULL_HD]]) {
    const page = await loggedIn(browser, checks, world, viewport);
    await world.setClockOf(page);
    for (const [shot, path] of Object.entries(shots)) {
      await page.goto(`${world.url}/console/${path}`);
      await page.waitForLoadState('networkidle');
      await pause(1_500);
      await take(page, `console-${shot}${state}-${size}`);
    }
    if (viewport === FULL_HD && !state) {
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
}

await group();
await hospital();
await browser.close();
rmSync(folder, { recursive: true });
