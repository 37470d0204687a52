// The signed HTTP API through the official Node SDK, as published, and what it does not do through plain fetch.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import {after, before, describe, test} from 'node:test';

import WebSocket from 'ws';

import {app, Carillon, heard, soon} from './carillon.js';

describe('the HTTP API, asked by the Node SDK,', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2}); });
  after(() => server.stop());

  const get = async (path, params) => (await server.backend().get({path, params})).json();
  // What the SDK would send, for fetch. `more` are headers.
  const signed = (method, path, body, more = {}) => {
    const full = `/apps/${app.id}${path}`;
    const query = server.backend().createSignedQueryString({method, path: full, body});
    return fetch(`http://127.0.0.1:${server.port}${full}?${query}`, {method, body, headers: more});
  };
  const count = (channel, event) => {
    const got = [];
    channel.bind(event, (data) => got.push(data));
    return got;
  };
  // Everything that was published before it has been heard.
  const settled = async (channel) => {
    const last = heard(channel, 'settled');
    await server.backend().trigger(channel.name, 'settled', 1);
    await last;
  };

  test('publishes and says that it did', async () => {
    const answer = await server.backend().trigger('plain', 'e', {a: 1});
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), {ok: true});
  });

  test('tells a publish how many there are', async () => {
    for (const user of ['ann', 'ann', 'bob']) {
      const client = await server.connected(server.authorizer(user));
      await server.subscribed(client, 'presence-info');
      await server.subscribed(client, 'info');
    }
    const answer = await server.backend().trigger(['presence-info', 'info'], 'e', 1, {info: 'user_count,subscription_count'});
    assert.deepEqual(await answer.json(), {channels: {'presence-info': {user_count: 2}, info: {subscription_count: 3}}});
  });

  test('publishes a batch in its order, and answers each item in its place', async () => {
    const client = await server.connected();
    const channel = await server.subscribed(client, 'batch');
    const got = count(channel, 'n');
    const plain = await server.backend().triggerBatch([...Array(10).keys()].map((data) => ({channel: 'batch', name: 'n', data})));
    assert.deepEqual(await plain.json(), {});
    await settled(channel);
    assert.deepEqual(got, [...Array(10).keys()]);
    const asked = await server.backend().triggerBatch([
      {channel: 'batch', name: 'n', data: 10},
      {channel: 'batch', name: 'n', data: 11, info: 'subscription_count'},
    ]);
    assert.deepEqual(await asked.json(), {batch: [{}, {subscription_count: 1}]});
  });

  test('delivers nothing of a batch of ten with one bad item', async () => {
    const client = await server.connected();
    const channel = await server.subscribed(client, 'whole');
    const got = count(channel, 'n');
    const batch = [...Array(10).keys()].map((data) => ({channel: 'whole', name: 'n', data}));
    batch[6].channel = 'not a name';
    await assert.rejects(server.backend().triggerBatch(batch), (error) => {
      assert.equal(error.status, 400);
      assert.deepEqual(JSON.parse(error.body), {
        error: 'batch[6]: A channel name has illegal characters.', code: 'invalid_input', status: 400,
      });
      return true;
    });
    await settled(channel);
    assert.deepEqual(got, []);
  });

  test('lists channels, describes one and names its users', async () => {
    for (const user of ['1', '2', '2']) {
      await server.subscribed(await server.connected(server.authorizer(user, {n: user})), 'presence-who');
    }
    const {channels} = await get('/channels', {filter_by_prefix: 'presence-who', info: 'user_count'});
    assert.deepEqual(channels, {'presence-who': {user_count: 2}});
    assert.ok('presence-who' in (await get('/channels')).channels);
    assert.deepEqual(await get('/channels/presence-who', {info: 'user_count,subscription_count'}),
                     {occupied: true, user_count: 2, subscription_count: 3});
    assert.deepEqual(await get('/channels/nobody-there'), {occupied: false});
    assert.deepEqual(await get('/channels/presence-who/users'), {users: [{id: '1'}, {id: '2'}]});
    assert.deepEqual(await get('/channels/presence-who/users', {with_user_info: 1}),
                     {users: [{id: '1', user_info: {n: '1'}}, {id: '2', user_info: {n: '2'}}]});
  });

  test('lists a thousand channels, each once, while they are published to', async () => {
    const client = await server.connected();
    const names = [...Array(1000).keys()].map((n) => `many-${n}`);
    await Promise.all(names.map((name) => server.subscribed(client, name)));
    const [first, second] = await Promise.all([
      get('/channels', {filter_by_prefix: 'many-'}), get('/channels', {filter_by_prefix: 'many-1'}),
      server.backend().trigger('many-1', 'e', 1),
    ]);
    assert.deepEqual(Object.keys(first.channels).sort(), [...names].sort());
    assert.deepEqual(Object.keys(second.channels).sort(), names.filter((name) => name.startsWith('many-1')).sort());
  });

  test('tells what a cache channel keeps', async () => {
    await server.backend().trigger('cache-kept', 'rate', {usd: 1});
    const answer = await get('/channels/cache-kept', {info: 'cache'});
    assert.equal(answer.cache.data, '{"usd":1}');
    assert.ok(answer.cache.ttl > 3500 && answer.cache.ttl <= 3600);
  });

  test('sends to a user, whatever his id is', async () => {
    for (const user of ['12345', 'auth0|7', 'ann@a.example']) {
      assert.equal((await server.backend().sendToUser(user, 'e', 1)).status, 200);
    }
  });

  test('terminates a user\'s connections', async () => {
    // Not pusher-js: one that is sent away closes its socket twice, and its timer for that holds this process for 30 s.
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/app/${app.key}?protocol=7`);
    const events = [];
    const closed = soon(new Promise((resolve) => { socket.on('close', resolve); }), 'the close');
    const joined = soon(new Promise((resolve) => {
      socket.on('message', (text) => {
        const {event, data} = JSON.parse(text);
        events.push(event);
        if (event === 'pusher_internal:subscription_succeeded') resolve();
        if (event !== 'pusher:connection_established') return;
        const channel = 'presence-door';
        const auth = server.backend().authorizeChannel(JSON.parse(data).socket_id, channel, {user_id: 'to-go'});
        socket.send(JSON.stringify({event: 'pusher:subscribe', data: {channel, ...auth}}));
      });
    }), 'the subscription');
    await joined;
    const answer = await server.backend().terminateUserConnections('to-go');
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), {ok: true});
    assert.equal(await closed, 4009);
    assert.equal(events.at(-1), 'pusher:error');
    assert.equal((await signed('POST', '/users/a%40b/force_reconnect')).status, 200);
  });

  test('refuses with a status, a word and a sentence', async () => {
    const refused = async (answering, status, code) => {
      const answer = await answering;
      const body = await answer.json();
      assert.equal(answer.status, status);
      assert.deepEqual([body.code, body.status, typeof body.error], [code, status, 'string']);
    };
    const event = (more) => JSON.stringify({name: 'e', channel: 'a', data: 'x', ...more});
    await refused(signed('POST', '/events', '{'), 400, 'invalid_input');
    await refused(signed('POST', '/events', event({channel: undefined})), 400, 'missing_channel_info');
    await refused(signed('POST', '/events', event({name: 'n'.repeat(201)})), 400, 'limit_exceeded');
    await refused(signed('POST', '/events', event({channel: 'n'.repeat(201)})), 400, 'limit_exceeded');
    await refused(signed('POST', '/events', event({channels: Array(101).fill('a')})), 400, 'limit_exceeded');
    await refused(signed('POST', '/events', event({data: 'ü'.repeat(51_201)})), 413, 'payload_too_large');
    assert.equal((await signed('POST', '/events', event({data: 'ü'.repeat(51_200)}))).status, 200);
    await refused(signed('POST', '/batch_events', JSON.stringify({batch: Array(11).fill({})})), 400, 'limit_exceeded');
    await refused(signed('GET', '/channels/news/users'), 400, 'invalid_input');
    await refused(fetch(`http://127.0.0.1:${server.port}/apps/${app.id}/channels`), 401, 'auth_failed');
    await refused(fetch(`http://127.0.0.1:${server.port}/apps/nobody/channels`), 404, 'app_not_found');
    await assert.rejects(server.backend({secret: 'wrong'}).get({path: '/channels'}), {status: 401});
  });

  test('does a publish once that comes twice with the same X-Idempotency-Key', async () => {
    const client = await server.connected();
    const channel = await server.subscribed(client, 'once');
    const got = count(channel, 'n');
    const body = JSON.stringify({name: 'n', channel: 'once', data: '1', info: 'subscription_count'});
    const key = {'X-Idempotency-Key': crypto.randomUUID()};
    const answers = [await signed('POST', '/events', body, key), await signed('POST', '/events', body, key)];
    for (const answer of answers) {
      assert.equal(answer.status, 200);
      assert.deepEqual(await answer.json(), {channels: {once: {subscription_count: 1}}});
    }
    await settled(channel);
    assert.deepEqual(got, [1]);
    assert.equal((await signed('POST', '/events', body, {'X-Idempotency-Key': 'k'.repeat(129)})).status, 400);
  });

  test('answers many calls over one connection', async () => {
    const agent = new http.Agent({keepAlive: true, maxSockets: 1});
    const backend = server.backend({agent});
    const ports = new Set();
    agent.on('free', (socket) => ports.add(socket.localPort));
    for (let i = 0; i < 20; ++i) {
      assert.equal((await (await backend.trigger('kept', 'e', i)).json()).ok, true);
      assert.deepEqual(await (await backend.get({path: '/channels/kept'})).json(), {occupied: false});
      await assert.rejects(backend.get({path: '/channels/kept/users'}), {status: 400});
    }
    assert.equal(ports.size, 1);
    agent.destroy();
  });

  test('says that it is up', async () => {
    const base = `http://127.0.0.1:${server.port}`;
    const up = await fetch(`${base}/up`);
    assert.deepEqual([up.status, await up.text(), up.headers.get('x-health-check')], [200, 'OK', 'OK']);
    const live = await fetch(`${base}/live`);
    assert.deepEqual([live.status, await live.text()], [200, '']);
  });
});

describe('the HTTP API of an app with rates', () => {
  test('refuses what is over them with 429 and says when to come back', async () => {
    const server = await Carillon.start({env: {
      SOCKUDO_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SECOND: '3', SOCKUDO_DEFAULT_APP_MAX_READ_REQUESTS_PER_SECOND: '1',
    }});
    try {
      // Four channels are more than any second allows.
      await assert.rejects(server.backend().trigger(['a', 'b', 'c', 'd'], 'e', 1), (error) => {
        assert.equal(error.status, 429);
        assert.deepEqual(JSON.parse(error.body), {
          error: 'Too Many Requests', message: 'Rate limit exceeded. Please try again later.',
        });
        return true;
      });
      const path = `/apps/${app.id}/channels`;
      const ask = () => fetch(`http://127.0.0.1:${server.port}${path}?` +
                              server.backend().createSignedQueryString({method: 'GET', path}));
      // Ten questions in turn that never come twice in one second do not happen.
      let refused;
      for (let i = 0; i < 10 && !refused; ++i) {
        const answer = await ask();
        if (answer.status === 429) refused = answer;
      }
      assert.equal(refused.headers.get('x-ratelimit-limit'), '1');
      assert.equal(refused.headers.get('x-ratelimit-remaining'), '0');
      assert.equal(refused.headers.get('retry-after'), '1');
    } finally {
      await server.stop();
    }
  });
});
