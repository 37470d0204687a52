// Numbers: how many are here, as clients are told and as an operator reads it.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {after, before, describe, test} from 'node:test';

import {app, Carillon, heard, until, withApps} from './carillon.js';

describe('the subscription count', () => {
  let server;
  before(async () => {
    server = await Carillon.start({threads: 2, config: withApps({enable_subscription_count: true})});
  });
  after(() => server.stop());

  const counts = (channel) => {
    const list = [];
    channel.bind('pusher:subscription_count', ({subscription_count}) => list.push(subscription_count));
    return list;
  };

  test('is told to everyone in the channel whenever it changes, on all lanes', async () => {
    const first = (await server.onLane(0, () => server.connected())).subscribe('news');
    const told = counts(first);
    await until(() => assert.deepEqual(told, [1]));
    const second = await server.onLane(1, () => server.connected());
    const seconds = counts(second.subscribe('news'));
    await until(() => assert.deepEqual([told, seconds], [[1, 2], [2]]));
    const third = await server.connected();
    third.subscribe('news');
    await until(() => assert.deepEqual([told, seconds], [[1, 2, 3], [2, 3]]));
    third.disconnect();
    await until(() => assert.deepEqual([told, seconds], [[1, 2, 3, 2], [2, 3, 2]]));
    second.unsubscribe('news');
    await until(() => assert.deepEqual([told, seconds], [[1, 2, 3, 2, 1], [2, 3, 2]]));
    assert.equal(first.subscriptionCount, 1);
  });

  test('of a private channel is told, of a presence channel is not', async () => {
    const client = await server.connected(server.authorizer('ann'));
    const hall = client.subscribe('presence-hall');
    const halls = counts(hall);
    await heard(hall, 'pusher:subscription_succeeded');
    const room = client.subscribe('private-room');
    const rooms = counts(room);
    await until(() => assert.deepEqual(rooms, [1]));
    const other = await server.connected(server.authorizer('bob'));
    await server.subscribed(other, 'presence-hall');
    other.subscribe('private-room');
    await until(() => assert.deepEqual(rooms, [1, 2]));
    assert.deepEqual(halls, []);
  });

  test('is not told where the app does not ask for it', async () => {
    const plain = await Carillon.start();
    try {
      const bare = await plain.bare();
      assert.equal((await bare.subscribe('news')).event, 'pusher_internal:subscription_succeeded');
      await plain.bare().then((other) => other.subscribe('news'));
      await plain.backend().trigger('news', 'last', 'x');
      assert.equal((await bare.nextEvent()).event, 'last');
    } finally {
      await plain.stop();
    }
  });
});

// What Sockudo's dashboards look for, and the labels that each sample has.
const sockudo = {
  connected: [],
  new_connections_total: [],
  new_disconnections_total: [],
  connection_errors_total: ['error_type'],
  socket_received_bytes: [],
  socket_transmitted_bytes: [],
  ws_messages_received_total: [],
  ws_messages_sent_total: [],
  http_received_bytes: [],
  http_transmitted_bytes: [],
  http_calls_received_total: [],
  rate_limit_checks_total: ['limiter_type', 'request_context'],
  rate_limit_triggered_total: ['limiter_type', 'request_context'],
  channel_subscriptions_total: ['channel_type'],
  channel_unsubscriptions_total: ['channel_type'],
  active_channels: ['channel_type'],
};

// Counters that Sockudo named without _total, which promtool has a word about. There is nothing else it may complain of.
const complaints = ['socket_received_bytes', 'socket_transmitted_bytes', 'http_received_bytes', 'http_transmitted_bytes']
  .map((name) => `sockudo_${name} counter metrics should have "_total" suffix`);

function promtool(text) {
  const {error, status, stdout, stderr} = spawnSync('promtool', ['check', 'metrics'], {input: text, encoding: 'utf8'});
  assert.equal(error, undefined, `promtool, of Debian's package prometheus, could not be asked: ${error}`);
  return {status, said: (stdout + stderr).split('\n').filter((line) => line)};
}

describe('the metrics', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2, env: {RATE_LIMITER_ENABLED: 'true'}}); });
  after(() => server.stop());

  // 'name{a="x",b="y"}' as {name, labels: {a: 'x', b: 'y'}}. No value here needs an escape.
  const parsed = (sample) => {
    const [, name, labels] = sample.match(/^([^{]+)(?:\{(.*)\})?$/);
    return {name, labels: Object.fromEntries([...(labels ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, k, v]) => [k, v]))};
  };

  // Something of everything.
  async function live() {
    const client = await server.connected(server.authorizer('ann'));
    for (const name of ['news', 'private-a', 'presence-a', 'cache-a']) await server.subscribed(client, name);
    await server.backend().trigger('news', 'said', 'x');
    await heard(server.client({}, 'no-such-key').connection, 'error');
  }

  test('are read by promtool, which complains only of names that Sockudo chose', async () => {
    for (const prepare of [() => {}, live]) {
      await prepare();
      const {status, said} = promtool(await server.metricsText());
      assert.ok([0, 3].includes(status), `promtool could not read them:\n${said.join('\n')}`);
      assert.deepEqual(said.filter((line) => !complaints.includes(line)), []);
    }
  });

  test('bear the names of Sockudo, with the app and the port on each', async () => {
    await live();
    const samples = [...(await server.metrics()).keys()].map(parsed);
    for (const [name, labels] of Object.entries(sockudo)) {
      const found = samples.filter((sample) => sample.name === `sockudo_${name}`);
      assert.notEqual(found.length, 0, `sockudo_${name} is there`);
      for (const sample of found) {
        assert.deepEqual(Object.keys(sample.labels).sort(), ['app_id', 'port', ...labels].sort(), name);
        assert.equal(sample.labels.port, String(server.port));
      }
      // Addresses belong to no app.
      const id = name.startsWith('rate_limit') ? '' : app.id;
      assert.ok(found.some((sample) => sample.labels.app_id === id), `sockudo_${name} of ${app.id}`);
    }
  });

  test('are there before the first client is', async () => {
    const fresh = await Carillon.start();
    try {
      assert.equal((await fresh.metrics()).get(`sockudo_connected{app_id="${app.id}",port="${fresh.port}"}`), 0);
    } finally {
      await fresh.stop();
    }
  });
});

// Park and Miller's: a seed replays a run.
function randomFrom(seed) {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

describe('clients that come, join, leave and go in a thousand random steps', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2}); });
  after(() => server.stop());

  const types = {
    'news': 'public', 'sport': 'public', 'private-a': 'private', 'presence-a': 'presence', 'presence-b': 'presence',
    'private-encrypted-a': 'private_encrypted', 'cache-a': 'cache',
  };
  const names = Object.keys(types);

  test('leave the numbers at exactly what is still there', async (t) => {
    const seed = Number(process.env.CARILLON_SEED ?? 1 + Math.floor(Math.random() * 2147483645));
    t.diagnostic(`CARILLON_SEED=${seed}`);
    const random = randomFrom(seed);
    const backend = server.backend({encryptionMasterKeyBase64: Buffer.alloc(32).toString('base64')});
    const alive = [];  // {bare, channels}
    let came = 0;
    let joined = 0;

    const come = async () => {
      const bare = await server.bare();
      ++came;
      alive.push({bare, channels: new Set()});
    };
    const join = ({bare, channels}, name) => {
      const member = name.startsWith('presence-') ? {user_id: `u${random(5)}`} : undefined;
      const rights = types[name] === 'public' || types[name] === 'cache' ? {} :
        backend.authorizeChannel(bare.socket_id, name, member);
      bare.tell('pusher:subscribe', {channel: name, ...rights});
      if (!channels.has(name)) ++joined;
      channels.add(name);
    };
    const leave = ({bare, channels}, name) => {
      bare.tell('pusher:unsubscribe', {channel: name});
      channels.delete(name);
    };
    const go = async (who) => {
      alive.splice(alive.indexOf(who), 1);
      if (random(2)) who.bare.socket.terminate();  // whatever it said last may never arrive
      else await who.bare.close();
    };
    // Each worker's own; nobody else touches a client while it is busy.
    const step = async () => {
      const idle = alive.filter(({busy}) => !busy);
      const choice = random(10);
      if (idle.length === 0 || (choice < 3 && alive.length < 60)) return come();
      const who = idle[random(idle.length)];
      who.busy = true;
      if (choice < 5) await go(who);
      else if (choice < 9 || who.channels.size === 0) join(who, names[random(names.length)]);
      else leave(who, [...who.channels][random(who.channels.size)]);
      if (random(10) === 0) await backend.trigger(names[random(2)], 'said', 'x');
      who.busy = false;
    };
    let left = 1000;
    await Promise.all([...Array(16)].map(async () => { while (left-- > 0) await step(); }));
    assert.ok(came > 200 && joined > 100, `${came} came and joined ${joined} channels`);

    // Whoever is left is asked, so that the server has read all they said.
    while (alive.length > 10) await go(alive[random(alive.length)]);
    await Promise.all(alive.map(({bare}) => bare.everything()));
    const occupied = (type) =>
      names.filter((name) => types[name] === type && alive.some(({channels}) => channels.has(name)));
    const own = `app_id="${app.id}"`;
    const port = `port="${server.port}"`;
    const settled = (expected) => until(async () => {
      const metrics = await server.metrics();
      assert.equal(metrics.get(`sockudo_connected{${own},${port}}`), expected);
      for (const type of ['public', 'private', 'presence', 'private_encrypted', 'cache']) {
        const active = metrics.get(`sockudo_active_channels{${own},channel_type="${type}",${port}}`);
        assert.equal(active, occupied(type).length, `active channels: ${type}`);
      }
      const of = (name) => metrics.get(`sockudo_${name}{${own},${port}}`);
      assert.equal(of('new_connections_total'), came);
      assert.equal(of('new_disconnections_total'), came - expected);
      for (const lane of [0, 1]) assert.equal(metrics.get(`carillon_conservation_difference{lane="${lane}"}`), 0);
      const sum = (name) => [0, 1].reduce((all, lane) => all + metrics.get(`${name}{lane="${lane}"}`), 0);
      assert.equal(sum('carillon_sessions'), expected);
      assert.equal(sum('carillon_subscriptions'), alive.reduce((all, {channels}) => all + channels.size, 0));
      assert.equal(metrics.get('carillon_pending{lane="0",place="outbox"}'), 0);
    });
    await settled(alive.length);
    while (alive.length > 0) await go(alive[0]);
    await settled(0);
    // What was promised of every join: it is ended once, whatever ended it.
    const metrics = await server.metrics();
    for (const type of ['public', 'private', 'presence', 'private_encrypted', 'cache']) {
      const [joins, leaves] = ['channel_subscriptions_total', 'channel_unsubscriptions_total']
        .map((name) => metrics.get(`sockudo_${name}{${own},channel_type="${type}",${port}}`));
      assert.equal(joins, leaves, type);
      assert.notEqual(joins, 0, type);
    }
  });
});
