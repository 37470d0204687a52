// Turbine's publishing over HTTP and its other paths, written from the protocol's reference, against the running server.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';

import {ask, upgrade} from './ask.js';
import {Carillon} from './carillon.js';
import {apiKey, env, publish, publishText, secret, token, Turbine} from './turbine.js';

const kib = 1024;
const numbers = (count) => [...Array(count).keys()];

describe('a publish to Turbine', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2, env}); });
  after(() => server.stop());

  const good = '{"channel":"c","data":1}';
  const failure = ({status, body}) => ({status, ...JSON.parse(body)});
  const refused = (status, text) => ({status, ok: false, error: text});

  test('answers how many it was delivered to: none, one, several, on every lane', async () => {
    assert.equal(await publish(server, 'counted', 1), 0);
    for (const n of numbers(12)) {
      const client = await Turbine.connected(server);
      await client.subscribe('counted');
      assert.equal(await publish(server, 'counted', n), n + 1);
    }
  });

  test('counts a session with two channels once, and two sessions of one subject twice', async () => {
    const [first, second] = [await Turbine.connected(server), await Turbine.connected(server)];
    for (const channel of ['two-a', 'two-b']) await first.subscribe(channel);
    assert.equal(await publish(server, 'two-a', 1), 1);
    assert.equal(await publish(server, 'two-b', 2), 1);
    await second.subscribe('two-a');
    assert.equal(await publish(server, 'two-a', 3), 2);
    assert.deepEqual((await first.everything()).map(({data}) => data), [1, 2, 3]);
    assert.deepEqual((await second.everything()).map(({data}) => data), [3]);
  });

  test('is JSON, and is answered with JSON', async () => {
    const answer = await publishText(server, good);
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.equal(answer.body, '{"ok":true,"delivered":0}');
  });

  test('may name its media type in other ways', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/cloudevents+json']) {
      assert.equal((await publishText(server, good, {'content-type': type})).status, 200, type);
    }
  });

  test('without the key, or with a wrong one, is answered 401 in the same bytes', async () => {
    const bodies = new Set();
    for (const key of [undefined, '', 'wrong', apiKey.slice(0, -1), `${apiKey}x`, apiKey.toUpperCase()]) {
      const answer = await publishText(server, good, {'x-api-key': key});
      assert.deepEqual(failure(answer), refused(401, 'unauthorized'));
      bodies.add(answer.body);
    }
    assert.equal(bodies.size, 1);
  });

  test('by a stranger is answered 401 before anything else is read', async () => {
    for (const body of ['garbage', '{}', '']) {
      for (const type of [undefined, 'text/plain', 'application/json']) {
        const answer = await publishText(server, body, {'x-api-key': undefined, 'content-type': type});
        assert.equal(answer.status, 401);
      }
    }
  });

  test('that does not say that it is JSON is answered 415', async () => {
    for (const type of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      const answer = await publishText(server, good, {'content-type': type});
      assert.deepEqual(failure(answer), refused(415, 'unsupported media type'), type);
    }
  });

  test('that is not JSON is answered 400', async () => {
    for (const body of ['', 'garbage', '{"channel":"c","data":', '{"channel":"c","data":1}x', '{"channel":"c","data":01}',
                        "{'channel':'c','data':1}", '['.repeat(50_000)]) {
      assert.deepEqual(failure(await publishText(server, body)), refused(400, 'invalid json'), body.slice(0, 30));
    }
  });

  test('that is not UTF-8 is answered 400', async () => {
    const body = Buffer.concat([Buffer.from('{"channel":"c","data":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    assert.equal((await publishText(server, body)).status, 400);
  });

  test('without a channel, or without data, is answered 422', async () => {
    for (const body of [
      '{"data":1}', '{"channel":5,"data":1}', '{"channel":null,"data":1}', '{"channel":["c"],"data":1}', '{}',
    ]) {
      assert.deepEqual(failure(await publishText(server, body)), refused(422, 'missing channel'), body);
    }
    assert.deepEqual(failure(await publishText(server, '{"channel":"c"}')), refused(422, 'missing data'));
    assert.equal((await publishText(server, '{"channel":"c","data":null}')).status, 200);
    assert.equal((await publishText(server, '{"channel":"c","data":1,"more":{"x":[]}}')).status, 200);
  });

  test('to a channel that nobody can hold is answered 400', async () => {
    assert.deepEqual(failure(await publishText(server, '{"channel":"","data":1}')), refused(400, 'invalid channel'));
    const long = JSON.stringify({channel: 'x'.repeat(256), data: 1});
    assert.deepEqual(failure(await publishText(server, long)), refused(400, 'invalid channel'));
  });

  test('of two mebibytes is taken, and of one byte more answered 413', async () => {
    const most = 2 * kib * kib;
    for (const chunked of [false, true]) {
      const sent = (bytes) => ask(server, {
        method: 'POST', path: '/api/publish', chunked, body: good.padEnd(bytes),
        headers: {'x-api-key': apiKey, 'content-type': 'application/json'},
      });
      assert.equal((await sent(most)).status, 200);
      assert.deepEqual(failure(await sent(most + 1)), refused(413, 'payload too large'));
    }
  });

  test('is a POST: everything else is answered 405', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await ask(server, {method, path: '/api/publish', headers: {'x-api-key': apiKey}});
      assert.deepEqual([answer.status, answer.headers.allow], [405, 'POST'], method);
    }
  });

  test('can be read by a page of another origin only as far as cors.origin lets it, like all of this server', async () => {
    const answer = await publishText(server, good, {origin: 'https://example.com'});
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  });

  test('leaves neither the key, nor a token, nor the data in the log', async () => {
    const client = await Turbine.connected(server);
    await client.subscribe('secret');
    await client.ask('connect', {token: token()});
    const bad = token({exp: 1});
    await (await Turbine.open(server)).ask('connect', {token: bad});
    assert.equal(await publish(server, 'secret', 'the data of this one'), 1);
    await publishText(server, good, {'x-api-key': 'some wrong key'});
    const log = server.log.join('\n');
    for (const word of [apiKey, secret, bad, bad.split('.')[2], 'the data of this one', 'some wrong key']) {
      assert.ok(!log.includes(word), word);
    }
  });
});

describe('a server that speaks Turbine', () => {
  let server;
  before(async () => { server = await Carillon.start({env}); });
  after(() => server.stop());

  test('is healthy in two bytes', async () => {
    const answer = await ask(server, {path: '/healthz'});
    assert.deepEqual([answer.status, answer.body], [200, 'ok']);
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
  });

  test('knows no other path', async () => {
    for (const path of ['/nothing', '/api', '/api/publish/x', '/broadcast']) {
      for (const method of ['GET', 'POST']) {
        const answer = await ask(server, {method, path, body: method === 'POST' ? '{}' : undefined});
        assert.equal(answer.status, 404, `${method} ${path}`);
      }
    }
  });

  test('answers a path that it does not know with 404', async () => {
    assert.equal((await ask(server, {path: '/nothing'})).status, 404);
  });

  test('has no clients of Pusher', async () => {
    const bare = server.stranger();
    assert.equal((await bare.nextEvent('the refusal')).data.code, 4001);
  });

  for (const path of ['/turbine/ws', '/ws']) {
    test(`refuses a handshake at ${path} that is none`, async () => {
      assert.equal((await upgrade(server, path)).status, 101);
      for (const changes of [
        {connection: undefined}, {upgrade: undefined}, {upgrade: 'h2c'}, {'sec-websocket-key': undefined},
      ]) {
        const answer = await upgrade(server, path, changes);
        assert.equal(answer.status, 400, JSON.stringify(changes));
        assert.match(answer.body, /^[^\n]+\n?$/);
      }
      assert.equal((await upgrade(server, path, {method: 'POST'})).status, 405);
    });

    test(`answers 426 to a handshake at ${path} of another version, where the original says 400`, async () => {
      for (const version of ['12', undefined]) {
        const answer = await upgrade(server, path, {'sec-websocket-version': version});
        assert.deepEqual([answer.status, answer.headers['sec-websocket-version']], [426, '13'], version);
      }
    });

    test(`opens ${path} to a page of any origin, with a query and a cookie`, async () => {
      const answer = await upgrade(server, `${path}?token=x`, {origin: 'https://example.com', cookie: 'a=b'});
      assert.equal(answer.status, 101);
    });
  }
});

describe('a server that nobody configured', () => {
  let server;
  before(async () => { server = await Carillon.start(); });
  after(() => server.stop());

  test('speaks Turbine with the secret and the key of its manual', async () => {
    const client = await Turbine.open(server, '/ws');
    assert.equal(await client.connect(), 401);
    assert.deepEqual(await client.connect({}, {key: 'devsecret'}), {connected: true});
    await client.subscribe('chat:lobby');
    const body = '{"channel":"chat:lobby","data":{"text":"hi"}}';
    assert.equal((await publishText(server, body)).status, 401);
    assert.equal((await publishText(server, body, {'x-api-key': 'devkey'})).body, '{"ok":true,"delivered":1}');
    assert.deepEqual(await client.heard(), {channel: 'chat:lobby', data: {text: 'hi'}});
  });
});
