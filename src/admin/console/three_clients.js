// The three that listen to one channel, each as {protocol, path, silence, listen}: `silence` is what
// to say while it hears nothing, listen(heard) makes the client, which has connect() and hurry() and
// tells heard.state(state) and heard.frame(text, at).

import {socketAt} from './address.js';
import {tokens} from './demo.js';
import {NotifluxClient} from './notiflux_client.js';
import {PusherClient} from './pusher_client.js';
import {TurbineClient} from './turbine_client.js';

const pusherPingEveryMs = 30_000;  // only to notice that a connection is dead

// ring() is told of each publication.
export function threeClients({key, channel, ring}) {
  const at = (path) => () => socketAt(path);
  return [
    {
      protocol: 'Pusher', path: `app/${key}`, silence: 'Nothing yet.',
      listen: (heard) => pusherClient({key, channel, ring, heard}),
    },
    {
      protocol: 'Turbine', path: 'turbine/ws', silence: 'Nothing yet.',
      listen: (heard) => new TurbineClient({
        urlFor: at('turbine/ws'), channel, heard, token: async () => (await tokens()).turbine,
      }),
    },
    {
      protocol: 'notiflux', path: 'notiflux/ws', silence: 'Nothing yet: this protocol answers no command.',
      listen: (heard) => new NotifluxClient({
        urlFor: at('notiflux/ws'), topic: channel, heard, token: async () => (await tokens()).notiflux,
      }),
    },
  ];
}

// The page's client once more, over a connection for this one channel.
function pusherClient({key, channel, ring, heard}) {
  const client = new PusherClient({
    urlFor: () => socketAt(`app/${encodeURIComponent(key)}?protocol=7&client=carillon-ear`),
    pingEveryMs: pusherPingEveryMs,
    heard: {
      state() {},  // each change of it is one of the channel too
      channels: () => heard.state(standingOf(client.state, client.channels.get(channel))),
      message: ring,
      frame: heard.frame,
    },
  });
  client.subscribe(channel);
  return {connect: () => client.connect(key), hurry: () => client.hurry()};
}

function standingOf(state, {name, state: standing, words}) {
  if (state.name !== 'connected') return state;
  return {...state, words: {joined: `hears ${name}`, refused: words}[standing] ?? `joins ${name}`};
}
