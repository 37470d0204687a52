// The demo helper: what a backend would do, done by the server itself while it runs with its demo
// app. A server with apps of its own has none, and the page then only listens.

import {at} from './address.js';

// Throws an Error whose message is the server's own words.
async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(at(path), options);
  } catch {
    throw new Error('The server cannot be reached.');
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(`${said.error ?? 'The server refused.'} (${answer.status})`);
  return said;
}

const post = (path, body) => ask(path, {
  method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body),
});

// null: there is none.
export const findDemo = () => ask('demo').catch(() => null);

export const authorize = (socketId, channel, user) =>
  post('demo/auth', {socket_id: socketId, channel_name: channel, user_id: user.id, user_info: {name: user.name}});

export const publish = (channel, name, data) => post('demo/events', {channel, name, data});

// {channel, turbine, notiflux}: for one channel, good for an hour.
export const tokens = () => ask('demo/tokens');
