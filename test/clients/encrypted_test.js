// Encrypted channels: the server carries what it cannot read. pusher-js/with-encryption and the Node SDK hold the keys.
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {after, before, describe, test} from 'node:test';
import {compileFunction} from 'node:vm';

import {app, Carillon, heard, PusherClient} from './carillon.js';

const require = createRequire(import.meta.url);
const nacl = require('tweetnacl');
const masterKey = randomBytes(32).toString('base64');

// The build for browsers, on a page that has as much as it asks for.
function loadWithEncryption() {
  const page = {
    WebSocket: require('ws'), JSON, crypto, setTimeout, clearTimeout, setInterval, clearInterval, addEventListener() {},
  };
  const document = {location: {protocol: 'http:'}, body: {}};
  const module = {exports: {}};
  const source = readFileSync(require.resolve('pusher-js/dist/web/pusher-with-encryption.js'), 'utf8');
  compileFunction(source, ['module', 'exports', 'window', 'self', 'document', 'navigator'])(
    module, module.exports, page, page, document, {onLine: true});
  return module.exports;
}

const builds = {'pusher-js/with-encryption': loadWithEncryption(), 'pusher-js for Node': PusherClient};

for (const [name, Client] of Object.entries(builds)) {
  describe(`an encrypted channel with ${name}`, () => {
    let server;
    before(async () => { server = await Carillon.start({threads: 2}); });
    after(() => server.stop());

    const backendOf = (key = masterKey) => server.backend({encryptionMasterKeyBase64: key});

    // `rights` gives what the customer's endpoint answers.
    async function connected(rights = (socket, channel) => backendOf().authorizeChannel(socket, channel)) {
      const client = server.client({
        channelAuthorization: {
          customHandler: ({socketId, channelName}, callback) => callback(null, rights(socketId, channelName)),
        },
      }, app.key, Client);
      await heard(client.connection, 'connected');
      return client;
    }

    test('delivers what only its members can read', async () => {
      const channel = await server.subscribed(await connected(), 'private-encrypted-vault');
      const sent = {text: 'bells — ☃ "quoted"', n: [1, 2.5, null]};
      const message = heard(channel, 'opened');
      await backendOf().trigger('private-encrypted-vault', 'opened', sent);
      assert.deepEqual(await message, sent);
    });

    test('tells who comes late to the cache variant its last event, and who comes first that there is none', async () => {
      const name = 'private-encrypted-cache-vault';
      const first = (await connected()).subscribe(name);
      await heard(first, 'pusher:cache_miss');
      for (const n of [1, 2]) {
        const message = heard(first, 'opened');
        await backendOf().trigger(name, 'opened', {n});
        assert.deepEqual(await message, {n});
        first.unbind('opened');
      }
      const late = (await connected()).subscribe(name);
      assert.deepEqual(await heard(late, 'opened'), {n: 2});
    });

    test('asks for a new key when an event cannot be read with the old one', async () => {
      const old = randomBytes(32).toString('base64');
      const keys = [old, masterKey];
      const client = await connected((socket, channel) => backendOf(keys.shift()).authorizeChannel(socket, channel));
      const channel = await server.subscribed(client, 'private-encrypted-turn');
      const message = heard(channel, 'opened');
      await backendOf().trigger('private-encrypted-turn', 'opened', 'turned');
      assert.equal(await message, 'turned');
      assert.equal(keys.length, 0);
    });

    test('is refused without a signature', async () => {
      const client = await connected((socket, channel) =>
        ({...backendOf().authorizeChannel(socket, channel), auth: `${app.key}:${'0'.repeat(64)}`}));
      const refusal = heard(client.subscribe('private-encrypted-vault'), 'pusher:subscription_error');
      assert.equal((await refusal).status, 401);
    });
  });
}

describe('an encrypted channel on the wire', () => {
  let server;
  let backend;
  before(async () => {
    server = await Carillon.start();
    backend = server.backend({encryptionMasterKeyBase64: masterKey});
  });
  after(() => server.stop());

  async function listener(channel) {
    const bare = await server.bare();
    const answer = await bare.subscribe(channel, backend.authorizeChannel(bare.socket_id, channel));
    assert.equal(answer.event, 'pusher_internal:subscription_succeeded');
    return bare;
  }

  test('carries ciphertext, and nothing of what it says', async () => {
    const name = 'private-encrypted-wire';
    const bare = await listener(name);
    await backend.trigger(name, 'opened', {text: 'a secret word'});
    const frame = await bare.next();
    assert.ok(!frame.includes('secret'), frame);
    const {event, channel, data, ...more} = JSON.parse(frame);
    assert.deepEqual([event, channel, more], ['opened', name, {}]);
    const box = JSON.parse(data);
    assert.deepEqual(Object.keys(box), ['nonce', 'ciphertext']);
    const [nonce, ciphertext] = ['nonce', 'ciphertext'].map((key) => new Uint8Array(Buffer.from(box[key], 'base64')));
    const opened = nacl.secretbox.open(ciphertext, nonce, new Uint8Array(backend.channelSharedSecret(name)));
    assert.equal(Buffer.from(opened).toString(), '{"text":"a secret word"}');
  });

  test('passes nonce and ciphertext on byte for byte, now and from the cache', async () => {
    const name = 'private-encrypted-cache-wire';
    const bare = await listener(name);
    assert.equal((await bare.nextEvent()).event, 'pusher:cache_miss');
    const data = '{"nonce":"4sVYwy4j\\/8dCcjyxtPCWyk19GaaViaW9",  ' +
      '"ciphertext":"/GMESnFGlbNn01BuBjp31XYa3i9vZsGKR8fgR9EDhXKx3lzGiUD501A="}';
    await backend.post({path: '/events', body: {name: 'opened', channels: [name], data}});
    const expected = `{"event":"opened","channel":"${name}","data":${JSON.stringify(data)}}`;
    assert.equal(await bare.next(), expected);
    const late = await listener(name);
    assert.equal(await late.next(), expected);
  });

  test('takes no client events, from a member either', async () => {
    for (const name of ['private-encrypted-quiet', 'private-encrypted-cache-quiet']) {
      const [speaker, other] = [await listener(name), await listener(name)];
      const missed = name.includes('cache') ? ['pusher:cache_miss'] : [];
      for (const bare of [speaker, other]) {
        assert.deepEqual((await bare.everything()).map((frame) => JSON.parse(frame).event), missed);
      }
      speaker.tell('client-opened', {nonce: 'x', ciphertext: 'y'}, name);
      assert.deepEqual(await speaker.nextEvent(), {
        event: 'pusher:error',
        data: {code: 4301, message: 'Client event error: Client events can only be sent to private or presence channels'},
      });
      assert.deepEqual(await other.everything(), []);
    }
  });
});
