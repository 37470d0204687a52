// notiflux's broadcasts, its other paths and how it starts, written from the protocol's reference, against the running server.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer} from 'node:net';
import {after, before, describe, test} from 'node:test';

import {ask, upgrade} from './ask.js';
import {binary, Carillon, soon} from './carillon.js';
import {
  broadcast, broadcastText, env, envOf, heardBy, inSeconds, keyPair, keys, listener, newTopic, Notiflux, toBroadcast, toSubscribe,
} from './notiflux.js';

const kib = 1024;

describe('a broadcast of notiflux', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2, env}); });
  after(() => server.stop());

  const json = {'content-type': 'application/json'};
  const good = () => JSON.stringify({topic: 'good', message: 'm', token: toBroadcast(['good'])});
  const answered = ({status, body}) => [status, body];

  test('is answered 200 and nothing, whoever hears it', async () => {
    assert.deepEqual(answered(await broadcastText(server, good())), [200, '']);
    const client = await Notiflux.open(server);
    await client.subscribe('good');
    assert.deepEqual(answered(await broadcastText(server, good())), [200, '']);
    assert.equal(await client.heard(), 'm');
  });

  test('may say more than it must, and in any order', async () => {
    const client = await Notiflux.open(server);
    await client.subscribe('more');
    const token = toBroadcast(['more']);
    const text = ` {"extra": {"a": [1]},\n "token": "${token}", "message": "caf\\u00e9 \\ud83d\\udd14", "topic": "\\u006dore"} `;
    assert.deepEqual(answered(await broadcastText(server, text)), [200, '']);
    assert.equal(await client.heard(), 'café 🔔');
  });

  test('is answered 200 and heard by nobody when its token is not right', async () => {
    const client = await listener(server);
    const topic = newTopic();
    await client.subscribe(topic);
    for (const token of [
      'garbage', '', toSubscribe([topic]), toBroadcast(['another']), toBroadcast([]), toBroadcast([topic], {exp: inSeconds(-90)}),
      toBroadcast([topic], {aud: 'x'}), toBroadcast([topic], {sub: undefined}), toBroadcast([topic], {scope: 'Broadcast'}),
      toBroadcast([topic], {nbf: inSeconds(600)}), toBroadcast([topic], {}, {key: keyPair().privateKey}),
      toBroadcast([topic], {}, {algorithm: 'none', key: ''}),
    ]) await broadcast(server, topic, `not for it: ${token}`, token);
    assert.deepEqual(await heardBy(server, client), []);
  });

  test('that is not JSON, or lacks something, is answered 400 and why', async () => {
    const {topic, message, token} = JSON.parse(good());
    for (const body of [
      '', 'garbage', '{', good() + 'x', '"text"', '5', 'null', '{}', '['.repeat(50_000),
      `{"topic":"good","message":"\\ud800","token":"${token}"}`,
      ...[
        {message, token}, {topic, token}, {topic, message}, {topic, message: {a: 1}, token}, {topic, message: null, token},
        {topic, message: 5, token}, {topic: 5, message, token}, {topic: [topic], message, token}, {topic, message, token: null},
      ].map((body) => JSON.stringify(body)),
    ]) {
      const answer = await broadcastText(server, body);
      assert.equal(answer.status, 400, body.slice(0, 40));
      assert.match(answer.body, /^Json deserialize error: ./, body.slice(0, 40));
    }
  });

  test('that is not JSON is told so', async () => {
    for (const body of ['', 'garbage', '{\n"topic":', '{}']) {
      assert.match((await broadcastText(server, body)).body, /^Json deserialize error: .+$/);
    }
  });

  test('may name its media type in other ways', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'text/json', 'application/cloudevents+json']) {
      assert.deepEqual(answered(await broadcastText(server, good(), {'content-type': type})), [200, ''], type);
    }
  });

  test('that does not say that it is JSON is answered 400 in these words', async () => {
    for (const type of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'json']) {
      for (const body of [good(), 'garbage', '']) {
        const answer = await broadcastText(server, body, {'content-type': type});
        assert.deepEqual(answered(answer), [400, 'Content type error'], type);
      }
    }
  });

  test('of two mebibytes is taken, and of one byte more answered 413 in these words', async () => {
    const most = 2 * kib * kib;
    const client = await Notiflux.open(server);
    await client.subscribe('good');
    for (const [chunked, text] of [
      [false, 'JSON payload (2097153 bytes) is larger than allowed (limit: 2097152 bytes).'],
      [true, 'JSON payload has exceeded limit (2097152 bytes).'],
    ]) {
      assert.deepEqual(answered(await broadcastText(server, good().padEnd(most), json, {chunked})), [200, '']);
      assert.equal(await client.heard(), 'm');
      assert.deepEqual(answered(await broadcastText(server, good().padEnd(most + 1), json, {chunked})), [413, text]);
    }
  });

  test('is a POST: everything else is answered 404', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      assert.deepEqual(answered(await ask(server, {method, path: '/broadcast'})), [404, ''], method);
    }
  });

  test('answers the preflight of a page as cors.origin says, like all of this server', async () => {
    const origin = {origin: 'https://example.com'};
    const preflight = {...origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type'};
    const asked = await ask(server, {method: 'OPTIONS', path: '/broadcast', headers: preflight});
    const sent = await broadcastText(server, good(), {...json, ...origin});
    assert.equal(asked.status, 200);
    for (const {headers} of [asked, sent]) assert.equal(headers['access-control-allow-origin'], '*');
  });

  test('leaves neither a token nor the message in the log', async () => {
    const client = await Notiflux.open(server);
    const [subscribe, send, bad] = [toSubscribe(['logged']), toBroadcast(['logged']), toBroadcast(['logged'], {exp: 1})];
    await client.subscribe('logged', subscribe);
    await client.subscribe('logged', bad);
    await broadcast(server, 'logged', 'the words of this one', send);
    await broadcast(server, 'logged', 'words of a stranger', bad);
    assert.equal(await client.heard(), 'the words of this one');
    const log = server.log.join('\n');
    const signatures = [subscribe, send, bad].map((token) => token.split('.')[2]);
    for (const word of [...signatures, 'the words of this one', 'words of a stranger']) {
      assert.ok(!log.includes(word), word);
    }
  });
});

describe('a server that speaks notiflux', () => {
  let server;
  // The value as `base64` wraps it.
  const wrapped = Buffer.from(keys.publicKey).toString('base64').replace(/.{76}/g, '$&\n') + '\n';
  before(async () => { server = await Carillon.start({env: {JWT_PUBLIC_KEY_B64: wrapped}}); });
  after(() => server.stop());

  test('takes a key in wrapped lines', async () => {
    const client = await Notiflux.open(server, '/ws');
    await client.subscribe('t');
    await broadcast(server, 't', 'heard');
    assert.equal(await client.heard(), 'heard');
  });

  test('is healthy in no words', async () => {
    const answer = await ask(server, {path: '/health'});
    assert.deepEqual([answer.status, answer.body], [200, '']);
  });

  test('answers another method with 404', async () => {
    for (const [method, path] of [
      ['POST', '/health'], ['PUT', '/health'], ['DELETE', '/health'], ['GET', '/broadcast'],
    ]) {
      const answer = await ask(server, {method, path, body: '{}'});
      assert.deepEqual([answer.status, answer.body], [404, ''], `${method} ${path}`);
    }
  });

  test('answers another path with 404', async () => {
    for (const [method, path] of [['GET', '/nothing'], ['POST', '/api/publish'], ['GET', '/healthz'], ['GET', '/broadcast/x']]) {
      const answer = await ask(server, {method, path, body: method === 'GET' ? undefined : '{}'});
      assert.equal(answer.status, 404, `${method} ${path}`);
    }
  });

  for (const path of ['/notiflux/ws', '/ws']) {
    test(`answers 400 to a handshake at ${path} that is none`, async () => {
      assert.equal((await upgrade(server, path, {origin: 'https://example.com'})).status, 101);
      for (const changes of [
        {connection: undefined}, {upgrade: undefined}, {'sec-websocket-key': undefined},
      ]) assert.equal((await upgrade(server, path, changes)).status, 400, JSON.stringify(changes));
    });

    test(`answers 426 to a handshake at ${path} of another version, where the original says 400`, async () => {
      for (const version of ['12', undefined]) {
        const answer = await upgrade(server, path, {'sec-websocket-version': version});
        assert.deepEqual([answer.status, answer.headers['sec-websocket-version']], [426, '13'], version);
      }
    });
  }

  test('has no clients of Pusher and none of Turbine', async () => {
    const bare = server.stranger();
    assert.equal((await bare.nextEvent('the refusal')).data.code, 4001);
    assert.equal((await upgrade(server, '/turbine/ws')).status, 404);
  });
});

describe('a server that cannot start says so in one line and ends with 2:', () => {
  // All that it says and how it ends.
  async function attempt(environment) {
    const child = spawn(binary, ['serve', '--threads', '1'], {
      env: {...process.env, PORT: '0', METRICS_PORT: '0', ...environment}, stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { said += text; });
    const [code] = await soon(once(child, 'close'), 'the server to end').finally(() => child.kill('SIGKILL'));
    return {code, lines: said.split('\n').filter((line) => line !== '')};
  }
  const assertNames = ({code, lines}, name, value) => {
    assert.equal(code, 2, lines.join('\n'));
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.ok(lines[0].includes(name), lines[0]);
    // Nothing of the value, nor of what it says.
    for (const text of [value, Buffer.from(value, 'base64').toString('latin1')]) {
      for (let at = 0; at + 8 <= text.length; ++at) assert.ok(!lines[0].includes(text.slice(at, at + 8)), lines[0]);
    }
  };

  const p384 = keyPair('ec', {namedCurve: 'P-384'}).publicKey;
  for (const [what, value] of Object.entries({
    'base64': '*** certainly not base64 ***',
    'base64 to its end': Buffer.from(keys.publicKey).toString('base64').slice(0, -9) + '-_-_!',
    'a key': Buffer.from('lorem ipsum dolor sit amet').toString('base64'),
    'a whole key': Buffer.from(keys.publicKey.slice(0, 90)).toString('base64'),
    'a key of P-256 but of P-384': Buffer.from(p384).toString('base64'),
    'a key of P-256 but of RSA': envOf(keyPair('rsa', {modulusLength: 2048}).publicKey).JWT_PUBLIC_KEY_B64,
    'a key of P-256 but of Ed25519': envOf(keyPair('ed25519').publicKey).JWT_PUBLIC_KEY_B64,
    'a public key but a private one': envOf(keys.privateKey).JWT_PUBLIC_KEY_B64,
  })) {
    test(`JWT_PUBLIC_KEY_B64 is not ${what}`, async () => {
      assertNames(await attempt({JWT_PUBLIC_KEY_B64: value}), 'JWT_PUBLIC_KEY_B64', value);
    });
  }

  test('PORT is no port', async () => {
    for (const port of ['x', '65536', '-1', '80x']) {
      const {code, lines} = await attempt({...env, PORT: port});
      assert.equal(code, 2);
      assert.ok(lines.some((line) => line.includes('PORT')), lines.join('\n'));
    }
  });

  test('the port is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const {port} = holder.address();
    const {code, lines} = await attempt({...env, PORT: String(port)});
    holder.close();
    assert.notEqual(code, 0);
    assert.ok(lines.some((line) => line.includes(String(port))), lines.join('\n'));
  });
});
