// Made-up states of the live feed: what a wall of a large hospital group shows, at its best and at its worst.
import { SCRIPT } from './world.js';

/** 24 November 2026, 10:24:36 in Beijing. */
export const AT_MS = 1_795_487_076_000;
const POINTS = 120;
const POINT_MS = 15_000;
const PROVINCES = [
  '北京', '天津', '河北', '山西', '内蒙古', '辽宁', '吉林', '黑龙江', '上海', '江苏', '浙江', '安徽', '福建', '江西', '山东',
  '河南', '湖北', '湖南', '广东', '广西', '海南', '重庆', '四川', '贵州', '云南', '西藏', '陕西', '甘肃', '青海', '宁夏', '新疆',
];

/** A snapshot of the panels at a moment. */
export function snapshot(panels, { seq = 0, at = AT_MS, build = 'made-up', scope = '南粤医疗联合体' } = {}) {
  return {
    type: 'snapshot', place: { epoch: 1, seq }, at_ms: at, build, scope, scopes: ['南粤医疗联合体', '城东医院', SCRIPT], panels,
  };
}

/** A good morning on twelve connections. */
export function normal(at = AT_MS) {
  const kinds = [
    ['sms', 1_402_318, 98.9], ['wechat', 438_206, 99.4], ['rcs', 187_645, 96.2], ['smart_sms', 142_870, 98.7],
    ['push', 118_432, 94.8], ['rich_sms', 61_294, 97.5], ['mail', 35_385, 98.8],
  ].map(([kind, accepted, rate]) => ({ kind, accepted, ...outcome(accepted, rate) }));
  const accepted = kinds.reduce((sum, kind) => sum + kind.accepted, 0);
  const connections = [
    ['5G 消息', 'rcs', 27, 80], ['App 推送', 'push', 17, 100], ['富信', 'rich_sms', 9, 40], ['微信', 'wechat', 58, 150],
    ['支付宝', 'alipay', 0, 50], ['智能短信', 'smart_sms', 21, 60], ['电信', 'sms', 38, 100], ['移动主', 'sms', 96, 200],
    ['移动备', 'sms', 24, 100], ['联通', 'sms', 41, 100], ['聚合备', 'sms', 0, 80], ['邮件', 'mail', 7, 50],
  ].map(([name, kind, rate, limit]) => connection(at, name, kind, rate, limit));
  Object.assign(connections[4], { health: 'off', state: 'off', delivery_rate: null, p99_ms: null, sessions_bound: 0, sessions_wanted: 0 });
  return panels(at, {
    overview: { health: 'ok', since_ms: at - 5_460_000, critical: 0, warning: 0 },
    rates: { now: rates(0), yesterday: rates(7), points: points(at, (step) => ({ now: rates(step), yesterday: rates(step + 40) })) },
    backlog: { waiting: 1_260, open: 21_400, drain_s: 4, uncertain: 0 },
    totals: {
      accepted, delivered: accepted - 21_000, failed: 12_000, segments_submitted: accepted, segments_delivered: accepted - 21_000,
      segments_failed: 12_000, delivery_rate: 98.5, kinds,
    },
    provinces: { provinces: provinces(accepted) },
    connections: { connections },
    latency: { now: latency(at, 0), points: points(at, (step, at) => latency(at, step)) },
    campaigns: { campaigns: [] },
    alarms: { alarms: [], last: alarm(at - 5_820_000, 'latency', '富信', 'cleared', { returned_ms: at - 5_000_000 }) },
    hosts: {
      hosts: ['node-1', 'node-2', 'node-3'].map((name, index) => ({
        name, health: 'ok', cpu: 0.38 + index / 50, memory: 0.55, disk: 0.46, network: 0.22, received_bytes_per_s: 9_000_000,
        sent_bytes_per_s: 8_000_000, process_cpu: 0.4, process_memory_bytes: 900_000_000,
      })),
      stores: [['journal', 12_400_000_000, 4.1], ['history', 38_200_000_000, null], ['catalog', 24_000_000, null]].map(
        ([store, bytes, sync]) => ({ store, health: 'ok', bytes, free_bytes: bytes * 9, behind: 214, sync_ms: sync, days_left: 142 }),
      ),
    },
    accounts: { enabled: 57, active: 54, protocols: [['rest', 54]], operators: 3, walls: 2 },
  });
}

/** The main connection is cut, its backup at its limit, campaigns run, and the map's source is silent. */
export function degraded(at = AT_MS) {
  const scene = normal(at);
  scene.overview.data = { health: 'degraded', since_ms: at - 164_000, critical: 1, warning: 2 };
  scene.backlog.data = { waiting: 6_120, open: 31_000, drain_s: 180, uncertain: 64 };
  scene.provinces.at_ms = at - 115_000;
  const rows = scene.connections.data.connections;
  Object.assign(rows[7], { health: 'failed', rate: 0, sessions_bound: 0, since_ms: at - 164_000, last_error: 'connection refused' });
  Object.assign(rows[8], { health: 'degraded', rate: 100, p99_ms: 6_800 });
  scene.alarms.data = {
    alarms: [
      alarm(at - 164_000, 'connection_down', '移动主', 'unacknowledged', { severity: 'critical', taken_over_by: ['移动备', '聚合备'] }),
      alarm(at - 151_000, 'backlog', '', 'unacknowledged', { figure: 180, limit: 120 }),
      alarm(at - 115_000, 'history_behind', 'node-3', 'acknowledged', {}),
    ],
    last: null,
  };
  scene.campaigns.data.campaigns = campaigns(at);
  Object.assign(scene.hosts.data.hosts[2], {
    health: 'none', cpu: null, memory: null, disk: null, network: null, received_bytes_per_s: null, sent_bytes_per_s: null,
    process_cpu: null, process_memory_bytes: null,
  });
  return scene;
}

/** Everything fails at once, and every figure is as long as it can become. */
export function storm(at = AT_MS) {
  const scene = normal(at);
  scene.overview.data = { health: 'failed', since_ms: at - 20_000, critical: 12, warning: 0 };
  const rows = scene.connections.data.connections;
  rows.forEach((row) => Object.assign(row, { health: 'failed', rate: 0, sessions_bound: 0, since_ms: at - 90_000_000 }));
  scene.alarms.data.alarms = rows.map((row) => (
    alarm(at - 8_000, 'connection_down', row.name, 'unacknowledged', { severity: 'critical' })
  ));
  scene.backlog.data = { waiting: 1_260_417, open: 1_300_000, drain_s: null, uncertain: 4_318 };
  const now = { accepted: 123_456, submitted: 120_000, receipts: 99_999 };
  scene.rates.data.now = now;
  scene.rates.data.yesterday = now;
  scene.totals.data.accepted = 1_234_567_890;
  scene.provinces.data.provinces = provinces(1_234_567_890);
  scene.campaigns.data.campaigns = campaigns(at);
  return scene;
}

/** Names that are no names. */
export function hostile(at = AT_MS) {
  const scene = degraded(at);
  const rows = scene.connections.data.connections;
  Object.assign(rows[0], { name: SCRIPT, last_error: SCRIPT, health: 'failed' });
  rows[1].name = '中国某某通信集团某某有限公司某某分公司短信网关一号主用'.repeat(2);
  rows.sort((one, other) => (one.name < other.name ? -1 : 1));
  scene.alarms.data.alarms.forEach((one) => Object.assign(one, {
    object: SCRIPT, taken_over_by: [SCRIPT], shelve_reason: SCRIPT, detail: SCRIPT,
  }));
  scene.campaigns.data.campaigns.forEach((one) => Object.assign(one, { name: SCRIPT, organisation: SCRIPT }));
  scene.totals.data.kinds[0].kind = SCRIPT;
  scene.hosts.data.hosts[0].name = SCRIPT;
  scene.provinces.data.provinces[0].province = SCRIPT;
  return scene;
}

/** What changes from one second to the next, for as long as it is asked: figures, points, states, alarms, campaigns. */
export function* changes(at) {
  const scene = normal(at);
  for (let second = 1; ; second += 1) {
    const now = at + second * 1_000;
    const is = (every) => second % every === 0;
    const panels = { overview: { at_ms: now } };
    const set = (name, data) => Object.assign(panels, { [name]: { at_ms: now, data } });
    const step = Math.floor(second / 15);
    set('rates', {
      now: rates(second), yesterday: rates(second + 40),
      points: is(15) ? [{ at_ms: now, now: second % 3_600 < 120 ? null : rates(step), yesterday: rates(step + 40) }] : [],
    });
    set('latency', { now: latency(now, second), points: is(15) ? [latency(now, step)] : [] });
    set('backlog', { waiting: 900 + wave(second, 800), open: 20_000 + wave(second, 9_000), drain_s: wave(second, 90), uncertain: Math.floor(second / 1_200) % 2 === 0 ? 0 : wave(second, 40) });
    const totals = scene.totals.data;
    totals.accepted += 300;
    totals.kinds[0].accepted += 300;
    set('totals', totals);
    const rows = scene.connections.data.connections.filter((_, index) => (second + index) % 3 === 0);
    for (const row of rows) {
      Object.assign(row, { rate: wave(second + row.rate_limit, row.rate_limit), in_flight: wave(second, 60) });
      row.segments_submitted += row.rate;
    }
    const cut = scene.connections.data.connections[7];
    if (is(900)) {
      const down = second % 1_800 === 900;
      Object.assign(cut, { health: down ? 'failed' : 'ok', sessions_bound: down ? 0 : 4, since_ms: now });
      set('overview', { health: down ? 'failed' : 'ok', since_ms: now, critical: down ? 1 : 0, warning: 0 });
      const alarms = down ? [alarm(now, 'connection_down', cut.name, 'unacknowledged', { severity: 'critical', id: second })] : [];
      set('alarms', { alarms, last: null });
      set('campaigns', { campaigns: down ? campaigns(now) : [] });
      if (!rows.includes(cut)) rows.push(cut);
    }
    set('connections', { connections: rows });
    if (is(5)) set('provinces', { provinces: provinces(totals.accepted) });
    if (is(2)) {
      scene.hosts.data.hosts.forEach((host, index) => Object.assign(host, { cpu: wave(second + index, 90) / 100 }));
      set('hosts', scene.hosts.data);
    }
    yield { type: 'change', place: { epoch: 1, seq: second }, at_ms: now, panels };
  }
}

/** The same restless whole number for the same step, below `top`. */
function wave(step, top) {
  return Math.round(top * (0.5 + 0.24 * Math.sin(step / 9) + 0.16 * Math.sin(step / 2.3) + 0.09 * Math.sin(step)));
}

const rates = (step) => ({ accepted: 260 + wave(step, 160), submitted: 255 + wave(step + 1, 160), receipts: 250 + wave(step + 2, 160) });

const latency = (at, step) => ({ at_ms: at, p50_ms: 700 + wave(step, 900), p95_ms: 1_900 + wave(step, 1_200), p99_ms: 3_600 + wave(step, 2_000) });

const points = (at, of) => Array.from({ length: POINTS }, (_, index) => {
  const moment = at - (POINTS - 1 - index) * POINT_MS;
  return { at_ms: moment, ...of(index, moment) };
});

function outcome(accepted, rate) {
  const decided = Math.floor(accepted * 0.98);
  const delivered = Math.floor((decided * rate) / 100);
  return { segments_submitted: accepted, segments_delivered: delivered, segments_failed: decided - delivered, delivery_rate: rate };
}

/** Most of it in 广东, less and less elsewhere; together exactly `all`. */
function provinces(all) {
  const shares = { 广东: 0.7, 湖南: 0.06, 江西: 0.045, 广西: 0.04, 福建: 0.028, 湖北: 0.02 };
  const rows = PROVINCES.map((province, index) => {
    const accepted = Math.floor(all * (shares[province] ?? 0.06 / (index + 20)));
    const failed = Math.floor(accepted * (0.01 + (index % 7) / 1_000));
    return {
      province, accepted, segments_delivered: accepted - failed, segments_failed: failed, delivery_rate: 100 - 1 - (index % 7) / 10,
    };
  });
  const named = rows.reduce((sum, row) => sum + row.accepted, 0);
  rows.push({ province: '', accepted: all - named, segments_delivered: 937, segments_failed: 63, delivery_rate: 93.7 });
  return rows.sort((one, other) => other.accepted - one.accepted);
}

function connection(at, name, kind, rate, limit) {
  return {
    name, kind, protocol: kind === 'mail' ? 'smtp' : 'cmpp2.0', health: 'ok', state: 'up', since_ms: at - 5_000_000, rate,
    rate_limit: limit, delivery_rate: 98.7, p99_ms: 3_100, sessions_bound: 4, sessions_wanted: 4, in_flight: 12,
    segments_submitted: rate * 7_301,
  };
}

function alarm(since, rule, object, state, more) {
  return { id: Math.floor(since / 1_000) % 1_000_000, rule, severity: 'warning', object, organisation: '', state, since_ms: since, ...more };
}

const campaigns = (at) => [
  ['1', '十一月复诊提醒', 'running', 120_000, 84_000, 79_000, 1_200],
  ['2', '流感疫苗接种通知（第二批）', 'paused', 30_000, 9_000, 8_000, 300],
  ['3', '家长会', 'running', 1_200, 300, 12, 0],
].map(([id, name, state, total, written, delivered, failed]) => (
  { id, name, organisation: '城东医院', state, total, written, delivered, failed, rate: 118, ends_at_ms: at + 3_600_000 }
));

function panels(at, data) {
  return Object.fromEntries(Object.entries(data).map(([name, data]) => [name, { at_ms: at, data }]));
}
