// One app, three protocols: what each backend publishes is heard by every client, and Pusher's names stay Pusher's.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';

import {app, Carillon, heard} from './carillon.js';
import * as notiflux from './notiflux.js';
import * as turbine from './turbine.js';

const {Notiflux, toSubscribe} = notiflux;
const {Turbine} = turbine;

describe('a channel that three protocols share', () => {
  let server;
  before(async () => {
    server = await Carillon.start({
      threads: 2,
      env: {
        SOCKUDO_DEFAULT_APP_ID: app.id, SOCKUDO_DEFAULT_APP_KEY: app.key, SOCKUDO_DEFAULT_APP_SECRET: app.secret,
        SOCKUDO_DEFAULT_APP_ENABLE_SUBSCRIPTION_COUNT: 'true',
        ...turbine.env, TURBINE_APP: app.id, ...notiflux.env, NOTIFLUX_APP: app.id,
      },
    });
  });
  after(() => server.stop());

  // The next event of the channel that is no announcement of Pusher's own.
  const nextOf = (channel) => new Promise((resolve) => {
    const listen = (event, data) => {
      if (event.startsWith('pusher:') || event.startsWith('pusher_internal:')) return;
      channel.unbind_global(listen);
      resolve([event, data]);
    };
    channel.bind_global(listen);
  });

  async function three(name) {
    const pusher = await server.subscribed(await server.connected(server.authorizer('ann')), name);
    const ofTurbine = await Turbine.connected(server, '/ws', {channels: [name]});
    assert.equal(typeof await ofTurbine.subscribe(name), 'object');
    const ofNotiflux = await Notiflux.open(server, '/ws');
    assert.deepEqual(await ofNotiflux.subscribe(name), []);
    return {pusher, ofTurbine, ofNotiflux};
  }

  const everyBackend = (name) => {
    for (const [what, text] of [['a text', 'ünï "quoted" \\ ☃'], ['no text', ''], ['lines', 'a\nb']]) {
      test(`hears ${what} of each backend in every client: ${name}`, async () => {
        const {pusher, ofTurbine, ofNotiflux} = await three(name);
        for (const [publish, plain] of [
          [() => server.backend().trigger(name, 'said', text), text],
          // Turbine's data is JSON, and that is what a client reads who knows nothing but texts.
          [async () => assert.equal(await turbine.publish(server, name, text), 3), JSON.stringify(text)],
          [() => notiflux.broadcast(server, name, text), text],
        ]) {
          const next = nextOf(pusher);
          await publish();
          assert.equal((await next)[1], text);
          assert.deepEqual(await ofTurbine.heard(), {channel: name, data: text});
          assert.equal(await ofNotiflux.heard(), plain);
        }
        pusher.pusher.disconnect();
        for (const client of [ofTurbine, ofNotiflux]) await client.close();
      });
    }
  };
  for (const name of ['news', 'private-news', 'presence-hall']) everyBackend(name);

  test('carries an object of each backend to every client', async () => {
    const {pusher, ofTurbine, ofNotiflux} = await three('objects');
    const data = {n: [1, 2.5, null], text: 'ünï', deep: {a: {}}};
    const json = JSON.stringify(data);
    for (const publish of [
      () => server.backend().trigger('objects', 'said', data),
      () => turbine.publish(server, 'objects', data),
      () => notiflux.broadcast(server, 'objects', json),
    ]) {
      const next = nextOf(pusher);
      await publish();
      assert.deepEqual((await next)[1], data);
      // A text that holds JSON stays a text to Turbine's clients: nobody said that it was more.
      const {data: got} = await ofTurbine.heard();
      assert.deepEqual(typeof got === 'string' ? JSON.parse(got) : got, data);
      assert.deepEqual(JSON.parse(await ofNotiflux.heard()), data);
    }
  });

  test('has a name for an event that came without one', async () => {
    const {pusher} = await three('named');
    for (const publish of [() => turbine.publish(server, 'named', 1), () => notiflux.broadcast(server, 'named', '1')]) {
      const next = nextOf(pusher);
      await publish();
      assert.deepEqual(await next, ['message', 1]);
    }
  });

  test('opens to a Turbine client whose token lists nothing, unless Pusher reserves the name', async () => {
    const client = await Turbine.connected(server, '/ws', {channels: []});
    assert.equal(typeof await client.subscribe('news'), 'object');
    for (const name of ['private-news', 'private-encrypted-news', 'presence-x', 'private-', '#server-to-user-ann']) {
      assert.equal(await client.subscribe(name), 403, name);
    }
  });

  test('opens to a Turbine client whose token lists the reserved name', async () => {
    const client = await Turbine.connected(server, '/ws', {channels: ['private-listed', 'presence-listed']});
    for (const name of ['private-listed', 'presence-listed']) assert.equal(typeof await client.subscribe(name), 'object');
    assert.equal(await client.subscribe('private-other'), 403);
    await server.backend().trigger('private-listed', 'e', 'heard');
    assert.deepEqual(await client.heard(), {channel: 'private-listed', data: 'heard'});
  });

  test('lets a Turbine client hear what is sent to a user whose channel its token lists', async () => {
    const channel = '#server-to-user-ann';
    const client = await Turbine.connected(server, '/ws', {channels: [channel]});
    assert.equal(typeof await client.subscribe(channel), 'object');
    await server.backend().sendToUser('ann', 'e', 'for ann');
    assert.deepEqual(await client.heard(), {channel, data: 'for ann'});
  });

  test('is never one of those that Pusher keeps to itself', async () => {
    const name = '!online-ann';
    const ofTurbine = await Turbine.connected(server, '/ws', {channels: [name]});
    assert.equal(await ofTurbine.subscribe(name), 403);
    const ofNotiflux = await Notiflux.open(server, '/ws');
    for (const topic of [name, 'other']) assert.deepEqual(await ofNotiflux.subscribe(topic), []);
    await notiflux.broadcast(server, name, 'not for it');
    await notiflux.broadcast(server, 'other', 'last');
    assert.equal(await ofNotiflux.heard(), 'last');
    assert.equal((await turbine.publishText(server, JSON.stringify({channel: name, data: 1}))).status, 400);
  });

  test('tells Pusher\'s clients how many they are, and nobody else', async () => {
    const {pusher, ofTurbine, ofNotiflux} = await three('counted');
    const count = heard(pusher, 'pusher:subscription_count');
    await server.subscribed(await server.connected(), 'counted');
    assert.equal(typeof (await count).subscription_count, 'number');
    await server.backend().trigger('counted', 'e', 'last');
    assert.deepEqual(await ofTurbine.heard(), {channel: 'counted', data: 'last'});
    assert.equal(await ofNotiflux.heard(), 'last');
  });

  test('tells Pusher\'s clients who comes and goes, and nobody else', async () => {
    const {pusher, ofTurbine, ofNotiflux} = await three('presence-members');
    const added = heard(pusher, 'pusher:member_added');
    const bob = await server.connected(server.authorizer('bob'));
    await server.subscribed(bob, 'presence-members');
    assert.equal((await added).id, 'bob');
    const removed = heard(pusher, 'pusher:member_removed');
    bob.disconnect();
    assert.equal((await removed).id, 'bob');
    await server.backend().trigger('presence-members', 'e', 'last');
    assert.deepEqual(await ofTurbine.heard(), {channel: 'presence-members', data: 'last'});
    assert.equal(await ofNotiflux.heard(), 'last');
    assert.deepEqual(pusher.members.get('ann')?.id, 'ann');
    assert.equal(pusher.members.count, 1);
  });
});
