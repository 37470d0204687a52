// What a client of Turbine may rely on, written from the protocol's reference, against the running server.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import {once} from 'node:events';
import {after, before, describe, test} from 'node:test';

import {Carillon, soon} from './carillon.js';
import * as notiflux from './notiflux.js';
import {env, inSeconds, publish, publishText, secret, token, Turbine} from './turbine.js';

const kib = 1024;
const numbers = (count) => [...Array(count).keys()];
const error = (id, code) => ({id, code});
// What of an error reply a client may rely on.
const errorOf = ({id, error: {code, message}, ...more}) => {
  assert.equal(typeof message, 'string');
  assert.deepEqual(more, {});
  return {id, code};
};

// The shared path has both of its protocols here, so that the first message really decides.
for (const path of ['/turbine/ws', '/ws']) {
  describe(`a Turbine client at ${path}`, () => {
    let server;
    before(async () => { server = await Carillon.start({threads: 2, env: {...env, ...notiflux.env}}); });
    after(() => server.stop());

    const open = (options) => Turbine.open(server, path, options);
    const connected = (claims) => Turbine.connected(server, path, claims);

    describe('connects', () => {
      test('with a token of HS256 and the three claims', async () => {
        const client = await open();
        client.say(JSON.stringify({id: 1, method: 'connect', params: {token: token()}}));
        assert.equal(await client.frame(), '{"id":1,"result":{"connected":true}}');
      });

      for (const [what, claims] of Object.entries({
        'whose expiry is past by less than the leeway': {exp: inSeconds(-30)},
        'whose expiry is a fraction': {exp: inSeconds(600) + 0.5},
        'with claims that say nothing here': {iat: inSeconds(0), iss: 'me', jti: 'x', nbf: inSeconds(-10), extra: {a: [1]}},
        'with an audience': {aud: 'somebody'},
      })) {
        test(`with a token ${what}`, async () => {
          assert.deepEqual(await (await open()).connect(claims), {connected: true});
        });
      }

      test('with a token that names a key and no type', async () => {
        const options = {header: {kid: 'k1'}};
        assert.deepEqual(await (await open()).connect({}, options), {connected: true});
      });
    });

    describe('is answered 401, and stays, when its token', () => {
      const rsa = notiflux.keyPair('rsa', {modulusLength: 2048}).privateKey;
      const changed = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      const tokens = {
        'has expired': () => token({exp: inSeconds(-90)}),
        'is not valid yet': () => token({nbf: inSeconds(600)}),
        'is signed with another secret': () => token({}, {key: 'another'}),
        'is signed with no secret': () => token({}, {key: ' '}),
        'is of HS384': () => token({}, {algorithm: 'HS384'}),
        'is of HS512': () => token({}, {algorithm: 'HS512'}),
        'is of RS256': () => token({}, {algorithm: 'RS256', key: rsa}),
        'is of ES256': () => token({}, {algorithm: 'ES256', key: notiflux.keys.privateKey}),
        'is of no algorithm': () => token({}, {algorithm: 'none', key: ''}),
        'is of no algorithm and carries a signature': () =>
          token({}, {algorithm: 'none', key: ''}) + token().split('.')[2],
        'has no subject': () => token({sub: undefined}),
        'has no expiry': () => token({exp: undefined}),
        'has no channels': () => token({channels: undefined}),
        'has a number for a subject': () => token({sub: 7}),
        'has a text for an expiry': () => token({exp: '9999999999'}),
        'has null for an expiry': () => token({exp: null}),
        'has a text for channels': () => token({channels: 'news'}),
        'has null for channels': () => token({channels: null}),
        'has a number among the channels': () => token({channels: ['news', 7]}),
        'has claims that are no object': () => {
          const [header] = token().split('.');
          const signed = `${header}.${Buffer.from('[1]').toString('base64url')}`;
          return `${signed}.${crypto.createHmac('sha256', secret).update(signed).digest('base64url')}`;
        },
        'has a changed claim': () => { const text = token(); return changed(text, text.indexOf('.') + 8); },
        'has a changed signature': () => { const text = token(); return changed(text, text.length - 20); },
        'has no signature': () => token().replace(/[^.]*$/, ''),
        'has two parts': () => token().replace(/\.[^.]*$/, ''),
        'has four parts': () => `${token()}.AAAA`,
        'is garbage': () => 'garbage',
        'is three dots': () => '...',
        'is empty': () => '',
      };
      for (const [what, make] of Object.entries(tokens)) {
        test(what, async () => {
          const client = await open();
          assert.equal(await client.ask('connect', {token: make()}), 401);
          assert.equal(await client.subscribe('news'), 401);
          assert.deepEqual(await client.connect(), {connected: true});
        });
      }

      test('and is told nothing else, whatever is wrong with it', async () => {
        const answers = new Set();
        for (const text of [token({exp: 1}), token({}, {key: 'x'}), 'garbage', token({}, {algorithm: 'HS512'})]) {
          const client = await open();
          client.say(JSON.stringify({id: 1, method: 'connect', params: {token: text}}));
          answers.add(await client.frame());
        }
        assert.equal(answers.size, 1);
      });

      test('has been refused nine times, and is closed with 1008 when that goes on', async () => {
        const patient = await open();
        for (const _ of numbers(9)) assert.equal(await patient.ask('connect', {token: 'bad'}), 401);
        assert.deepEqual(await patient.connect(), {connected: true});
        const rude = await open();
        for (const _ of numbers(9)) assert.equal(await rude.ask('connect', {token: 'bad'}), 401);
        for (const id of [10, 11]) rude.say(JSON.stringify({id, method: 'connect', params: {token: 'bad'}}));
        assert.equal((await soon(rude.closed, 'the end')).code, 1008);
      });
    });

    describe('keeps to the order of things:', () => {
      test('before connect there is only ping', async () => {
        const client = await open();
        assert.equal(await client.subscribe('news'), 401);
        assert.equal(await client.unsubscribe('news'), 401);
        assert.equal(typeof await client.ask('ping'), 'object');
        assert.equal(await publish(server, 'news', 1), 0);
        assert.deepEqual(await client.connect(), {connected: true});
        assert.equal(await publish(server, 'news', 1), 0);
      });

      test('a connect without a token is a bad command', async () => {
        const client = await open();
        for (const params of [undefined, {}, {token: 5}, {token: null}, [], 'x', null]) {
          assert.equal(await client.ask('connect', params), 400);
        }
        assert.deepEqual(await client.connect(), {connected: true});
      });

      test('a second connect is a bad command and changes nothing', async () => {
        const client = await connected({channels: ['a', 'b']});
        await client.subscribe('a');
        assert.equal(await client.connect({channels: []}), 400);
        assert.equal(await client.ask('connect', {token: 'garbage'}), 400);
        assert.equal(await client.subscribe('c'), 403);
        assert.equal(typeof await client.subscribe('b'), 'object');
        assert.equal(await publish(server, 'a', 'still'), 1);
        assert.deepEqual(await client.heard(), {channel: 'a', data: 'still'});
      });

      test('replies come in the order of the commands', async () => {
        const client = await connected();
        for (const id of numbers(200)) {
          const method = ['subscribe', 'ping', 'unsubscribe', 'nonsense'][id % 4];
          client.say(JSON.stringify({id, method, params: {channel: `order-${id % 3}`}}));
        }
        for (const id of numbers(200)) assert.equal((await client.reply()).id, id);
      });

      test('no publication comes before the reply to the subscribe that asked for it', async () => {
        let publishing = true;
        const publisher = (async () => { while (publishing) await publish(server, 'busy', 1); })();
        for (const _ of numbers(20)) {
          const client = await connected();
          assert.equal(typeof await client.subscribe('busy'), 'object');
          assert.deepEqual(client.pushes, []);
          await client.heard();
          await client.close();
        }
        publishing = false;
        await publisher;
      });
    });

    describe('may join', () => {
      test('what its token lists, and exactly that', async () => {
        const client = await connected({channels: ['chat:lobby', 'news']});
        for (const channel of ['chat:lobby', 'news']) assert.equal(typeof await client.subscribe(channel), 'object');
        for (const channel of ['Chat:lobby', 'NEWS', 'chat', 'chat:', 'chat:lobby ', ' news', 'new', 'news2', 'chat:*', '*']) {
          assert.equal(await client.subscribe(channel), 403, channel);
        }
        assert.equal(await publish(server, 'NEWS', 1), 0);
      });

      test('everything, if its token lists nothing', async () => {
        const client = await connected({channels: []});
        for (const channel of ['anything', 'private-x', 'presence-x', '#server-to-user-x', 'ünï ☃', '*', 'a b/c.d>']) {
          assert.equal(typeof await client.subscribe(channel), 'object', channel);
          assert.equal(await publish(server, channel, {to: channel}), 1);
          assert.deepEqual(await client.heard(), {channel, data: {to: channel}});
        }
      });

      test('nothing, if its token lists the empty name', async () => {
        const client = await connected({channels: ['']});
        assert.equal(await client.subscribe('news'), 403);
        assert.equal(await client.subscribe(''), 400);
      });

      test('nothing by a pattern', async () => {
        const client = await connected({channels: ['*', 'chat:*']});
        assert.equal(await client.subscribe('chat:lobby'), 403);
      });

      test('and is told of a channel that it may not in these words', async () => {
        const client = await connected({channels: ['a']});
        client.say('{"id":2,"method":"subscribe","params":{"channel":"b"}}');
        assert.deepEqual(JSON.parse(await client.frame()), {id: 2, error: {code: 403, message: 'forbidden'}});
      });

      test('names of up to 255 bytes', async () => {
        const client = await connected();
        for (const name of ['x'.repeat(255), 'é'.repeat(127) + 'x']) {
          assert.equal(typeof await client.subscribe(name), 'object');
          assert.equal(await publish(server, name, 1), 1);
        }
        for (const name of ['x'.repeat(256), 'é'.repeat(128), '']) assert.equal(await client.subscribe(name), 400);
      });

      test('sixty-four channels, and another one for each that it leaves', async () => {
        const client = await connected({channels: [...numbers(66).map((n) => `many-${n}`)]});
        for (const n of numbers(64)) assert.equal(typeof await client.subscribe(`many-${n}`), 'object');
        assert.equal(await client.subscribe('many-64'), 429);
        assert.equal(await client.subscribe('not-mine'), 403);
        assert.equal(typeof await client.subscribe('many-5'), 'object');
        for (const n of numbers(64)) assert.equal(await publish(server, `many-${n}`, n), 1);
        assert.equal(await publish(server, 'many-64', 64), 0);
        assert.deepEqual((await client.everything()).map(({data}) => data), numbers(64));
        await client.unsubscribe('many-5');
        assert.equal(typeof await client.subscribe('many-64'), 'object');
        assert.equal(await client.subscribe('many-65'), 429);
        assert.equal(await client.subscribe('many-5'), 429);
        await client.unsubscribe('many-64');
        assert.equal(typeof await client.subscribe('many-5'), 'object');
      });
    });

    describe('leaves', () => {
      test('a channel that it never had, twice, or one that is not its own', async () => {
        const client = await connected({channels: ['a']});
        for (const channel of ['a', 'a', 'nobody knows it', 'b']) {
          assert.equal(typeof await client.unsubscribe(channel), 'object', channel);
        }
        assert.equal(await client.subscribe('b'), 403);
      });

      test('and hears nothing after the reply', async () => {
        const client = await connected();
        await client.subscribe('left');
        let publishing = true;
        const publisher = (async () => { while (publishing) await publish(server, 'left', 1); })();
        for (const _ of numbers(20)) {
          await client.heard();
          await client.unsubscribe('left');
          client.pushes = [];
          assert.deepEqual(await client.everything(), []);
          await client.subscribe('left');
        }
        publishing = false;
        await publisher;
      });

      test('everything with its connection', async () => {
        const client = await connected();
        await client.subscribe('gone');
        await client.close();
        assert.equal(await publish(server, 'gone', 1), 0);
      });
    });

    describe('hears', () => {
      test('a publication in these bytes, the data as its publisher wrote it', async () => {
        const client = await connected();
        await client.subscribe('raw');
        for (const data of [
          '{"b" : 1,  "a":[1.0, 1e3, -0]}', '"text"', '42', '1.50', 'true', 'null', '[]', '{}', '""',
          '12345678901234567890123', '"\\u00e9\\u2028 é \u2028 \\/ ☃"', '{"a":1,"a":2}', '{\n\t"deep": [[[[{}]]]]\n}',
        ]) {
          const answer = await publishText(server, `{"channel":"raw","data":${data}}`);
          assert.equal(answer.body, '{"ok":true,"delivered":1}');
          assert.equal(await client.frame(), `{"method":"publication","params":{"channel":"raw","data":${data}}}`);
        }
      });

      test('one copy of each, however often it subscribed', async () => {
        const client = await connected();
        for (const _ of numbers(3)) assert.equal(typeof await client.subscribe('once'), 'object');
        assert.equal(await publish(server, 'once', 1), 1);
        assert.deepEqual(await client.everything(), [{channel: 'once', data: 1}]);
        await client.unsubscribe('once');
        assert.equal(await publish(server, 'once', 2), 0);
      });

      test('all of a channel in order', async () => {
        const client = await connected();
        await client.subscribe('ordered');
        for (const n of numbers(500)) assert.equal(await publish(server, 'ordered', n), 1);
        for (const n of numbers(500)) assert.equal((await client.heard()).data, n);
      });

      test('a message of a mebibyte', async () => {
        const client = await connected();
        await client.subscribe('large');
        const data = 'ü'.repeat(512 * kib);
        assert.equal(await publish(server, 'large', data), 1);
        assert.deepEqual(await client.heard(), {channel: 'large', data});
      });
    });

    describe('whose command is bad is answered 400, and stays:', () => {
      // What is said, once it is connected, and the id of the reply; null: it may be either.
      const texts = {
        'text': ['hello', 0], 'nothing': ['', 0], 'blanks': ['   ', 0], 'an array': ['[]', 0],
        'an array of commands': ['[{"id":1,"method":"ping"}]', 0], 'a number': ['42', 0], 'a string': ['"ping"', 0],
        'null': ['null', 0], 'half an object': ['{"id":1,"method":"ping"', 0],
        'a comma too many': ['{"id":1,"method":"ping",}', 0],
        'two commands': ['{"id":1,"method":"ping"}\n{"id":2,"method":"ping"}', 0], 'a slash': ['/subscribe a b', 0],
        'depth': ['['.repeat(20_000), 0], 'depth in an object': ['{"a":'.repeat(10_000), 0],
        'no id': ['{"method":"ping"}', 0], 'null for an id': ['{"id":null,"method":"ping"}', 0],
        'a negative id': ['{"id":-1,"method":"ping"}', 0], 'a fraction for an id': ['{"id":1.5,"method":"ping"}', 0],
        'a text for an id': ['{"id":"1","method":"ping"}', 0], 'an object for an id': ['{"id":{},"method":"ping"}', 0],
        'an empty object': ['{}', 0],
        'an unknown method': ['{"id":7,"method":"publish","params":{"channel":"a","data":1}}', 7],
        'a method in capitals': ['{"id":7,"method":"PING"}', 7], 'an empty method': ['{"id":7,"method":""}', 7],
        'no method': ['{"id":7}', null], 'a number for a method': ['{"id":7,"method":5}', null],
        'no params': ['{"id":7,"method":"subscribe"}', 7], 'null for params': ['{"id":7,"method":"subscribe","params":null}', 7],
        'an array for params': ['{"id":7,"method":"subscribe","params":["a"]}', 7],
        'no channel': ['{"id":7,"method":"subscribe","params":{}}', 7],
        'a number for a channel': ['{"id":7,"method":"subscribe","params":{"channel":1}}', 7],
        'no channel to leave': ['{"id":7,"method":"unsubscribe","params":{}}', 7],
        'an empty channel to leave': ['{"id":7,"method":"unsubscribe","params":{"channel":""}}', 7],
      };
      for (const [what, [text, id]] of Object.entries(texts)) {
        test(what, async () => {
          const client = await connected();
          client.say(text);
          const reply = errorOf(await client.reply());
          assert.deepEqual(reply, error(id ?? reply.id, 400));
          assert.equal(typeof await client.subscribe('good'), 'object');
        });
      }

      test('but an id may be any natural number, and come twice', async () => {
        const client = await connected();
        for (const id of ['0', '1', '1', '9007199254740993', '18446744073709551615']) {
          client.say(`{"id":${id},"method":"ping"}`);
          assert.match(await client.frame(), new RegExp(`^\\{"id":${id},"result":\\{`));
        }
      });

      test('but what is not asked for is ignored', async () => {
        const client = await open();
        for (const [text, id] of [
          ['{"id":1,"method":"ping","params":{"x":1}}', 1], ['{"id":2,"method":"ping","params":5}', 2],
          ['{"extra":[{}],"params":{"more":null},"method":"ping","id":3}', 3], [' \n{ "id" : 4 , "method" : "ping" }\t', 4],
        ]) {
          client.say(text);
          const {id: answered, result} = await client.reply();
          assert.equal(answered, id);
          assert.equal(typeof result, 'object');
        }
      });
    });

    describe('at the WebSocket\'s own level', () => {
      test('may send its commands as binary', async () => {
        const client = await connected();
        client.socket.send(Buffer.from('{"id":9,"method":"ping"}'), {binary: true});
        assert.equal((await client.reply()).id, 9);
        client.socket.send(Buffer.from('{"id":10,"method":"subscribe","params":{"channel":"binäry"}}'), {binary: true});
        assert.equal((await client.reply()).id, 10);
        assert.equal(await publish(server, 'binäry', 1), 1);
        assert.deepEqual(await client.heard(), {channel: 'binäry', data: 1});
      });

      test('is answered 400 to binary that is not UTF-8, and stays', async () => {
        const client = await connected();
        for (const bytes of [[0xff, 0xfe], [...Buffer.from('{"id":9,"method":"ping","x":"'), 0xc3, ...Buffer.from('"}')]]) {
          client.socket.send(Buffer.from(bytes), {binary: true});
          assert.deepEqual(errorOf(await client.reply()), error(0, 400));
        }
        assert.equal(typeof await client.ask('ping'), 'object');
      });

      test('is closed with 1007 for text that is not UTF-8', async () => {
        const client = await connected();
        client.socket.send(Buffer.from([0x22, 0xff, 0x22]), {binary: false});
        assert.equal((await soon(client.closed, 'the end')).code, 1007);
      });

      test('may send a command in pieces', async () => {
        const client = await connected();
        client.socket.send('{"id":9,"met', {fin: false});
        client.socket.send('hod":"pi', {fin: false});
        client.socket.send('ng"}', {fin: true});
        assert.equal((await client.reply()).id, 9);
      });

      test('may say 64 KiB, and is closed with 1009 for more', async () => {
        const client = await connected();
        const command = '{"id":9,"method":"ping"}';
        client.say(command.padEnd(64 * kib));
        assert.equal((await client.reply()).id, 9);
        client.say(command.padEnd(64 * kib + 1));
        assert.equal((await soon(client.closed, 'the end')).code, 1009);
      });

      test('is closed with 1009 for a mebibyte, whole or in pieces', async () => {
        const whole = await connected();
        whole.say(' '.repeat(1024 * kib));
        assert.equal((await soon(whole.closed, 'the end')).code, 1009);
        const pieces = await connected();
        for (const _ of numbers(64)) pieces.socket.send(' '.repeat(16 * kib), {fin: false});
        assert.equal((await soon(pieces.closed, 'the end')).code, 1009);
      });

      test('is closed with 1002 for a frame that is not masked', async () => {
        const client = await connected();
        client.socket._socket.write(Buffer.from([0x81, 0x02, 0x7b, 0x7d]));
        assert.equal((await soon(client.closed, 'the end')).code, 1002);
      });

      test('gets its ping back', async () => {
        const client = await connected();
        const pong = once(client.socket, 'pong');
        client.socket.ping('are you there?');
        assert.equal(String((await soon(pong, 'the pong'))[0]), 'are you there?');
      });

      test('gets its close back', async () => {
        const client = await connected();
        client.socket.close(3001, 'enough');
        assert.equal((await soon(client.closed, 'the end')).code, 3001);
      });
    });
  });
}

describe('a Turbine session that does not read', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2, env}); });
  after(() => server.stop());

  test('keeps 256 messages or more, loses the newer ones, stays, and hears on when it has drained', async () => {
    const [stalled, healthy] = [await Turbine.connected(server), await Turbine.connected(server)];
    for (const client of [stalled, healthy]) await client.subscribe('flood');
    stalled.socket.pause();
    const accepted = [];
    let published = 0;
    const flood = async () => {
      const n = published++;
      const delivered = await publish(server, 'flood', {n, fill: 'x'.repeat(16 * kib)});
      assert.ok(delivered === 1 || delivered === 2, `delivered to ${delivered}`);
      if (delivered === 2) accepted.push(n);
      assert.equal((await healthy.heard()).data.n, n);
      return delivered;
    };
    while (await flood() === 2) assert.ok(published < 10_000, 'it is never full');
    assert.ok(accepted.length >= 256, `${accepted.length} messages were kept`);
    for (const _ of numbers(50)) await flood();
    assert.ok(published - accepted.length >= 40, 'newer messages are lost');

    // Replies have room of their own.
    stalled.say('{"id":77,"method":"ping"}');
    stalled.socket.resume();
    assert.equal((await stalled.reply()).id, 77);
    assert.deepEqual(stalled.pushes.splice(0).map(({params}) => params.data.n), accepted);
    assert.equal(await publish(server, 'flood', 'after'), 2);
    assert.deepEqual(await stalled.heard(), {channel: 'flood', data: 'after'});
    assert.equal(stalled.socket.readyState, 1);
  });
});
