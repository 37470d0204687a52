// pusher-js and the official Node SDK, as published, against the running server.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';

import {app, Carillon, codeOf, heard, soon} from './carillon.js';

describe('a pusher-js client and the Node SDK', () => {
  let server;
  before(async () => { server = await Carillon.start(); });
  after(() => server.stop());

  test('hear each other on a public channel, with the data as it was sent', async () => {
    const client = await server.connected();
    const channel = await server.subscribed(client, 'news');
    const message = heard(channel, 'headline');
    const sent = {text: 'bells — ☃ "quoted" \\ / \u2028', n: [1, 2.5, null, {deep: true}]};
    const answer = await server.backend().trigger('news', 'headline', sent);
    assert.equal(answer.status, 200);
    assert.deepEqual(await message, sent);
  });

  test('keep the order of two thousand messages with no gap and no double', async () => {
    const client = await server.connected();
    const channel = await server.subscribed(client, 'ordered');
    const got = [];
    const all = new Promise((resolve) => channel.bind('n', (n) => { got.push(n); if (got.length === 2000) resolve(); }));
    const backend = server.backend();
    for (let n = 0; n < 2000; ++n) await backend.trigger('ordered', 'n', n);
    await soon(all, '2000 messages');
    assert.deepEqual(got, [...Array(2000).keys()]);
  });

  test('find the last event of a cache channel, or hear that there is none', async () => {
    const early = await server.connected();
    const missed = heard(early.subscribe('cache-rates'), 'pusher:cache_miss');
    await missed;
    const first = heard(early.channel('cache-rates'), 'rate');
    await server.backend().trigger('cache-rates', 'rate', {usd: 1.08});
    assert.deepEqual(await first, {usd: 1.08});
    const late = await server.connected();
    assert.deepEqual(await heard(late.subscribe('cache-rates'), 'rate'), {usd: 1.08});
  });

  test('leave out the socket that is excluded', async () => {
    const [mine, other] = [await server.connected(), await server.connected()];
    const heardByMine = [];
    (await server.subscribed(mine, 'echo')).bind_global((event) => heardByMine.push(event));
    const others = await server.subscribed(other, 'echo');
    const message = heard(others, 'said');
    await server.backend().trigger('echo', 'said', 1, {socket_id: mine.connection.socket_id});
    await message;
    const last = heard(mine.channel('echo'), 'last');
    await server.backend().trigger('echo', 'last', 2);
    await last;
    assert.deepEqual(heardByMine, ['last']);
  });

  test('publish to several channels at once', async () => {
    const client = await server.connected();
    const channels = await Promise.all(['a', 'b', 'c'].map((name) => server.subscribed(client, name)));
    const messages = channels.map((channel) => heard(channel, 'all'));
    await server.backend().trigger(['a', 'b', 'c'], 'all', 'same');
    assert.deepEqual(await Promise.all(messages), ['same', 'same', 'same']);
  });

  test('join a private channel with a signature, and are refused without a right one', async () => {
    const client = await server.connected(server.authorizer());
    await server.subscribed(client, 'private-room');
    const wrong = await server.connected({
      channelAuthorization: {customHandler: (_, callback) => callback(null, {auth: `${app.key}:${'0'.repeat(64)}`})},
    });
    const refusal = heard(wrong.subscribe('private-room'), 'pusher:subscription_error');
    assert.equal((await refusal).status, 401);
    assert.equal(wrong.connection.state, 'connected');
  });

  test('see members come and go once per user, however many tabs the user has', async () => {
    const watcher = await server.connected(server.authorizer('watcher', {name: 'W'}));
    const channel = await server.subscribed(watcher, 'presence-hall');
    const events = [];
    channel.bind('pusher:member_added', (member) => events.push(['added', member.id, member.info]));
    const gone = new Promise((resolve) => {
      channel.bind('pusher:member_removed', (member) => { events.push(['removed', member.id]); resolve(); });
    });
    const first = await server.connected(server.authorizer('ann', {name: 'Ann'}));
    const second = await server.connected(server.authorizer('ann', {name: 'Ann'}));
    const firstTab = await server.subscribed(first, 'presence-hall');
    await server.subscribed(second, 'presence-hall');
    assert.equal(firstTab.members.count, 2);
    assert.deepEqual(firstTab.members.get('watcher').info, {name: 'W'});
    first.disconnect();
    second.unsubscribe('presence-hall');
    await soon(gone, 'member_removed');
    assert.deepEqual(events, [['added', 'ann', {name: 'Ann'}], ['removed', 'ann']]);
  });

  test('send client events to everyone else, naming the speaker on a presence channel', async () => {
    const ann = await server.connected(server.authorizer('ann'));
    const bob = await server.connected(server.authorizer('bob'));
    const annsHall = await server.subscribed(ann, 'presence-talk');
    const bobsHall = await server.subscribed(bob, 'presence-talk');
    let echoed = false;
    annsHall.bind('client-typing', () => { echoed = true; });
    const typing = soon(new Promise((resolve) => {
      bobsHall.bind('client-typing', (data, metadata) => resolve({data, ...metadata}));
    }), 'client-typing');
    annsHall.trigger('client-typing', {on: true});
    assert.deepEqual(await typing, {data: {on: true}, user_id: 'ann'});
    assert.equal(echoed, false);
  });

  test('stay silent after unsubscribing', async () => {
    const client = await server.connected();
    const channel = await server.subscribed(client, 'brief');
    const other = await server.subscribed(client, 'lasting');
    channel.bind_global((event) => assert.fail(`heard ${event} after leaving`));
    client.unsubscribe('brief');
    const last = heard(other, 'last');
    await server.backend().trigger('brief', 'late', 1);
    await server.backend().trigger('lasting', 'last', 1);
    await last;
  });

  test('are told that an unknown app does not exist and do not come back', async () => {
    const client = server.client({}, 'no-such-key');
    const error = await heard(client.connection, 'error');
    assert.equal(codeOf(error), 4001);
    await soon(new Promise((resolve) => {
      const settled = () => ['failed', 'disconnected'].includes(client.connection.state) && resolve();
      client.connection.bind('state_change', settled);
      settled();
    }), 'the client to give up');
  });

  test('are refused over HTTP with a wrong secret', async () => {
    const backend = server.backend({secret: 'not-the-secret'});
    await assert.rejects(backend.trigger('news', 'headline', 1), (error) => error.status === 401);
  });

  test('learn that the app is up', async () => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/up/${app.id}`);
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), 'OK');
    assert.equal((await fetch(`http://127.0.0.1:${server.port}/up/nobody`)).status, 404);
  });
});

describe('a server with three loops', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 3}); });
  after(() => server.stop());

  test('delivers to subscribers on every lane, each once and in order, and its books balance', async () => {
    const channels = [];
    const onEveryLane = async () => {
      const metrics = await server.metrics();
      return [0, 1, 2].every((lane) => metrics.get(`carillon_subscriptions{lane="${lane}"}`) > 0);
    };
    // The kernel deals connections out; sixty-four coin tosses that all miss one of three lanes do not happen.
    while (channels.length < 64 && !(channels.length >= 6 && await onEveryLane())) {
      channels.push(await server.subscribed(await server.connected(), 'everywhere'));
    }
    assert.ok(await onEveryLane(), 'every lane holds a subscriber of the channel');
    const all = channels.map((channel) => soon(new Promise((resolve) => {
      const got = [];
      channel.bind('n', (n) => { got.push(n); if (got.length === 100) resolve(got); });
    }), '100 messages'));
    const backend = server.backend();
    for (let n = 0; n < 100; ++n) await backend.trigger('everywhere', 'n', n);
    for (const got of await Promise.all(all)) assert.deepEqual(got, [...Array(100).keys()]);

    const metrics = await server.metrics();
    let delivered = 0;
    for (const lane of [0, 1, 2]) {
      assert.equal(metrics.get(`carillon_conservation_difference{lane="${lane}"}`), 0);
      delivered += metrics.get(`carillon_delivered_total{lane="${lane}"}`);
    }
    assert.equal(delivered, 100 * channels.length);
  });

  test('sees one member event per user whose tabs are on several lanes', async () => {
    const watcher = await server.connected(server.authorizer('watcher'));
    const events = [];
    const hall = await server.subscribed(watcher, 'presence-lanes');
    hall.bind('pusher:member_added', (member) => events.push(`+${member.id}`));
    const tabs = [];
    for (let i = 0; i < 12; ++i) {
      tabs.push(await server.connected(server.authorizer('ann')));
      await server.subscribed(tabs[i], 'presence-lanes');
    }
    const removed = heard(hall, 'pusher:member_removed');
    for (const tab of tabs) tab.disconnect();
    assert.equal((await removed).id, 'ann');
    assert.deepEqual(events, ['+ann']);
  });
});

describe('a server that is told to stop', () => {
  test('says 4200 to its clients and exits 0 within ten seconds', async () => {
    const server = await Carillon.start({threads: 2});
    const clients = await Promise.all([...Array(8)].map(() => server.connected()));
    const goodbyes = clients.map((client) => heard(client.connection, 'error'));
    const began = Date.now();
    server.child.kill('SIGTERM');
    for (const error of await Promise.all(goodbyes)) assert.equal(codeOf(error), 4200);
    assert.deepEqual(await soon(server.exited, 'the server to exit'), {code: 0, signal: null});
    assert.ok(Date.now() - began < 10_000);
    await server.stop();  // only now: a pusher-js that is asked to disconnect while it is being closed comes back
  });

  test('a second server on the same port is refused with a clear message', async () => {
    const server = await Carillon.start();
    try {
      await assert.rejects(Carillon.start({env: {PORT: String(server.port)}}), /another process .* listens there/);
    } finally {
      await server.stop();
    }
  });
});
