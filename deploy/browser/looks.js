// How pages look: sizes of letters, texts that are cut or lie over each other, and what axe finds.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { assert, assertEqual, pause, until } from './check.js';
import { FULL_HD, LAPTOP, UHD, open } from './browser.js';
import { loggedIn } from './console.js';
import { Feed } from './feed.js';
import * as scenes from './scenes.js';
import { MAIN } from './world.js';

/** Of a screen of 1080 lines, in CSS pixels. */
const FONT_MIN = 22;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function wallLooks(browser, checks, pages) {
  const feed = await Feed.start(pages);
  for (const [viewport, language] of [[FULL_HD, 'zh'], [UHD, 'zh'], [FULL_HD, 'en']]) {
    const page = await open(browser, checks, viewport);
    await page.addInitScript((language) => localStorage.setItem('carillon.language', language), language);
    const size = `${viewport.width}×${viewport.height} in ${language}`;
    for (const [name, scene] of Object.entries({ normal: scenes.normal, degraded: scenes.degraded, storm: scenes.storm, hostile: scenes.hostile })) {
      await checks.check(`wall at ${size}, ${name}: letters of 22 px at least, nothing cut, nothing over something else`, async () => {
        await show(page, feed, scene);
        const texts = await textsOf(page, 'main');
        assert(texts.length > 100, `there are only ${texts.length} texts`);
        const least = (FONT_MIN * viewport.height) / FULL_HD.height;
        assertEqual(texts.filter((text) => text.font < least - 0.1).map((text) => [text.words, text.font]), [], 'texts that are too small');
        assertEqual(texts.filter((text) => text.overflows).map((text) => text.words), [], 'texts that are cut');
        assertEqual(overlaps(texts), [], 'texts over each other');
        assertEqual(await outsiders(page), [], 'panels that overlap or leave the screen');
        assertEqual(await page.evaluate(() => [document.images.length, window.ran ?? 0]), [0, 0], 'images, and scripts that ran');
        page.assertQuiet();
        return `${texts.length} texts, the smallest ${Math.min(...texts.map((text) => text.font))} px`;
      });
    }
    await page.context().close();
  }
  await checks.check('wall: what was stale for a while looks afterwards as it did before', async () => {
    const page = await open(browser, checks);
    await show(page, feed, scenes.degraded);
    const before = await classesOf(page);
    const now = Date.now();
    feed.show(scenes.degraded(now - 60_000), { at: now, seq: 1 });
    await page.locator('.panel.backlog.stale').waitFor();
    feed.show(scenes.degraded(now), { at: now, seq: 2 });
    await page.locator('.panel.backlog:not(.stale)').waitFor();
    assertEqual(await classesOf(page), before, 'classes of panels, tiles and cards');
    await page.context().close();
  });
  feed.stop();
}

const classesOf = (page) => page.evaluate(() => (
  [...document.querySelectorAll('.panel, .tile, .card')].map((element) => [...element.classList].sort().join(' '))
));

export async function consoleLooks(browser, checks, world) {
  for (const viewport of [LAPTOP, FULL_HD]) {
    const page = await loggedIn(browser, checks, world, viewport);
    for (const theme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: theme });
      const opened = `connections?open=${encodeURIComponent(MAIN)}`;
      for (const path of ['', 'campaigns', 'records?account=his', 'connections', opened, 'alarms', 'walls']) {
        await checks.check(`console at ${viewport.width}×${viewport.height}, ${theme}, /${decodeURI(path)}: nothing serious for axe, nothing cut`, async () => {
          await page.goto(`${world.url}/console/${path}`);
          await page.locator('main').waitFor();
          await page.waitForLoadState('networkidle');
          await page.evaluate(AXE);
          const { passes, violations } = await page.evaluate(() => globalThis.axe.run());
          assert(passes.length > 10, `axe found only ${passes.length} rules that apply`);
          const serious = violations.filter((one) => ['serious', 'critical'].includes(one.impact));
          assertEqual(serious.map((one) => [one.id, one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]), [], 'violations');
          const texts = await textsOf(page, 'main');
          assertEqual(texts.filter((text) => text.overflows).map((text) => text.words), [], 'texts that are cut');
          const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert(wider <= 0, `the page is ${wider} px wider than its window`);
          page.assertQuiet();
        });
      }
    }
    await page.context().close();
  }
}

/** Shows a scene of that moment, which for the page is now. */
export async function show(page, feed, scene, at = Date.now()) {
  feed.show(scene(at), { at });
  await page.goto(feed.url);
  await page.locator('.tile').first().waitFor();
  await page.evaluate(() => document.fonts.ready);
  await until('it is live', async () => /实时|Live/.test(await page.locator('.link').innerText()));
  await pause(300);
}

/** Every text that is seen: its words, size, place, and whether it is cut without being marked as what may be shortened. */
function textsOf(page, root) {
  return page.evaluate((root) => {
    const texts = [];
    const walker = document.createTreeWalker(document.querySelector(root), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      const range = document.createRange();
      range.selectNodeContents(node);
      const { left, top, right, bottom } = range.getBoundingClientRect();
      if (!node.data.trim() || right - left < 1 || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      const style = getComputedStyle(element);
      // Who shortens a text says so by an ellipsis.
      const shortens = element.closest('.cut') !== null;
      const overflows = !shortens && style.display !== 'inline' && element.scrollWidth > element.clientWidth + 1;
      // Letters are lower than their line; lines of small figures may touch.
      const inner = (bottom - top) * 0.18;
      const box = shortens ? element.closest('.cut').getBoundingClientRect() : { left, right };
      texts.push({
        words: node.data.trim(), font: Math.round(parseFloat(style.fontSize) * 100) / 100, overflows,
        left: Math.max(left, box.left), right: Math.min(right, box.right), top: top + inner, bottom: bottom - inner,
      });
    }
    return texts;
  }, root);
}

function overlaps(texts) {
  const over = [];
  texts.forEach((one, index) => {
    for (const other of texts.slice(index + 1)) {
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (wide > 2 && high > 2) over.push([one.words, other.words]);
    }
  });
  return over;
}

/** Panels over each other, or outside of the screen, and things that leave their panel. */
function outsiders(page) {
  return page.evaluate((lines) => {
    const found = [];
    // Less than a line of a screen of 1080 is rounding.
    const slack = (1.2 * innerHeight) / lines;
    const panels = [...document.querySelectorAll('.head, .panel')].map((panel) => [panel.className, panel.getBoundingClientRect()]);
    for (const [index, [name, box]] of panels.entries()) {
      if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight) found.push(`${name} leaves the screen`);
      for (const [other, at] of panels.slice(index + 1)) {
        if (Math.min(box.right, at.right) - Math.max(box.left, at.left) > 1
          && Math.min(box.bottom, at.bottom) - Math.max(box.top, at.top) > 1) found.push(`${name} over ${other}`);
      }
    }
    for (const panel of document.querySelectorAll('.panel')) {
      const box = panel.getBoundingClientRect();
      for (const element of panel.querySelectorAll('*')) {
        const at = element.getBoundingClientRect();
        if (at.width > 0 && !element.closest('svg, .cut') && (at.bottom > box.bottom + slack || at.right > box.right + slack)) {
          found.push(`${element.className || element.tagName} leaves ${panel.className}`);
        }
      }
    }
    return found;
  }, FULL_HD.height);
}
