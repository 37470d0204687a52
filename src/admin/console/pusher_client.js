// A client of the Pusher protocol, version 7, by hand: one connection that comes back by itself, and
// the channels that are wanted on it. Knows no document; it calls `heard` as things happen:
//
//   state(state)       as link.js has it, and socketId when connected
//   channels()         something about the channels changed: read `channels`
//   member(channel, id, info, joined)      message({channel, event, data, userId, at})
//   refused(code, words)                   a pusher:error that leaves the connection open
//   pong(ms)
//   frame(text, at)    each frame as it came, but for pings and pongs
//
// `data` is what travelled: a string for backends' events, any JSON value for clients' events. Of
// these only state() and channels() must be there.

import {kindOf} from './channel_kinds.js';
import {Link} from './link.js';

const silenceMaxMs = 30_000;  // after a ping; then the connection is taken for dead

export class PusherClient {
  channels = new Map();  // name to {name, kind, state: waiting|joining|joined|refused, words, members, me}
  #heard;
  #authorize;
  #pingEveryMs;
  #key = '';
  #link;
  #pinging = 0;
  #pingedAt = null;

  // authorize(socketId, channel) resolves to {auth, channel_data?} or throws what to say.
  constructor({urlFor, authorize, heard, pingEveryMs = 2000}) {
    const unheard = {member() {}, message() {}, refused() {}, pong() {}, frame() {}};
    this.#heard = {...unheard, ...heard};
    this.#authorize = authorize;
    this.#pingEveryMs = pingEveryMs;
    this.#link = new Link({
      urlFor: () => urlFor(this.#key),
      heard: {
        state: (state) => this.#onState(state),
        open() {},  // the server greets
        frame: (text, at) => this.#read(text, at),
      },
    });
  }

  get state() { return this.#link.state; }
  get socketId() { return this.state.socketId; }

  // ---- the connection ----

  connect(key) {
    this.#key = key;
    this.#link.connect();
  }

  disconnect() { this.#link.disconnect(); }
  hurry() { this.#link.hurry(); }

  #onState(state) {
    clearInterval(this.#pinging);
    this.#pingedAt = null;
    for (const channel of this.channels.values()) {
      if (state.name === 'connected') this.#join(channel); else this.#reset(channel, 'waiting');
    }
    if (state.name === 'connected') this.#pinging = setInterval(() => this.#ping(), this.#pingEveryMs);
    this.#heard.state(state);
    this.#heard.channels();
  }

  #send(event, data, channel) {
    return this.#link.send(JSON.stringify(channel === undefined ? {event, data} : {event, data, channel}));
  }

  #ping() {
    const now = performance.now();
    if (this.#pingedAt === null) {
      if (this.#send('pusher:ping', {})) this.#pingedAt = now;
    } else if (now - this.#pingedAt > silenceMaxMs) {
      this.#link.lose(1006, 'the server is silent');
    }
  }

  // ---- channels ----

  subscribe(name) {
    const before = this.channels.get(name);
    if (before?.state === 'joined' || before?.state === 'joining') return;
    const channel = {name, kind: kindOf(name), members: new Map(), me: null};
    this.#reset(channel, 'waiting');
    this.channels.set(name, channel);
    if (this.state.name === 'connected') this.#join(channel);
    this.#heard.channels();
  }

  unsubscribe(name) {
    if (!this.channels.delete(name)) return;
    this.#send('pusher:unsubscribe', {channel: name});
    this.#heard.channels();
  }

  #reset(channel, state, words = '') {
    channel.state = state;
    channel.words = words;
    channel.members.clear();
  }

  async #join(channel) {
    const {name} = channel;
    const socketId = this.socketId;
    this.#reset(channel, 'joining');
    const current = () => this.socketId === socketId && this.channels.get(name) === channel;
    try {
      const proof = channel.kind.signed ? await this.#authorize(socketId, name) : {};
      if (!current()) return;  // another connection, or not wanted any more
      channel.me = proof.channel_data ? String(JSON.parse(proof.channel_data).user_id) : null;
      this.#send('pusher:subscribe', {channel: name, ...proof});
    } catch (error) {
      if (current()) this.#refuse(channel, error.message);
    }
  }

  #refuse(channel, words) {
    this.#reset(channel, 'refused', words);
    this.#heard.channels();
  }

  // A client event. Whether it is allowed the server says, later: heard.refused.
  trigger(name, event, data) { return this.#send(event, data, name); }

  // ---- what the server says ----

  #read(text, at) {
    let frame;
    try { frame = JSON.parse(text); } catch { return; }
    if (frame.event !== 'pusher:ping' && frame.event !== 'pusher:pong') this.#heard.frame(text, at);
    const handler = this.#protocol[frame.event];
    if (handler) return handler(frame, at);
    if (frame.event?.startsWith('pusher')) return;
    if (!this.channels.has(frame.channel)) return;  // left a moment ago
    this.#heard.message({
      channel: frame.channel, event: frame.event, data: frame.data, userId: frame.user_id, at,
    });
  }

  #protocol = {
    'pusher:connection_established': (frame) => this.#link.greeted({socketId: inside(frame).socket_id}),
    'pusher:ping': () => this.#send('pusher:pong', {}),
    'pusher:pong': (_, at) => {
      if (this.#pingedAt === null) return;
      this.#heard.pong(at - this.#pingedAt);
      this.#pingedAt = null;
    },
    'pusher:error': (frame) => {
      const {code, message} = inside(frame);
      // From 4001 to 4299 the close that follows says the same.
      if (!(code > 4000 && code < 4300)) this.#heard.refused(code, message);
    },
    'pusher_internal:subscription_succeeded': (frame) => this.#withChannel(frame, (channel) => {
      const roster = inside(frame).presence;
      this.#reset(channel, 'joined');
      for (const id of roster?.ids ?? []) channel.members.set(String(id), roster.hash[id]);
      this.#heard.channels();
    }),
    'pusher:subscription_error': (frame) => this.#withChannel(frame, (channel) => {
      const {error, status} = inside(frame);
      this.#refuse(channel, `${error} (${status})`);
    }),
    'pusher_internal:member_added': (frame) => this.#withChannel(frame, (channel) => {
      const {user_id: id, user_info: info} = inside(frame);
      channel.members.set(String(id), info);
      this.#heard.member(channel, String(id), info, true);
      this.#heard.channels();
    }),
    'pusher_internal:member_removed': (frame) => this.#withChannel(frame, (channel) => {
      const id = String(inside(frame).user_id);
      const info = channel.members.get(id);
      channel.members.delete(id);
      this.#heard.member(channel, id, info, false);
      this.#heard.channels();
    }),
  };

  #withChannel(frame, act) {
    const channel = this.channels.get(frame.channel);
    if (channel) act(channel);
  }
}

// The protocol writes some data as JSON within a string, some as an object.
function inside(frame) {
  if (typeof frame.data !== 'string') return frame.data ?? {};
  try { return JSON.parse(frame.data) ?? {}; } catch { return {}; }
}
