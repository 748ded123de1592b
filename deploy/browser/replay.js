// Eight hours of updates, as fast as a browser takes them: memory stays flat, and no update keeps the page from painting.
import { setImmediate as breathe } from 'node:timers/promises';
import { assert, assertEqual, machineIsIdle, pause, until } from './check.js';
import { FULL_HD, open } from './browser.js';
import { Feed } from './feed.js';
import * as scenes from './scenes.js';

const HOUR_S = 3_600;
const HOURS = 8;
/** Updates until the page is asked whether it keeps up. */
const BURST = 40;
const LONG_TASK_MS = 50;
const DRIFT = 0.1;

export async function replay(browser, checks, pages) {
  const feed = await Feed.start(pages);
  const page = await open(browser, checks, FULL_HD, { reducedMotion: 'no-preference' });
  const begin = Date.now();
  const told = scenes.changes(begin);
  let second = 0;
  let wasIdle = false;
  // Idle before and after: then nothing but the page itself can have kept it.
  const assertNoneByClock = async (long) => {
    if (wasIdle && (await machineIsIdle())) assertEqual(long, [], 'tasks that are long by the clock, in ms');
    else if (long.length > 0) console.log(`        the machine has other work; long by the clock, in ms: ${long.join(' ')}`);
  };
  const tell = async (seconds) => {
    for (const end = second + seconds; second < end; second += BURST) {
      for (let index = 0; index < BURST; index += 1) {
        feed.tell(told.next().value);
        // One message a task, as on a real link.
        await breathe();
      }
      await until('the page keeps up', () => shows(page, begin + (second + BURST) * 1_000), 60_000);
    }
  };

  await checks.check('half an hour of updates: no task takes long', async () => {
    feed.show(scenes.normal(begin), { at: begin });
    await page.goto(feed.url);
    await page.locator('.tile').first().waitFor();
    wasIdle = await machineIsIdle();
    await browser.startTracing(page, { categories: ['toplevel', '-*'] });
    await tell(HOUR_S / 2);
    const tasks = tasksOfPage(JSON.parse(await browser.stopTracing()).traceEvents);
    assert(tasks.length > HOUR_S / 2, `only ${tasks.length} tasks were traced`);
    // By the processor's time always: what else runs on this machine is not the page's. By the clock where nothing else runs.
    const [cpu, clock] = ['tdur', 'dur'].map((kind) => tasks.map((task) => task[kind] / 1_000).sort((one, other) => other - one));
    const long = (times) => times.filter((ms) => ms > LONG_TASK_MS);
    assertEqual(long(cpu), [], 'tasks that are long by the processor, in ms');
    await assertNoneByClock(long(clock));
    page.assertQuiet();
    const words = `the longest ${cpu[0].toFixed(1)} ms by the processor, ${clock[0].toFixed(1)} ms by the clock`;
    return `${tasks.length} tasks, ${words}`;
  });

  await checks.check('eight hours of updates: the heap stays flat, no task takes long', async () => {
    const devtools = await page.context().newCDPSession(page);
    const heaps = [];
    const long = [];
    wasIdle = await machineIsIdle();
    await watchForLongTasks(page);
    // The points of half an hour have to be there before memory can be flat.
    await tell(HOUR_S / 2);
    for (let hour = 1; hour <= HOURS; hour += 1) {
      long.push(...(await longTasks(page)));
      heaps.push(await heapOf(devtools));
      // To collect everything at once takes long, but only tests ask for it.
      await longTasks(page);
      if (hour < HOURS) await tell(HOUR_S);
    }
    await assertNoneByClock(long);
    const text = heaps.map((heap) => `${mebibytes(heap.script)}+${mebibytes(heap.wasm)}`).join(' ');
    for (const kind of ['all', 'nodes']) {
      const [first, worst] = [heaps[0][kind], Math.max(...heaps.map((heap) => heap[kind]))];
      assert(worst <= first * (1 + DRIFT), `${kind} grew from ${first} to ${worst}; MiB by the hour: ${text}`);
    }
    page.assertQuiet();
    return `${second} updates, MiB of script and WebAssembly by the hour: ${text}`;
  });
  await page.context().close();
  feed.stop();
}

/** What the page's own thread did, task by task. */
function tasksOfPage(events) {
  const names = events.filter((event) => event.name === 'thread_name' && event.args.name === 'CrRendererMain');
  const own = new Set(names.map((event) => `${event.pid} ${event.tid}`));
  return events.filter((event) => (
    event.name.endsWith('::RunTask') && event.tdur !== undefined && own.has(`${event.pid} ${event.tid}`)
  ));
}

function watchForLongTasks(page) {
  return page.evaluate(() => {
    globalThis.long = [];
    new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' });
  });
}

/** Tasks that were long by the clock since the last call, in ms. */
async function longTasks(page) {
  // They are told a moment later.
  await pause(500);
  return page.evaluate(() => long.splice(0));
}

/** Whether the clock of the wall shows that moment. */
function shows(page, at) {
  return page.evaluate((at) => {
    const DAY = 86_400;
    const [hours, minutes, seconds] = document.querySelector('.clock .time').textContent.split(':').map(Number);
    const beijing = new Date(at + 8 * 3_600_000);
    const wanted = beijing.getUTCHours() * 3_600 + beijing.getUTCMinutes() * 60 + beijing.getUTCSeconds();
    const lag = (wanted - (hours * 3_600 + minutes * 60 + seconds) + DAY) % DAY;
    return lag <= 1 || lag >= DAY - 2;
  }, at);
}

/** After a collection: bytes of JavaScript and of WebAssembly's memories, and nodes of the page. */
async function heapOf(devtools) {
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  const { nodes } = await devtools.send('Memory.getDOMCounters');
  const { result } = await devtools.send('Runtime.evaluate', { expression: 'WebAssembly.Memory.prototype' });
  const { objects } = await devtools.send('Runtime.queryObjects', { prototypeObjectId: result.objectId });
  const sizes = await devtools.send('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    returnByValue: true,
    functionDeclaration: 'function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }',
  });
  await devtools.send('Runtime.releaseObject', { objectId: objects.objectId });
  const wasm = sizes.result.value;
  return { script: usedSize, wasm, all: usedSize + wasm, nodes };
}

const mebibytes = (bytes) => (bytes / 1_048_576).toFixed(1);
