// What a client of notiflux may rely on, written from the protocol's reference, against the running server.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import {once} from 'node:events';
import {after, before, describe, test} from 'node:test';

import {Carillon, soon, until} from './carillon.js';
import {
  broadcast, env, heardBy, inSeconds, keyPair, keys, listener, malformed, newTopic, Notiflux, toBroadcast, toSubscribe, unknown,
} from './notiflux.js';
import * as turbine from './turbine.js';

const kib = 1024;
const numbers = (count) => [...Array(count).keys()];

// They say nothing while the other tests run, and when they are pinged is noted.
const quiet = {};
before(async () => {
  quiet.server = await Carillon.start({threads: 2, env: {...env, ...turbine.env}});
  for (const path of ['/notiflux/ws', '/ws']) {
    const {socket} = await Notiflux.open(quiet.server, path);
    const since = performance.now();
    quiet[path] = once(socket, 'ping').then(([payload]) => ({payload: String(payload), ms: performance.now() - since}));
  }
});
after(() => quiet.server.stop());

for (const path of ['/notiflux/ws', '/ws']) {
  describe(`a notiflux client at ${path}`, () => {
    let server;
    before(async () => { server = await Carillon.start({threads: 2, env: {...env, ...turbine.env}}); });
    after(() => server.stop());

    const open = () => Notiflux.open(server, path);

    test('subscribes in silence, and hears a broadcast word for word', async () => {
      const client = await open();
      const topic = newTopic();
      assert.deepEqual(await client.subscribe(topic), []);
      await broadcast(server, topic, '{"some": "thing",  "to":"hear"}');
      assert.equal(await client.heard(), '{"some": "thing",  "to":"hear"}');
    });

    test('has one token for three topics, and so has its backend', async () => {
      const three = [newTopic(), newTopic(), newTopic()];
      const client = await open();
      for (const topic of three) assert.deepEqual(await client.subscribe(topic, toSubscribe(three)), []);
      for (const topic of three) {
        await broadcast(server, topic, `for ${topic}`, toBroadcast(three));
        assert.equal(await client.heard(), `for ${topic}`);
      }
    });

    test('hears one copy, however often it subscribed', async () => {
      const client = await listener(server, path);
      const topic = newTopic();
      for (const _ of numbers(3)) await client.subscribe(topic);
      await broadcast(server, topic, 'once');
      assert.deepEqual(await heardBy(server, client), ['once']);
    });

    test('may have two hundred topics', async () => {
      const client = await listener(server, path);
      const many = numbers(200).map(newTopic);
      const granted = toSubscribe(many);
      for (const topic of many) await client.subscribe(topic, granted);
      for (const topic of many) await broadcast(server, topic, topic);
      assert.deepEqual((await heardBy(server, client)).sort(), [...many].sort());
    });

    test('may have topics of any characters but a space', async () => {
      const client = await listener(server, path);
      for (const topic of [
        'τόπος:☃', '#/?*>.', 'private-x', 'presence-x', 'tab\tin-it', '"\\', '/subscribe', 'x'.repeat(255),
      ]) {
        assert.deepEqual(await client.subscribe(topic), []);
        await broadcast(server, topic, `for ${topic}`);
        assert.deepEqual(await heardBy(server, client), [`for ${topic}`]);
      }
    });

    test('may have a topic of a thousand bytes', async () => {
      const client = await listener(server, path);
      const topic = 'x'.repeat(1000);
      await client.subscribe(topic);
      await broadcast(server, topic, 'heard');
      assert.deepEqual(await heardBy(server, client), ['heard']);
    });

    test('hears all of a topic in order, as everybody else does', async () => {
      const topic = newTopic();
      const clients = [await open(), await open(), await open()];
      for (const client of clients) await client.subscribe(topic);
      const granted = toBroadcast([topic]);
      for (const n of numbers(300)) await broadcast(server, topic, String(n), granted);
      for (const client of clients) {
        for (const n of numbers(300)) assert.equal(await client.heard(), String(n));
      }
    });

    test('hears any text unchanged', async () => {
      const client = await open();
      const topic = newTopic();
      await client.subscribe(topic);
      for (const text of [
        '', ' ', 'two\nlines\r\n', ' blanks \t', 'ünï ☃ \u{1f514} \u2028', '\u0000\u0001"\\/', unknown, '/subscribe a b',
      ]) {
        await broadcast(server, topic, text);
        assert.equal(await client.heard(), text);
      }
    });

    test('hears a mebibyte as one message', async () => {
      const client = await open();
      const topic = newTopic();
      await client.subscribe(topic);
      const text = 'ünï\n'.repeat(kib * kib / 6).padEnd(kib * kib);
      const frames = [];
      client.socket.on('message', (data, isBinary) => frames.push([String(data).length, isBinary]));
      await broadcast(server, topic, text);
      assert.equal(await client.heard(), text);
      assert.deepEqual(frames, [[text.length, false]]);
    });

    describe('is answered', () => {
      const token = toSubscribe(['t']);
      const answers = {
        '/subscribe': unknown,
        '/subscribe ': unknown,
        '/subscribe t': malformed,
        '/subscribe a b c': malformed,
        '/subscribe a  b': malformed,
        '/subscribe  a b': malformed,
        [`/subscribe t ${token} x`]: malformed,
        [`/subscribe  ${token}`]: malformed,
        '/subscribe a\tb': malformed,
        '/subscribe\ta b': unknown,
        '/subscribe\na b': unknown,
        '/Subscribe a b': unknown,
        '/SUBSCRIBE a b': unknown,
        '/subscribes a b': unknown,
        '/unsubscribe': unknown,
        '/unsubscribe ': unknown,
        '/unsubscribe-all x': unknown,
        '/unsubscribe-al': unknown,
        '/unsubscribe\tt': unknown,
        '/Unsubscribe t': unknown,
        '/publish t x': unknown,
        '/': unknown,
        '//': unknown,
        '/ subscribe t x': unknown,
        ' \r\n\t/ \n': unknown,
        '\n /subscribe t \t': malformed,
      };
      for (const [text, answer] of Object.entries(answers)) {
        test(`${JSON.stringify(text.replace(token, '<token>'))} with "${answer}"`, async () => {
          const client = await open();
          client.say(text);
          assert.equal(await client.heard(), answer);
          assert.deepEqual(await client.silence(), []);
        });
      }
    });

    describe('is answered nothing', () => {
      for (const text of [
        '/unsubscribe t', '/unsubscribe nobody knows it', '/unsubscribe  t', '/unsubscribe-all', ' /unsubscribe t ',
        '\n/unsubscribe-all\t', '/subscribe t garbage', '/subscribe t ...',
      ]) {
        test(`to ${JSON.stringify(text)}`, async () => {
          const client = await open();
          client.say(text);
          assert.deepEqual(await client.silence(), []);
        });
      }

      test('to any text that begins otherwise', async () => {
        const client = await open();
        const texts = ['', ' ', 'hello', 'subscribe a b', 'x /subscribe a b', '\\/subscribe', '.', '\u0000/x', '😀'];
        for (const text of texts) client.say(text);
        assert.deepEqual(await client.silence(), []);
        for (const text of [...texts, '{"id":1,"method":"ping"}', '[]']) client.say(text);
        assert.deepEqual(await client.silence(), []);
      });

      test('to binary', async () => {
        const client = await listener(server, path);
        const topic = newTopic();
        for (const text of ['/x', '/', '{"id":1,"method":"ping"}', `/subscribe ${topic} ${toSubscribe([topic])}`]) {
          client.socket.send(Buffer.from(text), {binary: true});
        }
        client.socket.send(Buffer.from([0xff, 0x00]), {binary: true});
        assert.deepEqual(await client.silence(), []);
        await broadcast(server, topic, 'not for it');
        assert.deepEqual(await heardBy(server, client), []);
      });
    });

    describe('leaves', () => {
      const both = async () => {
        const client = await listener(server, path);
        const [first, second] = client.topics = [newTopic(), newTopic()];
        for (const topic of [first, second]) await client.subscribe(topic);
        return client;
      };
      const heardAfter = async (client, text) => {
        client.say(text);
        assert.deepEqual(await client.silence(), []);
        for (const [n, topic] of client.topics.entries()) await broadcast(server, topic, String(n));
        return (await heardBy(server, client)).sort();
      };

      test('one topic', async () => {
        const client = await both();
        assert.deepEqual(await heardAfter(client, `/unsubscribe ${client.topics[0]}`), ['1']);
        assert.deepEqual(await client.subscribe(client.topics[0]), []);
        assert.deepEqual(await heardAfter(client, '/unsubscribe nothing'), ['0', '1']);
      });

      test('no topic with a space too many', async () => {
        const client = await both();
        assert.deepEqual(await heardAfter(client, `/unsubscribe  ${client.topics[0]}`), ['0', '1']);
      });

      test('no topic when it names two', async () => {
        const client = await both();
        assert.deepEqual(await heardAfter(client, `/unsubscribe ${client.topics.join(' ')}`), ['0', '1']);
      });

      test('every topic at once', async () => {
        const client = await both();
        client.say('/unsubscribe-all');
        assert.deepEqual(await client.silence(), []);
        for (const topic of [...client.topics, client.control]) await broadcast(server, topic, 'not for it');
        await client.subscribe(client.control);
        assert.deepEqual(await heardBy(server, client), []);
        assert.deepEqual(await client.subscribe(client.topics[1]), []);
        assert.deepEqual(await heardAfter(client, '/unsubscribe nothing'), ['1']);
      });
    });

    describe('is told nothing and hears nothing when its token', () => {
      const other = keyPair();
      const p384 = keyPair('ec', {namedCurve: 'P-384'});
      const rsa = keyPair('rsa', {modulusLength: 2048});
      const ed25519 = keyPair('ed25519');
      const tokens = {
        'has expired': (t) => toSubscribe([t], {exp: inSeconds(-90)}),
        'is not valid yet': (t) => toSubscribe([t], {nbf: inSeconds(600)}),
        'is for broadcasting': (t) => toBroadcast([t]),
        'is for something else': (t) => toSubscribe([t], {scope: 'Subscribe'}),
        'is for an empty scope': (t) => toSubscribe([t], {scope: ''}),
        'is for both': (t) => toSubscribe([t], {scope: 'subscribe broadcast'}),
        'has no scope': (t) => toSubscribe([t], {scope: undefined}),
        'has a list of scopes': (t) => toSubscribe([t], {scope: ['subscribe']}),
        'lists another topic': () => toSubscribe(['another']),
        'lists more than the topic': (t) => toSubscribe([`${t}x`, ` ${t}`, `${t}:`, t.toUpperCase(), '*', 'topic-*', '']),
        'lists nothing': () => toSubscribe([]),
        'has no topics': (t) => toSubscribe([t], {topics: undefined}),
        'has the topic for topics': (t) => toSubscribe([t], {topics: t}),
        'has a number among its topics': (t) => toSubscribe([t, 7]),
        'has the single topic of old': (t) => toSubscribe([t], {topics: undefined, topic: t}),
        'has no subject': (t) => toSubscribe([t], {sub: undefined}),
        'has a number for a subject': (t) => toSubscribe([t], {sub: 7}),
        'has no expiry': (t) => toSubscribe([t], {exp: undefined}),
        'has a fraction for an expiry': (t) => toSubscribe([t], {exp: inSeconds(60) + 0.5}),
        'has a text for an expiry': (t) => toSubscribe([t], {exp: String(inSeconds(60))}),
        'has a negative expiry': (t) => toSubscribe([t], {exp: -1}),
        'has an audience': (t) => toSubscribe([t], {aud: 'notiflux'}),
        'has audiences': (t) => toSubscribe([t], {aud: ['notiflux']}),
        'is signed with another key': (t) => toSubscribe([t], {}, {key: other.privateKey}),
        'is of HS256 with the public key for a secret': (t) =>
          toSubscribe([t], {}, {algorithm: 'HS256', key: crypto.createSecretKey(Buffer.from(keys.publicKey))}),
        'is of ES384': (t) => toSubscribe([t], {}, {algorithm: 'ES384', key: p384.privateKey}),
        'is of RS256': (t) => toSubscribe([t], {}, {algorithm: 'RS256', key: rsa.privateKey}),
        'is of no algorithm': (t) => toSubscribe([t], {}, {algorithm: 'none', key: ''}),
        'says ES256 and is signed with nothing': (t) => toSubscribe([t]).replace(/[^.]*$/, ''),
        'says ES256 and is signed with zeros': (t) =>
          toSubscribe([t]).replace(/[^.]*$/, Buffer.alloc(64).toString('base64url')),
        'says ES256 and has a signature in DER': (t) => {
          const signed = toSubscribe([t]).replace(/\.[^.]*$/, '');
          return `${signed}.${crypto.sign('sha256', Buffer.from(signed), keys.privateKey).toString('base64url')}`;
        },
        'says EdDSA': (t) => {
          const [, claims] = toSubscribe([t]).split('.');
          const signed = `${Buffer.from('{"typ":"JWT","alg":"EdDSA"}').toString('base64url')}.${claims}`;
          return `${signed}.${crypto.sign(null, Buffer.from(signed), ed25519.privateKey).toString('base64url')}`;
        },
        'has changed claims': (t) => {
          const [header, , signature] = toSubscribe(['another']).split('.');
          return [header, toSubscribe([t]).split('.')[1], signature].join('.');
        },
        'is garbage': () => 'garbage',
      };
      for (const [what, make] of Object.entries(tokens)) {
        test(what, async () => {
          const client = await listener(server, path);
          const witness = await open();
          const topic = newTopic();
          await witness.subscribe(topic);
          assert.deepEqual(await client.subscribe(topic, make(topic)), []);
          await broadcast(server, topic, 'not for it');
          assert.equal(await witness.heard(), 'not for it');
          assert.deepEqual(await heardBy(server, client), []);
        });
      }

      test('was refused nineteen times; it is closed with 1008 when that goes on', async () => {
        const patient = await listener(server, path);
        for (const _ of numbers(19)) assert.deepEqual(await patient.subscribe('t', 'bad'), []);
        const topic = newTopic();
        assert.deepEqual(await patient.subscribe(topic), []);
        await broadcast(server, topic, 'still there');
        assert.equal(await patient.heard(), 'still there');
        const rude = await open();
        for (const _ of numbers(19)) assert.deepEqual(await rude.subscribe('t', 'bad'), []);
        for (const _ of numbers(2)) rude.say('/subscribe t bad');
        assert.equal((await soon(rude.closed, 'the end')).code, 1008);
      });
    });

    describe('hears all the same when its token', () => {
      for (const [what, claims, options] of [
        ['expired half a minute ago', {exp: inSeconds(-30)}],
        ['says more than it must', {iss: 'me', iat: inSeconds(0), jti: 'x', nbf: inSeconds(-5), extra: {a: []}}],
        ['names a key', {}, {header: {kid: 'another key'}}],
        ['says a subject that is empty', {sub: ''}],
      ]) {
        test(what, async () => {
          const client = await open();
          const topic = newTopic();
          assert.deepEqual(await client.subscribe(topic, toSubscribe([topic], claims, options)), []);
          await broadcast(server, topic, 'heard', toBroadcast([topic], claims, options));
          assert.equal(await client.heard(), 'heard');
        });
      }
    });

    describe('at the WebSocket\'s own level', () => {
      test('gets its ping back', async () => {
        const client = await open();
        for (const payload of ['', 'are you there?', 'x'.repeat(125)]) {
          const pong = once(client.socket, 'pong');
          client.socket.ping(payload);
          assert.equal(String((await soon(pong, 'the pong'))[0]), payload);
        }
      });

      test('gets its close back', async () => {
        const client = await open();
        client.socket.close(3001, 'enough');
        assert.equal((await soon(client.closed, 'the end')).code, 3001);
      });

      test('gets the reason of its close back', async () => {
        const client = await open();
        client.socket.close(3001, 'enough');
        assert.equal((await soon(client.closed, 'the end')).reason, 'enough');
      });

      test('is closed for a message in pieces', async () => {
        const client = await listener(server, path);
        client.socket.send('/', {fin: false});
        client.socket.send('x', {fin: true});
        await soon(client.closed, 'the end');
      });

      test('may say 64 KiB, and is closed with 1009 for one byte more', async () => {
        const client = await open();
        client.say(`/${'x'.repeat(64 * kib - 1)}`);
        assert.equal(await client.heard(), unknown);
        client.say(`/${'x'.repeat(64 * kib)}`);
        assert.equal((await soon(client.closed, 'the end')).code, 1009);
      });

      test('is closed with 1009 for binary of more than 64 KiB', async () => {
        const client = await listener(server, path);
        client.socket.send(Buffer.alloc(64 * kib + 1), {binary: true});
        assert.equal((await soon(client.closed, 'the end')).code, 1009);
      });

      test('is closed with 1007 for text that is not UTF-8', async () => {
        const client = await listener(server, path);
        client.socket.send(Buffer.from([0x2f, 0xff]), {binary: false});
        assert.equal((await soon(client.closed, 'the end')).code, 1007);
      });

      test('is closed with 1002 for a frame that is not masked', async () => {
        const client = await listener(server, path);
        client.socket._socket.write(Buffer.from([0x81, 0x01, 0x2f]));
        assert.equal((await soon(client.closed, 'the end')).code, 1002);
      });
    });
  });
}

describe('a notiflux session that does not read', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2, env}); });
  after(() => server.stop());

  test('is closed, and costs nobody else anything', async () => {
    const [slow, healthy] = [await Notiflux.open(server), await Notiflux.open(server)];
    for (const client of [slow, healthy]) await client.subscribe('flood');
    slow.socket.pause();
    const granted = toBroadcast(['flood']);
    const fill = 'x'.repeat(256 * kib);
    // What waited for it is dropped at once; its session ends when it is known to be gone.
    const dropped = async () => [...await server.metrics()]
      .reduce((all, [name, count]) => all + (/^carillon_dropped_total\{.*reason="closed"/.test(name) ? count : 0), 0);
    let sent = 0;
    for (; await dropped() === 0; ++sent) {
      assert.ok(sent < 400, 'a hundred mebibytes wait for it');
      await broadcast(server, 'flood', `${sent} ${fill}`, granted);
      assert.equal(await healthy.heard(), `${sent} ${fill}`);
    }
    slow.socket.resume();
    const {code} = await soon(slow.closed, 'the end of the slow one');
    assert.equal(code, 1013);
    await until(async () => assert.equal(await server.sessions(), 1));
    await broadcast(server, 'flood', 'after', granted);
    assert.equal(await healthy.heard(), 'after');
  });
});

describe('a client that says nothing', () => {
  for (const path of ['/notiflux/ws', '/ws']) {
    test(`is pinged at ${path} after fifteen seconds`, async () => {
      const {payload, ms} = await soon(quiet[path], 'the ping');
      assert.ok(ms > 14_500 && ms < 19_000, `pinged after ${ms} ms`);
      assert.equal(payload, '');
    });
  }
});
