// The wall on a real server: opened by a link, through a carrier's cut, a killed server, and the end of its link.
import { assert, assertEqual, pause, until } from './check.js';
import { GONE, REFUSED, open } from './browser.js';
import { BACKUP, MAIN } from './world.js';

/** From a carrier's cut to the tile's 故障. */
const CUT_SHOWN_MS = 2_000;
/** From the answer to a message to its number on the wall. */
const ACCEPTED_SHOWN_MS = 1_000;
const PER_SECOND = 50;

export async function wall(browser, checks, world) {
  const { check } = bound(checks);
  let page;
  let link;

  await check('a wall opens by its link, and the address forgets it', async () => {
    link = await world.wallLink();
    page = await open(browser, checks);
    await page.goto(link.url);
    await tile(page, MAIN).waitFor();
    assertEqual(new URL(page.url()).hash, '', 'what is left of the address');
    const cookies = await page.context().cookies();
    assertEqual(cookies.map((one) => [one.name, one.httpOnly, one.sameSite]), [['carillon_wall', true, 'Strict']], 'cookies');
    await until('it is live', async () => (await page.locator('.link').innerText()).includes('实时'));
    await until('both tiles are well', async () => (await healthOf(page, MAIN)) === 'ok' && (await healthOf(page, BACKUP)) === 'ok');
    page.assertQuiet();
  });

  await check('the link opens nothing else', async () => {
    for (const path of ['/v1/admin/connections', '/v1/session', '/v1/admin/messages']) {
      const status = await page.evaluate(async (path) => (await fetch(path)).status, path);
      assert([401, 403].includes(status), `${path} was answered with ${status}`);
    }
    page.assertQuiet(REFUSED);
  });

  await check('an accepted message is on the wall within a second', async () => {
    const figure = '.map .total .key';
    const slowest = { ms: 0 };
    for (let round = 0; round < 5; round += 1) {
      const before = Number((await page.locator(figure).getAttribute('aria-label')).replaceAll(',', ''));
      const shown = whenChanged(page, figure, String(before + 1));
      await pause(137 * round);
      await world.send('13800000001');
      const accepted = Date.now();
      slowest.ms = Math.max(slowest.ms, (await shown) - accepted);
    }
    assert(slowest.ms <= ACCEPTED_SHOWN_MS, `one took ${slowest.ms} ms`);
    return `${slowest.ms} ms at most`;
  });

  await check('keys: help, skin, pause', async () => {
    await page.keyboard.press('?');
    await page.locator('.help').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.help').waitFor({ state: 'detached' });
    await page.keyboard.press('s');
    assertEqual(await page.locator('html').getAttribute('data-skin'), 'show', 'the skin');
    await page.keyboard.press('s');
    assertEqual(await page.locator('html').getAttribute('data-skin'), 'duty', 'the skin');
    await page.keyboard.press('Space');
    await until('it is paused', async () => (await page.locator('.link').innerText()).includes('已暂停'));
    await page.keyboard.press('Space');
    await until('it goes on', async () => (await page.locator('.link').innerText()).includes('实时'));
  });

  const traffic = world.traffic(PER_SECOND);

  await check('a cut carrier is 故障 within two seconds, and traffic moves to the backup', async () => {
    await until('messages go out by the main connection', async () => (await rateOf(page, MAIN)) > 0, 20_000);
    assertEqual(await rateOf(page, BACKUP), 0, 'the rate of the backup');
    const shown = whenClass(page, MAIN, 'failed');
    await world.order('main down');
    const cut = Date.now();
    const took = (await shown) - cut;
    assert(took <= CUT_SHOWN_MS, `it took ${took} ms`);
    const words = await tile(page, MAIN).innerText();
    assert(words.includes('故障'), `the tile says: ${words}`);
    await until('the backup sends', async () => (await rateOf(page, BACKUP)) >= PER_SECOND / 2);
    return `${took} ms`;
  });

  await check('the cut raises an alarm, and the head counts it', async () => {
    const card = page.locator('.alarms .card', { hasText: MAIN });
    await card.waitFor();
    const words = await card.innerText();
    assert(words.includes('未确认') || words.includes('断开'), `the card says: ${words}`);
    await until('the head is not 正常', async () => !(await page.locator('.head .state').innerText()).includes('正常'));
    assert((await page.locator('.head .counter.any').count()) > 0, 'no counter tells of it');
  });

  await check('the carrier is back: the tile and the traffic return', async () => {
    await world.order('main accept');
    await until('the tile is well again', async () => (await healthOf(page, MAIN)) === 'ok', 30_000);
    await until('it sends again', async () => (await rateOf(page, MAIN)) >= PER_SECOND / 2, 20_000);
  });

  traffic.stop();
  await check('all messages were accepted meanwhile', async () => {
    assertEqual(traffic.failures.map(String), [], 'failures');
    page.assertQuiet();
  });

  await check('a killed server: banner, countdown, everything stale, nothing green', async () => {
    await world.killServer();
    await page.locator('.banner').waitFor();
    const banner = await page.locator('.banner').innerText();
    assert(banner.includes('连接已断开') && banner.includes('画面停在'), `the banner says: ${banner}`);
    const seconds = new Set();
    await until('it counts down', async () => {
      seconds.add(/(\d+) 秒后/.exec(await page.locator('.banner').innerText())?.[1]);
      return seconds.size >= 3;
    }, 20_000);
    assertEqual(await freshPanels(page), [], 'panels that are not stale');
    assertEqual(await greenThings(page), [], 'things that are green');
    const words = await page.locator('main').innerText();
    assert(!/正常|实时/.test(words), 'something is said to be well');
  });

  await check('the server is back, and the wall by itself', async () => {
    await world.startServer();
    await page.locator('.banner').waitFor({ state: 'detached', timeout: 30_000 });
    await until('it is live', async () => (await page.locator('.link').innerText()).includes('实时'));
    await until('the tiles are well', async () => (await healthOf(page, MAIN)) === 'ok', 20_000);
    assertEqual(await page.locator('.panel.stale:not(.never)').count(), 0, 'stale panels');
    page.assertQuiet(GONE);
  });

  await check('a removed link goes dark and says why', async () => {
    await world.removeWallLink(link.id);
    await page.locator('.gate').waitFor();
    const words = await page.locator('.gate').innerText();
    assert(words.includes('需要大屏链接'), `the page says: ${words}`);
    assertEqual(await page.locator('.panel').count(), 0, 'panels that are still there');
    page.assertQuiet(REFUSED);
  });

  await check('a removed or guessed link opens nothing', async () => {
    for (const url of [link.url, `${world.url}/wall/#token=${'A'.repeat(43)}`]) {
      const other = await open(browser, checks);
      await other.goto(url);
      await other.locator('.gate').waitFor();
      const words = await other.locator('.gate').innerText();
      assert(words.includes('无效、已过期或已被收回'), `the page says: ${words}`);
      assertEqual(new URL(other.url()).hash, '', 'what is left of the address');
      assertEqual(await other.context().cookies(), [], 'cookies');
      other.assertQuiet(REFUSED);
      await other.context().close();
    }
  });

  await page?.context().close();
}

const bound = (checks) => ({ check: checks.check.bind(checks) });

const tile = (page, name) => page.locator('.tile').filter({ has: page.locator('.tile-head b', { hasText: new RegExp(`^${name}$`) }) });

async function healthOf(page, name) {
  const classes = await tile(page, name).getAttribute('class');
  return ['ok', 'degraded', 'failed', 'none', 'off'].find((one) => classes.split(/\s+/).includes(one));
}

async function rateOf(page, name) {
  return Number((await tile(page, name).locator('.rate-line .figure b').innerText()).replaceAll(',', '')) || 0;
}

/** When the label of something becomes `label`; told by the page itself, so that asking costs no time. */
function whenChanged(page, selector, label) {
  return page.evaluate(([selector, label]) => new Promise((resolve) => {
    const look = () => document.querySelector(selector)?.getAttribute('aria-label').replaceAll(',', '') === label;
    const observer = new MutationObserver(() => look() && (observer.disconnect(), resolve(Date.now())));
    observer.observe(document.body, { subtree: true, attributes: true, attributeFilter: ['aria-label'] });
  }), [selector, label]);
}

/** When the tile of a connection gets a class. */
function whenClass(page, name, wanted) {
  return page.evaluate(([name, wanted]) => new Promise((resolve) => {
    const look = () => [...document.querySelectorAll('.tile')].some((tile) => (
      tile.querySelector('.tile-head b').textContent === name && tile.classList.contains(wanted)
    ));
    const observer = new MutationObserver(() => look() && (observer.disconnect(), resolve(Date.now())));
    observer.observe(document.body, { subtree: true, attributes: true, attributeFilter: ['class'] });
  }), [name, wanted]);
}

/** Classes of panels with data that are not marked as stale. The strip's cells stand for their state by its shape. */
function freshPanels(page) {
  return page.evaluate(() => [...document.querySelectorAll('.panel:not(.cell)')]
    .filter((panel) => !panel.classList.contains('stale'))
    .map((panel) => panel.className));
}

/** Whatever is painted in the colour of "well". */
function greenThings(page) {
  return page.evaluate(() => {
    const probe = document.createElement('i');
    probe.style.color = 'var(--ok)';
    document.body.append(probe);
    const green = getComputedStyle(probe).color;
    probe.remove();
    const paints = (element) => {
      const style = getComputedStyle(element);
      const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
      return (hasText && style.color === green) || style.backgroundColor === green
        || (element instanceof SVGGeometryElement && element.getAttribute('d') && [style.fill, style.stroke].includes(green));
    };
    return [...document.querySelectorAll('main *')].filter(paints).map((element) => element.outerHTML.slice(0, 120));
  });
}
