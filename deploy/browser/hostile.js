// Whatever somebody can name or write is shown as it is, and nothing of it runs.
import { assert, assertEqual, until } from './check.js';
import { REFUSED, open } from './browser.js';
import { loggedIn } from './console.js';
import { SCRIPT, catalog, freePorts } from './world.js';

export async function hostile(browser, checks, world) {
  const check = checks.check.bind(checks);

  await check('hostile texts: the server takes them as names', async () => {
    await world.stopServer();
    // Nobody listens there, so the connection is down at once.
    const [port] = await freePorts(1);
    world.apply(catalog(world, tables(port)));
    await world.startServer();
    const id = await world.campaign(SCRIPT, 500, 5);
    await world.asAccount('POST', `/v1/campaigns/${id}/start`);
    const message = await world.send('13800000009', SCRIPT);
    await until('the message has ended', async () => (await world.asAccount('GET', `/v1/messages/${message.id}`)).status === 'delivered');
  });

  await check('hostile texts: on the wall, in each of its scenes', async () => {
    const link = await world.wallLink(SCRIPT);
    const page = await open(browser, checks);
    const asked = watch(page);
    await page.goto(link.url);
    await page.locator('.tile').filter({ hasText: SCRIPT }).waitFor();
    await page.locator('.alarms .card').filter({ hasText: SCRIPT }).waitFor();
    for (const key of ['?', 'Escape', 's', '1', '2', '3', '1']) {
      await page.keyboard.press(key);
      await nothingRan(page, asked);
    }
    page.assertQuiet();
    await page.context().close();
  });

  await check('hostile texts: on every page of the console', async () => {
    const page = await loggedIn(browser, checks, world);
    const asked = watch(page);
    for (const path of ['', 'campaigns', 'records?to=13800000009', 'connections', 'walls']) {
      await page.goto(`${world.url}/console/${path}`);
      await page.locator('main').getByText(SCRIPT).filter({ visible: true }).first().waitFor();
      await nothingRan(page, asked);
      // What is open shows more of it.
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await nothingRan(page, asked);
    }
    await page.keyboard.press('Control+k');
    await page.at('jump-field').fill('<img');
    await page.at('jump').getByText(SCRIPT).first().waitFor();
    await nothingRan(page, asked);
    page.assertQuiet();
    await page.context().close();
  });

  await check('hostile texts: as the reason of a shelved alarm, and in addresses', async () => {
    const page = await loggedIn(browser, checks, world);
    const asked = watch(page);
    await page.goto(`${world.url}/console/alarms`);
    const row = page.at('alarm-row').filter({ hasText: SCRIPT });
    await row.locator('[data-test="alarm-shelve"]').click();
    await page.at('shelve-reason').fill(SCRIPT);
    await page.at('shelve-yes').click();
    await page.at('alarms.shelved').click();
    await row.click();
    await page.at('drawer').getByText(SCRIPT).first().waitFor();
    await nothingRan(page, asked);
    const code = encodeURIComponent(SCRIPT);
    for (const address of [`login?back=javascript:alert(1)`, `login?back=//elsewhere.example/`, `records?to=${code}`, `campaigns?open=${code}`, `${code}`]) {
      await page.goto(`${world.url}/console/${address}`);
      await page.locator('main').waitFor();
      assert(page.url().startsWith(`${world.url}/console/`), `it went to ${page.url()}`);
      await nothingRan(page, asked);
    }
    page.assertQuiet(REFUSED);
    await page.context().close();
  });
}

/** Requests that only a script or an image out of a text would make. */
function watch(page) {
  const asked = [];
  page.on('request', (request) => {
    const { hostname, pathname } = new URL(request.url());
    if (hostname !== '127.0.0.1' || pathname.endsWith('/x')) asked.push(request.url());
  });
  return asked;
}

async function nothingRan(page, asked) {
  const found = await page.evaluate(() => [document.querySelectorAll('img, script:not([src])').length, window.ran ?? 0]);
  assertEqual(found, [0, 0], 'elements made of texts, and scripts that ran');
  assertEqual(asked, [], 'requests that no page of ours makes');
}

const tables = (port) => {
  const name = `'${SCRIPT}'`;
  return `
[[organisation]]
name = ${name}
[[business_type]]
name = ${name}
[[connection]]
name = ${name}
protocol = "cmpp2.0"
host = "127.0.0.1"
port = ${port}
login = "900001"
password = "secret1"
source_number = "1069000001"
[[route_group]]
name = ${name}
members = [${name}]
[[account]]
name = ${name}
organisation = ${name}
business_type = ${name}
modules = { send = true }
connections = [${name}]
[[template]]
name = ${name}
organisation = "示例医院"
business_type = "通知"
text = ${name}
`;
};
