// Who may not stay: the close code that pusher-js sees, and whether it comes back.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {connect, createServer} from 'node:net';
import {after, before, describe, test} from 'node:test';

import {app, Carillon, codeOf, heard, soon, until, withApps} from './carillon.js';

// A key that ends in a query: pusher-js adds its own behind it, so the first `protocol` is ours. The last one swallows its.
const keyNaming = (query) => `${app.key}?${query}`;

async function assertRefused(server, code, {key, options} = {}) {
  const client = server.client(options, key);
  client.connection.bind('connected', () => assert.fail('it was let in'));
  assert.equal(codeOf(await heard(client.connection, 'error')), code);
  // It gives up, and there is nothing that would bring it back.
  await until(() => assert.equal(client.connection.state, 'disconnected'));
  assert.ok(!client.connection.retryTimer);
}

// What a client without a library is told.
async function refusal(bare) {
  const {event, data} = await bare.nextEvent('the refusal');
  assert.equal(event, 'pusher:error');
  const end = await soon(bare.closed, 'the end');
  assert.deepEqual(end, {code: data.code, reason: data.message});
  return end;
}

describe('a client that may not stay is told why and gives up', () => {
  let server;
  before(async () => {
    server = await Carillon.start({
      threads: 2,
      env: {STRICT_PROTOCOL_VERSION: 'true'},
      config: withApps(
        {},
        {id: 'closed', key: 'closed-key', enabled: false},
        {id: 'small', key: 'small-key', max_connections: 2},
        {id: 'at-home', key: 'at-home-key', allowed_origins: ['https://example.com', '*.example.org']},
      ),
    });
  });
  after(() => server.stop());

  test('4001: nobody knows the app', () => assertRefused(server, 4001, {key: 'no-such-key'}));

  test('4003: the app is disabled', () => assertRefused(server, 4003, {key: 'closed-key'}));

  test('4004: the app has as many connections as it may have, until one of them leaves', async () => {
    const path = '/app/small-key?protocol=7';
    const [first] = [await server.bare({path}), await server.bare({path})];
    await assertRefused(server, 4004, {key: 'small-key'});
    assert.equal((await refusal(server.stranger({path}))).code, 4004);
    await first.close();
    const later = await until(async () => {
      const bare = server.stranger({path});
      await bare.greeted();
      return bare;
    });
    assert.equal((await later.subscribe('news')).event, 'pusher_internal:subscription_succeeded');
  });

  test('4006: the protocol is not a number', () => assertRefused(server, 4006, {key: keyNaming('protocol=seven&x=')}));

  test('4007: the protocol is not spoken here', async () => {
    for (const protocol of [4, 8]) await assertRefused(server, 4007, {key: keyNaming(`protocol=${protocol}&x=`)});
  });

  test('4008: no protocol is named where one must be', () => assertRefused(server, 4008, {key: keyNaming('x=')}));

  test('4009: the page is of another origin, or of none', async () => {
    await assertRefused(server, 4009, {key: 'at-home-key'});
    const path = '/app/at-home-key?protocol=7';
    for (const origin of ['https://example.net', 'https://example.com.evil.net', 'https://example.org', 'null']) {
      assert.deepEqual(await refusal(server.stranger({path, origin})), {code: 4009, reason: 'Origin not allowed'});
    }
    for (const origin of ['https://example.com', 'HTTPS://EXAMPLE.COM', 'http://app.example.org']) {
      await server.bare({path, origin});
    }
  });

  test('the reason stands in the frame and in the close', async () => {
    const told = {
      '/app/no-such-key?protocol=7': {code: 4001, reason: 'Application does not exist'},
      '/app/closed-key?protocol=7': {code: 4003, reason: 'Application disabled'},
      [`/app/${app.key}?protocol=x`]: {code: 4006, reason: 'Invalid version string format'},
      [`/app/${app.key}?protocol=99`]: {code: 4007, reason: 'Unsupported protocol version'},
      [`/app/${app.key}`]: {code: 4008, reason: 'No protocol version supplied'},
    };
    for (const [path, end] of Object.entries(told)) assert.deepEqual(await refusal(server.stranger({path})), end, path);
  });

  test('a path that leads nowhere is no WebSocket', async () => {
    const bare = server.stranger({path: `/apple/${app.key}?protocol=7`});
    const status = new Promise((resolve) => {
      bare.socket.on('unexpected-response', (_, response) => resolve(response.statusCode));
    });
    assert.equal(await soon(status, 'an answer'), 404);
  });
});

describe('a client that comes to a full server', () => {
  let server;
  before(async () => { server = await Carillon.start({env: {SOCKUDO_MAX_CONNECTIONS: '1'}, config: withApps({})}); });
  after(() => server.stop());

  test('is told 4100, waits, and is let in when there is room', async () => {
    const holder = await server.bare();
    assert.deepEqual(await refusal(server.stranger()), {code: 4100, reason: 'Over capacity'});
    const client = server.client();
    const waits = heard(client.connection, 'connecting_in');
    assert.equal(codeOf(await heard(client.connection, 'error')), 4100);
    assert.equal(await waits, 1);
    assert.equal(client.connection.state, 'connecting');
    await holder.close();
    await heard(client.connection, 'connected');
    await server.subscribed(client, 'news');
  });
});

describe('a server that stops', () => {
  test('sends its clients away with 4200, and they come at once to the next server on that port', async () => {
    const [first, second] = [await Carillon.start({threads: 2}), await Carillon.start({threads: 2})];
    // In front of both, as a balancer is in a deployment: the port stays, what is behind it changes.
    let behind = first;
    const balancer = createServer((client) => {
      const server = connect(behind.port, '127.0.0.1');
      client.pipe(server).pipe(client);
      for (const socket of [client, server]) socket.on('error', () => { client.destroy(); server.destroy(); });
    });
    await once(balancer.listen(0, '127.0.0.1'), 'listening');
    try {
      const client = await first.connected({...first.authorizer('ann'), wsPort: balancer.address().port});
      await first.subscribed(client, 'news');
      await first.subscribed(client, 'presence-hall');
      const socketId = client.connection.socket_id;
      // Timers fire in the order of their times, however late: who backs off for a second comes after this one.
      let waited = false;
      const goodbye = heard(client.connection, 'error');
      client.connection.bind('error', () => setTimeout(() => { waited = true; }, 999).unref());
      const returns = heard(client.connection, 'connecting').then(() => waited);
      const again = [client.channel('news'), client.channel('presence-hall')]
        .map((channel) => heard(channel, 'pusher:subscription_succeeded'));
      behind = second;
      first.child.kill('SIGTERM');
      assert.equal(codeOf(await goodbye), 4200);
      assert.equal(await returns, false);
      await Promise.all(again);
      assert.deepEqual(await soon(first.exited, 'the first server to exit'), {code: 0, signal: null});
      assert.notEqual(client.connection.socket_id, socketId);
      const message = heard(client.channel('news'), 'said');
      await second.backend().trigger('news', 'said', 'hello again');
      assert.equal(await message, 'hello again');
    } finally {
      await first.stop();
      await second.stop();
      balancer.close();
    }
  });

  test('leaves its port to the next one at once', async () => {
    const first = await Carillon.start({threads: 2});
    await first.bare();
    first.child.kill('SIGTERM');
    assert.deepEqual(await soon(first.exited, 'the first server to exit'), {code: 0, signal: null});
    const second = await Carillon.start({threads: 2, env: {PORT: String(first.port)}});
    await second.bare().finally(() => second.stop());
  });
});

describe('a silent client', () => {
  let server;
  before(async () => { server = await Carillon.start({env: {ACTIVITY_TIMEOUT: '1'}, config: withApps({})}); });
  after(() => server.stop());

  test('is asked after the time it was told of whether it lives, and again when it said so', async () => {
    const began = performance.now();
    const bare = await server.bare();
    assert.equal(bare.activity_timeout, 1);
    assert.equal(await bare.next('a ping'), '{"event":"pusher:ping","data":{}}');
    assert.ok(performance.now() - began >= 1000);
    const answered = performance.now();
    bare.tell('pusher:pong', {});
    assert.equal(await bare.next('a second ping'), '{"event":"pusher:ping","data":{}}');
    assert.ok(performance.now() - answered >= 1000);
  });

  test('that is pusher-js asks the server itself, and stays', async () => {
    const client = await server.connected();
    const pong = soon(new Promise((resolve) => {
      client.connection.bind('message', ({event}) => { if (event === 'pusher:pong') resolve(); });
    }), 'a pong');
    client.connection.bind('state_change', ({current}) => assert.fail(`it is ${current}`));
    await pong;
    client.connection.unbind('state_change');
  });
});
