// The console on a real server: the login, each page with its main action, and the keyboard.
import { assert, assertEqual, until } from './check.js';
import { LAPTOP, REFUSED, open } from './browser.js';
import { BACKUP, MAIN } from './world.js';

const PAGES = [
  ['h', 'page.home'], ['t', 'page.campaigns'], ['m', 'page.records'], ['c', 'page.connections'], ['a', 'page.alarms'],
  ['w', 'page.walls'],
];

export async function login(browser, checks, world) {
  const check = checks.check.bind(checks);
  const page = await open(browser, checks, LAPTOP);

  await check('login: whoever is not logged in comes to the login page', async () => {
    await page.goto(`${world.url}/console/campaigns?tab=running`);
    await page.at('login-name').waitFor();
    assert(page.url().includes('/console/login#back='), page.url());
    assertEqual(await page.at('campaigns').count(), 0, 'lists that are shown');
  });

  await check('login: a wrong password is told, a right one leads back', async () => {
    await enter(page, 'admin', 'wrong');
    assert((await page.at('login-notice').innerText()).includes('账号或密码不对'), 'the notice');
    assertEqual(await page.at('login-password').inputValue(), '', 'what is left in the field');
    await enter(page, 'admin', world.password);
    await page.at('campaigns').waitFor();
    assert(page.url().endsWith('/console/campaigns?tab=running'), page.url());
    const cookies = await page.context().cookies();
    assertEqual(cookies.map((one) => [one.name, one.httpOnly, one.sameSite]), [['carillon_session', true, 'Strict']], 'cookies');
    page.assertQuiet(REFUSED);
  });

  await check('login: a session that ended leads to the login and back', async () => {
    const [{ name, value }] = await page.context().cookies();
    const session = await page.evaluate(async () => (await fetch('/v1/session')).json());
    const headers = { cookie: `${name}=${value}`, 'x-csrf-token': session.csrf };
    const ended = await fetch(`${world.url}/v1/logout`, { method: 'POST', headers });
    assertEqual(ended.status, 204, 'the logout elsewhere');
    await page.at('login-notice').waitFor();
    assert((await page.at('login-notice').innerText()).includes('登录已过期'), 'the notice');
    await enter(page, 'admin', world.password);
    await page.at('campaigns').waitFor();
    page.assertQuiet(REFUSED);
  });

  await check('login: logging out ends the session', async () => {
    await page.at('leave').click();
    await page.at('login-name').waitFor();
    const status = await page.evaluate(async () => (await fetch('/v1/session')).status);
    assertEqual(status, 401, 'the session');
    await page.goBack();
    await page.at('login-name').waitFor();
    assertEqual(await page.at('campaigns').count(), 0, 'lists that are shown');
    page.assertQuiet(REFUSED);
  });

  await check('login: whoever guesses has to wait, with a countdown', async () => {
    const submit = page.at('login-submit');
    await until('the door is shut', async () => {
      if (await submit.isEnabled()) await enter(page, 'nobody', 'guess');
      return (await submit.innerText()).includes('请等');
    }, 30_000);
    assert(await submit.isDisabled(), 'the button');
    assert((await page.at('login-notice').innerText()).includes('密码错误次数过多'), 'the notice');
    await until('the wait is over', () => submit.isEnabled());
    page.assertQuiet(REFUSED);
  });
  await page.context().close();
}

export async function pages(browser, checks, world) {
  const check = checks.check.bind(checks);
  let page;
  await check('console: an operator logs in', async () => {
    page = await loggedIn(browser, checks, world);
  });
  if (!page) return;

  await check('console: every page opens by its keys, and the way back leads back', async () => {
    for (const [key, name] of PAGES) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await page.locator(`main[data-test="${name}"]`).waitFor();
    }
    await page.goBack();
    await page.locator('main[data-test="page.alarms"]').waitFor();
    await page.goto(`${world.url}/console/nowhere`);
    await page.locator('main[data-test="page.nowhere"]').waitFor();
    page.assertQuiet();
  });

  await check('console: keys are listed, the jump box finds a page', async () => {
    await page.keyboard.press('?');
    await page.at('keys').waitFor();
    await page.keyboard.press('Escape');
    await page.at('keys').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.at('jump-field').fill('连接');
    await page.keyboard.press('Enter');
    await page.at('connections').waitFor();
    page.assertQuiet();
  });

  await check('console: a connection is tested, drained and resumed', async () => {
    await go(page, world, 'connections');
    const row = page.locator(`[data-test="connection-row"][data-name="${BACKUP}"]`);
    await row.click();
    await page.at('connection-test-now').click();
    await page.at('test-verdict').waitFor({ timeout: 20_000 });
    assert((await page.at('test-verdict').innerText()).includes('全部通过'), 'the verdict');
    await page.keyboard.press('Escape');
    await page.at('drawer').waitFor({ state: 'detached' });
    await row.locator('[data-test="connection-drain"]').click();
    await page.at('question-yes').click();
    await page.at('undo').waitFor();
    await until('it is off', async () => (await row.innerText()).includes('停用'));
    const answer = await world.asOperator('GET', '/v1/admin/connections');
    assertEqual(answer.connections.find((one) => one.name === BACKUP).state, 'draining', 'its state');
    await row.locator('[data-test="connection-resume"]').click();
    await until('it is well', async () => (await row.innerText()).includes('正常'));
    page.assertQuiet();
  });

  await check('console: a campaign is started, paused, slowed, resumed and stopped', async () => {
    const id = await world.campaign('复诊提醒', 2_000, 20);
    await go(page, world, 'campaigns');
    const row = page.locator(`[data-test="campaign-row"][data-id="${id}"]`);
    const state = async () => (await world.asAccount('GET', `/v1/campaigns/${id}`)).state;
    await row.locator('[data-test="campaign-start"]').click();
    await page.at('question-yes').click();
    await row.locator('[data-test="campaign-pause"]:enabled').click();
    await until('it is paused', async () => (await state()) === 'paused');
    await row.locator('[data-test="campaign-resume"]').waitFor();
    await row.locator('[data-test="campaign-rate"]').click();
    await page.at('question-field').fill('0');
    assert(await page.at('question-yes').isDisabled(), 'a rate of 0 is taken');
    await page.at('question-field').fill('30');
    await page.at('question-yes').click();
    await until('its rate is another', async () => (await world.asAccount('GET', `/v1/campaigns/${id}`)).rate_per_second === 30);
    await row.locator('[data-test="campaign-resume"]').click();
    await until('it runs', async () => (await state()) === 'running');
    await row.locator('[data-test="campaign-stop"]:enabled').click();
    await page.at('question-yes').click();
    await until('it is stopped', async () => (await state()) === 'stopped');
    page.assertQuiet();
  });

  await check('console: a message is found by its number, and its journey told', async () => {
    const { id } = await world.send('13800000007');
    await until('it is delivered', async () => (await world.asAccount('GET', `/v1/messages/${id}`)).status === 'delivered');
    await page.keyboard.press('Control+k');
    await page.at('jump-field').fill('13800000007');
    await page.keyboard.press('Enter');
    const row = page.locator(`[data-test="record-row"][data-id="${id}"]`);
    await row.waitFor();
    assert(!(await row.innerText()).includes('13800000007'), 'the number is not masked');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.at('journey').waitFor();
    // The keys go on in the drawer.
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => document.activeElement.dataset.test);
    assertEqual(focused, 'drawer-close', 'what the next key presses');
    const words = await page.at('journey').innerText();
    for (const step of ['受理', MAIN, '运营商收下', '回执：送达']) {
      assert(words.includes(step), `the journey lacks ${step}: ${words}`);
    }
    assert(page.url().includes(`open=${id}`), page.url());
    page.assertQuiet();
  });

  await check('console: an alarm is acknowledged, shelved with a reason, and returns', async () => {
    // Earlier ones would stand in the same list.
    const { alarms } = await world.asOperator('GET', '/v1/admin/alarms?state=open');
    for (const { id } of alarms) await world.asOperator('POST', `/v1/admin/alarms/${id}/acknowledge`);
    await world.order('main down');
    await go(page, world, 'alarms');
    const row = page.at('alarm-row').filter({ hasText: MAIN });
    await row.locator('[data-test="alarm-acknowledge"]:enabled').click();
    await until('it is acknowledged', async () => (await row.innerText()).includes('已确认'));
    await row.locator('[data-test="alarm-shelve"]').click();
    await page.at('shelve-until').waitFor();
    assert(await page.at('shelve-yes').isDisabled(), 'no reason is needed');
    await page.at('shelve-reason').fill('运营商割接');
    await page.at('shelve-yes').click();
    await row.waitFor({ state: 'detached' });
    await page.at('alarms.shelved').click();
    await row.locator('[data-test="alarm-unshelve"]').click();
    await row.waitFor({ state: 'detached' });
    // Whoever shelves an alarm takes it on again afterwards.
    await world.order('main accept');
    await page.at('alarms.standing').click();
    await until('the cause is gone', async () => (await row.innerText()).includes('已恢复，未确认'), 30_000);
    await row.locator('[data-test="alarm-acknowledge"]').click();
    await row.waitFor({ state: 'detached' });
    await page.at('alarms.history').click();
    await row.first().waitFor();
    page.assertQuiet();
  });

  await check('console: a link for a wall is made, opens it, and is removed', async () => {
    await go(page, world, 'walls');
    await page.at('wall-make').click();
    await page.at('wall-name').fill('信息科值班室');
    await page.at('wall-make-yes').click();
    const link = (await page.at('wall-link').innerText()).trim();
    const wall = await open(browser, checks);
    await wall.goto(link);
    await wall.locator('.tile').first().waitFor();
    await page.locator('[data-test="wall-row"][data-name="信息科值班室"] [data-test="wall-remove"]').click();
    await page.at('question-yes').click();
    await wall.locator('.gate').waitFor();
    await wall.context().close();
    page.assertQuiet();
  });

  await check('console: an operator changes the password; what was typed stays when it is refused', async () => {
    const change = async (from, to) => {
      await page.at('operator').click();
      await page.at('own-current').fill(`${from}x`);
      await page.at('own-new').fill(to);
      await page.at('own-again').fill(to);
      await page.at('own-change').click();
      await page.at('sheet').locator('[data-test="failure"]').waitFor();
      assertEqual(await page.at('own-new').inputValue(), to, 'what was typed');
      await page.at('own-current').fill(from);
      await page.at('own-change').click();
      await page.at('sheet').waitFor({ state: 'detached' });
    };
    const other = 'another password of mine';
    await change(world.password, other);
    await change(other, world.password);
    // It ended the other sessions, also that of this program.
    world.session = undefined;
    page.assertQuiet(REFUSED);
  });

  await check('console: both themes, and English', async () => {
    await page.goto(`${world.url}/console/`);
    await page.at('theme').click();
    const theme = await page.locator('html').getAttribute('data-theme');
    await page.at('theme').click();
    assert((await page.locator('html').getAttribute('data-theme')) !== theme, 'the theme does not change');
    page.assertQuiet();
  });
  await page.context().close();
}

/** A page of an operator who is logged in. */
export async function loggedIn(browser, checks, world, viewport = LAPTOP) {
  const page = await open(browser, checks, viewport);
  await page.goto(`${world.url}/console/`);
  await enter(page, 'admin', world.password);
  await page.locator('main[data-test="page.home"]').waitFor();
  page.assertQuiet(REFUSED);
  return page;
}

async function enter(page, name, password) {
  await page.at('login-name').fill(name);
  await page.at('login-password').fill(password);
  const answer = page.waitForResponse((response) => response.url().endsWith('/v1/login'), { timeout: 30_000 });
  await page.at('login-submit').click();
  await answer;
  await page.waitForFunction(() => {
    const submit = document.querySelector('[data-test="login-submit"]');
    return !submit || !submit.textContent.includes('正在登录');
  });
}

async function go(page, world, name) {
  await page.goto(`${world.url}/console/${name}`);
  await page.at(name).waitFor();
}
