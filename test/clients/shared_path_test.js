// The path that Turbine's and notiflux's clients share: the subprotocol decides, or else the first message.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';

import {Carillon} from './carillon.js';
import {broadcast, env, Notiflux, unknown} from './notiflux.js';
import * as turbine from './turbine.js';

describe('the shared path', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2, env: {...env, ...turbine.env}}); });
  after(() => server.stop());

  const ping = '{"id":5,"method":"ping"}';

  test('waits for words that decide', async () => {
    for (const words of [['hello'], ['', '  ', 'hello /x', 'x{']]) {
      const notiflux = await Notiflux.open(server, '/ws');
      for (const text of words) notiflux.say(text);
      assert.deepEqual(await notiflux.silence(), []);
      const bare = await server.opened('/ws');
      for (const text of words) bare.say(text);
      bare.say(ping);
      assert.equal((await bare.nextEvent('the pong')).id, 5);
    }
  });

  test('decides by the first sign, white space or not', async () => {
    for (const text of [ping, ` \n${ping}`]) {
      const bare = await server.opened('/ws');
      bare.say(text);
      assert.equal((await bare.nextEvent('the pong')).id, 5);
      bare.say('/x');
      assert.equal((await bare.nextEvent('the refusal')).error.code, 400);
    }
    for (const text of ['/x', ' \n/x']) {
      const bare = await server.opened('/ws');
      bare.say(text);
      assert.equal(await bare.next(), unknown);
      bare.say(ping);
      bare.say('/x');
      assert.equal(await bare.next(), unknown);
    }
  });

  test('is decided by a subprotocol before anything is said', async () => {
    const asTurbine = await server.opened('/ws', {protocols: ['turbine']});
    assert.equal(asTurbine.socket.protocol, 'turbine');
    asTurbine.say('/x');
    assert.equal((await asTurbine.nextEvent('the refusal')).error.code, 400);
    asTurbine.say(ping);
    assert.equal((await asTurbine.nextEvent('the pong')).id, 5);
    const asNotiflux = await server.opened('/ws', {protocols: ['unheard-of', 'notiflux']});
    assert.equal(asNotiflux.socket.protocol, 'notiflux');
    asNotiflux.say(ping);
    asNotiflux.say('/x');
    assert.equal(await asNotiflux.next(), unknown);
  });

  test('keeps apart what the two publish, though the names are equal', async () => {
    const first = await turbine.Turbine.connected(server, '/ws');
    await first.subscribe('same');
    const second = await Notiflux.open(server, '/ws');
    await second.subscribe('same');
    assert.equal(await turbine.publish(server, 'same', 'of Turbine'), 1);
    await broadcast(server, 'same', 'of notiflux');
    assert.equal(await second.heard(), 'of notiflux');
    assert.equal(await turbine.publish(server, 'same', 'of Turbine again'), 1);
    assert.deepEqual((await first.everything()).map(({data}) => data), ['of Turbine', 'of Turbine again']);
    assert.deepEqual(await second.silence(), []);
  });
});
