// Users who sign in: what pusher-js, the Node SDK and the server make of them together.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';

import {app, Carillon, codeOf, heard, soon, until, withApps} from './carillon.js';

const users = withApps({enable_user_authentication: true, enable_watchlist_events: true, enable_client_messages: true});

// What a customer's endpoint for users does, with the SDK, in process.
const userOptions = (server, user) => ({
  userAuthentication: {
    customHandler: ({socketId}, callback) => callback(null, server.backend().authenticateUser(socketId, user)),
  },
});

// Connected, on that lane if one is named; it has not signed in yet.
function connectedFor(server, user, {lane, ...options} = {}) {
  const connect = () => server.connected({...userOptions(server, user), ...options});
  return lane === undefined ? connect() : server.onLane(lane, connect);
}

// Signed in, and in the user's own channel.
async function signedIn(server, user, options) {
  const client = await connectedFor(server, user, options);
  client.signin();
  await soon(client.user.signinDonePromise, `${user.id} to be signed in`);
  assert.equal(client.user.user_data?.id, user.id);
  await heard(client.user.serverToUserChannel, 'pusher:subscription_succeeded');
  return client;
}

// It is away, and there is nothing that would bring it back.
function assertAwayForGood(client) {
  assert.equal(client.connection.state, 'disconnected');
  assert.ok(!client.connection.retryTimer);
}

const collected = (target, event) => {
  const list = [];
  target.bind(event, (data) => list.push(data));
  return list;
};

describe('a user who signs in with pusher-js', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2, config: users}); });
  after(() => server.stop());

  test('hears what is sent to the user in every tab, on whichever lane, and nobody else does', async () => {
    const ann = {id: 'ann', user_info: {name: 'Ann'}};
    const [first, second] = [await signedIn(server, ann, {lane: 0}), await signedIn(server, ann, {lane: 1})];
    const bob = await signedIn(server, {id: 'bob'});
    const bobs = collected(bob.user, 'note');
    for (const round of [1, 2]) {
      const notes = [first, second].map((tab) => heard(tab.user, 'note'));
      await server.backend().sendToUser('ann', 'note', {round});
      assert.deepEqual(await Promise.all(notes), [{round}, {round}]);
      for (const tab of [first, second]) tab.user.unbind_all();
    }
    const last = heard(bob.user, 'note');
    await server.backend().sendToUser('bob', 'note', 'for bob');
    await last;
    assert.deepEqual(bobs, ['for bob']);
  });

  test('is told what its backend signed, to the last character', async () => {
    const user = {id: 'käthe ☃/\\"', user_info: {n: [1, 2.5, null], text: '\u2028'}, watchlist: []};
    const client = await signedIn(server, user);
    assert.deepEqual(client.user.user_data, user);
  });

  test('hears what is sent to the user whatever characters the id is of', async () => {
    const client = await signedIn(server, {id: 'käthe ☃/"'});
    const note = heard(client.user, 'note');
    await server.backend().sendToUser('käthe ☃/"', 'note', {x: 1});
    assert.deepEqual(await note, {x: 1});
  });

  test('is closed with 4009 when the signature is not right, and does not come back', async () => {
    const client = await server.connected({
      userAuthentication: {
        customHandler: (_, callback) => callback(null, {auth: `${app.key}:${'0'.repeat(64)}`, user_data: '{"id":"eve"}'}),
      },
    });
    const error = heard(client.connection, 'error');
    client.signin();
    assert.equal(codeOf(await error), 4009);
    await until(() => assertAwayForGood(client));
    assert.equal(client.user.user_data, null);
  });

  test('is nobody where another client signs in with its signature', async () => {
    const ann = await server.connected();
    const rights = server.backend().authenticateUser(ann.connection.socket_id, {id: 'ann'});
    const eve = await server.connected({userAuthentication: {customHandler: (_, callback) => callback(null, rights)}});
    const error = heard(eve.connection, 'error');
    eve.signin();
    assert.equal(codeOf(await error), 4009);
    await until(() => assertAwayForGood(eve));
  });

  test('alone may be in the channel of what is sent to that user', async () => {
    const eve = await server.bare();
    eve.tell('pusher:signin', server.backend().authenticateUser(eve.socket_id, {id: 'eve'}));
    assert.equal((await eve.nextEvent()).event, 'pusher:signin_success');
    assert.equal((await eve.subscribe('#server-to-user-eve')).event, 'pusher_internal:subscription_succeeded');
    const refusal = await eve.subscribe('#server-to-user-ann');
    assert.deepEqual([refusal.event, refusal.data.status], ['pusher:subscription_error', 401]);
  });

  test('joins a presence channel as that user, without channel data', async () => {
    const info = {name: 'Ann'};
    const watcher = await server.connected(server.authorizer('watcher'));
    const hall = await server.subscribed(watcher, 'presence-hall');
    const added = heard(hall, 'pusher:member_added');
    const ann = await signedIn(server, {id: 'ann', user_info: info}, {
      channelAuthorization: {
        customHandler: ({socketId, channelName}, callback) =>
          callback(null, server.backend().authorizeChannel(socketId, channelName)),
      },
    });
    const annsHall = await server.subscribed(ann, 'presence-hall');
    assert.deepEqual(annsHall.members.me, {id: 'ann', info});
    assert.deepEqual(await added, {id: 'ann', info});
    const typing = soon(new Promise((resolve) => {
      hall.bind('client-typing', (data, {user_id}) => resolve(user_id));
    }), 'client-typing');
    annsHall.trigger('client-typing', {});
    assert.equal(await typing, 'ann');
  });

  test('is gone from every tab once, when the last of them leaves a presence channel', async () => {
    const watcher = await server.connected(server.authorizer('watcher'));
    const hall = await server.subscribed(watcher, 'presence-tabs');
    const events = [];
    hall.bind('pusher:member_added', ({id}) => events.push(`+${id}`));
    hall.bind('pusher:member_removed', ({id}) => events.push(`-${id}`));
    const tabs = [];
    for (const lane of [0, 1, 0, 1]) {
      const tab = await signedIn(server, {id: 'ann'}, {lane, ...server.authorizer('ann')});
      const channel = await server.subscribed(tab, 'presence-tabs');
      assert.equal(channel.members.count, 2);
      tabs.push(tab);
    }
    const removed = heard(hall, 'pusher:member_removed');
    const last = tabs.pop();
    const present = await server.present();
    for (const tab of tabs) tab.disconnect();
    await until(async () => assert.equal(await server.present(), present - tabs.length));
    const said = heard(hall, 'said');
    await server.backend().trigger('presence-tabs', 'said', 'one of them is still here');
    await said;
    assert.deepEqual(events, ['+ann']);
    last.disconnect();
    await removed;
    assert.deepEqual(events, ['+ann', '-ann']);
  });
});

describe('a watchlist', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2, config: users}); });
  after(() => server.stop());

  // What a watcher was told, in order: ['online', [ids]].
  async function watching(lane, user) {
    const told = [];
    let heardOne;
    const more = () => soon(new Promise((resolve) => { heardOne = resolve; }), 'a watchlist event');
    const client = await connectedFor(server, user, {lane});
    for (const name of ['online', 'offline']) {
      client.user.watchlist.bind(name, (event) => { told.push([event.name, event.user_ids]); heardOne(); });
    }
    const first = more();
    client.signin();
    await first;
    return {client, told, more};
  }

  test('tells who is online and who is not, when the first tab comes and when the last one goes, across lanes', async () => {
    const present = await signedIn(server, {id: 'present'});
    const {told, more} = await watching(0, {id: 'watcher', watchlist: ['present', 'bob']});
    await until(() => assert.equal(told.length, 2));
    assert.deepEqual(told, [['online', ['present']], ['offline', ['bob']]]);

    let next = more();
    const first = await signedIn(server, {id: 'bob'}, {lane: 1});
    await next;
    assert.deepEqual(told.at(-1), ['online', ['bob']]);

    const second = await signedIn(server, {id: 'bob'}, {lane: 0});
    first.disconnect();
    await until(async () => assert.equal(await server.present(), 3));
    // Neither was news: what comes next is of another user.
    next = more();
    present.disconnect();
    await next;
    assert.deepEqual(told.at(-1), ['offline', ['present']]);

    next = more();
    second.disconnect();
    await next;
    assert.deepEqual(told.slice(2), [['online', ['bob']], ['offline', ['present']], ['offline', ['bob']]]);
  });

  test('works both ways between two who watch each other', async () => {
    const left = await watching(0, {id: 'left', watchlist: ['right']});
    assert.deepEqual(left.told, [['offline', ['right']]]);
    const news = left.more();
    const right = await watching(1, {id: 'right', watchlist: ['left']});
    assert.deepEqual(right.told, [['online', ['left']]]);
    await news;
    assert.deepEqual(left.told.at(-1), ['online', ['right']]);
    const goodbye = right.more();
    left.client.disconnect();
    await goodbye;
    assert.deepEqual(right.told.at(-1), ['offline', ['left']]);
  });

  test('of more than a hundred is refused with 4302, and the user is signed in all the same', async () => {
    const watchlist = [...Array(101).keys()].map(String);
    const client = await server.connected(userOptions(server, {id: 'many', watchlist}));
    const error = heard(client.connection, 'error');
    client.signin();
    assert.equal(codeOf(await error), 4302);
    assert.equal(client.user.user_data.id, 'many');
    assert.equal(client.connection.state, 'connected');
  });
});

describe('a backend that throws a user out', () => {
  let server;
  before(async () => { server = await Carillon.start({threads: 2, config: users}); });
  after(() => server.stop());

  test('closes all connections of that user with 4009, on every lane and for good, and no others', async () => {
    const tabs = [];
    for (const lane of [0, 1, 0, 1]) tabs.push(await signedIn(server, {id: 'ann'}, {lane}));
    const present = await server.connected(server.authorizer('ann'));
    await server.subscribed(present, 'presence-hall');
    const bob = await signedIn(server, {id: 'bob'});
    const out = [...tabs, present];
    const errors = out.map((tab) => heard(tab.connection, 'error'));
    const answer = await server.backend().terminateUserConnections('ann');
    assert.equal(answer.status, 200);
    for (const error of await Promise.all(errors)) assert.equal(codeOf(error), 4009);
    await until(() => out.forEach(assertAwayForGood));
    assert.equal(bob.connection.state, 'connected');
    const note = heard(bob.user, 'note');
    await server.backend().sendToUser('bob', 'note', 'still here');
    assert.equal(await note, 'still here');
  });

  test('finds a user whose name has to be escaped in a path', async () => {
    const client = await signedIn(server, {id: 'ann@example.com/1'});
    const error = heard(client.connection, 'error');
    await server.backend().terminateUserConnections(encodeURIComponent('ann@example.com/1'));
    assert.equal(codeOf(await error), 4009);
  });

  test('is answered that all is well where nobody is of that name', async () => {
    assert.equal((await server.backend().terminateUserConnections('nobody')).status, 200);
  });
});

describe('an app without users', () => {
  let server;
  before(async () => { server = await Carillon.start({config: withApps({})}); });
  after(() => server.stop());

  test('refuses a sign-in with 4009 and keeps the connection', async () => {
    const client = await connectedFor(server, {id: 'ann'});
    const error = heard(client.connection, 'error');
    client.signin();
    assert.equal(codeOf(await error), 4009);
    assert.equal(client.user.user_data, null);
    await server.subscribed(client, 'news');
  });
});
