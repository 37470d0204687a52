// What clients say to each other: who may, how fast, how much, and that it arrives as it was said.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';

import {app, Carillon, codeOf, heard, soon, until, withApps} from './carillon.js';

// A member of that channel who sees every byte.
async function member(server, channel, user, key = app.key) {
  const bare = await server.bare({path: `/app/${key}?protocol=7`});
  const presence = user === undefined ? undefined : {user_id: user};
  const rights = server.backend({key}).authorizeChannel(bare.socket_id, channel, presence);
  assert.equal((await bare.subscribe(channel, rights)).event, 'pusher_internal:subscription_succeeded');
  return bare;
}

// A pusher-js of that app, in that channel.
async function subscriber(server, key, name) {
  const backend = server.backend({key});
  const client = server.client({
    channelAuthorization: {
      customHandler: ({socketId}, callback) => callback(null, backend.authorizeChannel(socketId, name)),
    },
  }, key);
  await heard(client.connection, 'connected');
  return {client, channel: await server.subscribed(client, name)};
}

const refusalOf = async (bare) => {
  const {event, data} = await bare.nextEvent('a refusal');
  assert.equal(event, 'pusher:error');
  return data;
};

// Three events in a window that no test outlives: what is counted is not a matter of time.
const hurried = {enable_client_messages: true, max_client_events_per_second: 3, decay_seconds: 3600};

describe('client events', () => {
  let server;
  before(async () => {
    server = await Carillon.start({
      threads: 2,
      config: withApps(
        {enable_client_messages: true, max_event_payload_in_kb: 2, max_event_name_length: 40},
        {id: 'quiet', key: 'quiet-key'},
        {id: 'slow', key: 'slow-key', ...hurried},
        {id: 'strict', key: 'strict-key', ...hurried, terminate_on_limit: true},
      ),
    });
  });
  after(() => server.stop());

  test('are refused with 4301, and only to who sent them, when a rule is broken', async () => {
    const speaker = await member(server, 'private-room');
    const other = await member(server, 'private-room');
    await speaker.subscribe('news');
    await speaker.subscribe('private-encrypted-room',
                            server.backend({encryptionMasterKeyBase64: Buffer.alloc(32).toString('base64')})
                              .authorizeChannel(speaker.socket_id, 'private-encrypted-room'));
    const kind = 'Client event error: Client events can only be sent to private or presence channels';
    const membership = 'Client event error: The socket is not subscribed to that channel';
    const name = 'Invalid event name: Client events begin with client-';
    const size = 'Client event error: The data is larger than the allowed 2048 bytes';
    const broken = [
      ['typing', 'x', 'private-room', name],
      ['my-client-typing', 'x', 'private-room', name],
      ['pusher_internal:member_added', 'x', 'private-room', name],
      [`client-${'x'.repeat(34)}`, 'x', 'private-room', 'Invalid event name: It is longer than the allowed 40 bytes'],
      ['client-typing', 'x', 'news', kind],
      ['client-typing', 'x', 'private-encrypted-room', kind],
      ['client-typing', 'x', '#server-to-user-ann', kind],
      ['client-typing', 'x'.repeat(2049), 'private-room', size],
      ['client-typing', 'ü'.repeat(1025), 'private-room', size],
      ['client-typing', 'x', 'private-elsewhere', membership],
      ['client-typing', 'x', 'presence-elsewhere', membership],
    ];
    for (const [event, data, channel, message] of broken) {
      speaker.tell(event, data, channel);
      assert.deepEqual(await refusalOf(speaker), {code: 4301, message}, `${event} on ${channel}`);
    }
    // The longest that are allowed.
    speaker.tell(`client-${'x'.repeat(33)}`, 'ü'.repeat(1024), 'private-room');
    assert.equal((await other.nextEvent()).data, 'ü'.repeat(1024));
    assert.deepEqual(await speaker.everything(), []);
  });

  test('of who has left the channel are refused', async () => {
    const [speaker, other] = [await member(server, 'private-left'), await member(server, 'private-left')];
    speaker.tell('pusher:unsubscribe', {channel: 'private-left'});
    speaker.tell('client-typing', 'x', 'private-left');
    assert.equal((await refusalOf(speaker)).message, 'Client event error: The socket is not subscribed to that channel');
    assert.deepEqual(await other.everything(), []);
  });

  test('are refused where the app does not want them, as pusher-js is told', async () => {
    const {client, channel} = await subscriber(server, 'quiet-key', 'private-room');
    const error = heard(client.connection, 'error');
    channel.trigger('client-typing', {});
    const {data} = await error;
    assert.deepEqual(data, {code: 4301, message: 'Client event error: Client events are not enabled for this app'});
    assert.equal(client.connection.state, 'connected');
  });

  test('that come too fast are refused, and those before them arrive', async () => {
    const [speaker, other] = [await member(server, 'private-room', undefined, 'slow-key'),
                              await member(server, 'private-room', undefined, 'slow-key')];
    for (let n = 0; n < 5; ++n) speaker.tell('client-n', n, 'private-room');
    for (let n = 0; n < 2; ++n) {
      assert.deepEqual(await refusalOf(speaker), {code: 4301, message: 'Client event rejected due to rate limit'});
    }
    for (let n = 0; n < 3; ++n) assert.equal((await other.nextEvent()).data, n);
    assert.deepEqual(await other.everything(), []);
    other.tell('client-n', 'mine are counted for me', 'private-room');
    assert.equal((await speaker.nextEvent()).data, 'mine are counted for me');
  });

  test('that come too fast end the connection where the app says so, and pusher-js stays away', async () => {
    const {client, channel} = await subscriber(server, 'strict-key', 'private-room');
    const error = heard(client.connection, 'error');
    for (let n = 0; n < 4; ++n) channel.trigger('client-n', n);
    assert.equal(codeOf(await error), 4301);
    await until(() => assert.equal(client.connection.state, 'disconnected'));
    assert.ok(!client.connection.retryTimer);
  });

  test('name their speaker on a presence channel, and nobody on a private one', async () => {
    const [ann, bob] = [await member(server, 'presence-talk', 'ann'), await member(server, 'presence-talk', 'bob')];
    assert.equal((await ann.nextEvent()).event, 'pusher_internal:member_added');
    ann.say('{"event":"client-typing","channel":"presence-talk","data":{"on":true},"user_id":"eve"}');
    assert.equal(await bob.next(),
                 '{"event":"client-typing","channel":"presence-talk","data":{"on":true},"user_id":"ann"}');
    const [one, two] = [await member(server, 'private-talk'), await member(server, 'private-talk')];
    one.say('{"event":"client-typing","channel":"private-talk","data":{"on":true},"user_id":"eve"}');
    assert.equal(await two.next(), '{"event":"client-typing","channel":"private-talk","data":{"on":true}}');
  });

  test('of two speakers arrive complete and each in its order, on every lane', async () => {
    const speakers = [await server.onLane(0, () => member(server, 'presence-choir', 'ann')),
                      await server.onLane(1, () => member(server, 'presence-choir', 'bob'))];
    const listener = await server.connected(server.authorizer('listener'));
    const channel = await server.subscribed(listener, 'presence-choir');
    const got = {ann: [], bob: []};
    const all = soon(new Promise((resolve) => {
      channel.bind('client-n', (n, {user_id}) => {
        got[user_id].push(n);
        if (got.ann.length + got.bob.length === 1000) resolve();
      });
    }), 'a thousand client events');
    for (let n = 0; n < 500; ++n) for (const speaker of speakers) speaker.tell('client-n', n, 'presence-choir');
    await all;
    const expected = [...Array(500).keys()];
    assert.deepEqual(got, {ann: expected, bob: expected});
  });
});

// JSON that a program which reads and writes it again does not leave as it was.
const delicate = [
  '"a\\/b"',
  '"\\u00fc\\u2603 \\ud83d\\ude00"',
  '"ü☃ 😀"',
  '"\u2028\u2029\u007f"',
  '"line\\u2028line\\u0000end\\b\\f"',
  '12345678901234567890123',
  '1.0',
  '-0',
  '1E400',
  '1e+2',
  '{"a":1,"a":2}',
  '{"b":1,"a":[1.0,0.10,1e2],"__proto__":null}',
  '"{\\"is\\":\\"a string that says JSON\\"}"',
  '""',
  '[]',
  'null',
];

describe('bytes', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2}); });
  after(() => server.stop());

  test('of a client event arrive as they were written', async () => {
    const [speaker, other] = [await member(server, 'private-bytes'), await member(server, 'private-bytes')];
    for (const data of [...delicate, '{ "spaced" : [ 1 , 2 ] }']) {
      speaker.say(`{"event":"client-said","channel":"private-bytes","data":${data}}`);
      assert.equal(await other.next(data), `{"event":"client-said","channel":"private-bytes","data":${data}}`);
    }
  });

  test('of a published string arrive as the string that was published', async () => {
    const bare = await server.bare();
    await bare.subscribe('bytes');
    for (const text of [...delicate, 'plain', ' ', 'a\tb\nc', '\u0001\u001f', '"', '\\', '{"open":']) {
      await server.publishBytes(`{"name":"said","channel":"bytes","data":${JSON.stringify(text)}}`);
      const frame = await bare.next(text);
      assert.equal(JSON.parse(frame).data, text, frame);
      assert.deepEqual(Object.keys(JSON.parse(frame)), ['event', 'channel', 'data']);
    }
  });

  test('of published JSON arrive as a string of the same JSON', async () => {
    const bare = await server.bare();
    await bare.subscribe('bytes');
    for (const data of delicate.filter((json) => !json.startsWith('"'))) {
      await server.publishBytes(`{"name":"said","channel":"bytes","data":${data}}`);
      assert.equal((await bare.nextEvent(data)).data, data);
    }
    await server.publishBytes('{"name":"said","channel":"bytes","data":{ "spaced" : [ 1 , "a b" ] }}');
    assert.equal((await bare.nextEvent()).data, '{"spaced":[1,"a b"]}');
  });

  test('of an event name arrive as they were published', async () => {
    const bare = await server.bare();
    await bare.subscribe('bytes');
    for (const name of ['ü☃ 😀', 'with "quotes" and \\', '\u2028']) {
      await server.publishBytes(JSON.stringify({name, channel: 'bytes', data: 'x'}));
      assert.equal((await bare.nextEvent(name)).event, name);
    }
  });

  test('that are no JSON are refused, and the connection and its channels stay', async () => {
    const [speaker, other] = [await member(server, 'private-bytes'), await member(server, 'private-bytes')];
    for (const data of ['', '01', '{"a":}', '"\\ud800"', "'x'", '\u0000', '['.repeat(5000)]) {
      speaker.say(`{"event":"client-said","channel":"private-bytes","data":${data}}`);
      assert.equal((await refusalOf(speaker)).code, 4000, data);
    }
    assert.deepEqual(await other.everything(), []);
    speaker.tell('client-said', 'still here', 'private-bytes');
    assert.equal((await other.nextEvent()).data, 'still here');
  });
});
