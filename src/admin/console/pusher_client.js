// A client of the Pusher protocol, version 7, by hand: one connection that comes back by itself, and
// the channels that are wanted on it. Knows no document; it calls `heard` as things happen:
//
//   state(state)       {name, socketId?, code?, words?, retryMs?}; name is connecting, connected,
//                      waiting (to try again), disconnected (as asked) or refused (stays away)
//   channels()         something about the channels changed: read `channels`
//   member(channel, id, info, joined)      message({channel, event, data, userId, at})
//   refused(code, words)                   a pusher:error that leaves the connection open
//   pong(ms)
//
// `data` is what travelled: a string for backends' events, any JSON value for clients' events.

import {kindOf} from './channel_kinds.js';
import {Backoff, reactionTo, wordsFor} from './reconnect.js';

const pingEveryMs = 2000;
const silenceMaxMs = 30_000;  // after a ping; then the connection is taken for dead
const attemptMaxMs = 10_000;
const settledMs = 5000;  // a connection that lived so long was a good one

export class PusherClient {
  channels = new Map();  // name to {name, kind, state: waiting|joining|joined|refused, words, members, me}
  state = {name: 'disconnected'};
  #heard;
  #authorize;
  #urlFor;
  #key = '';
  #socket = null;
  #backoff = new Backoff();
  #retry = 0;
  #attempt = 0;
  #pinging = 0;
  #pingedAt = null;
  #connectedAt = 0;

  // authorize(socketId, channel) resolves to {auth, channel_data?} or throws what to say.
  constructor({urlFor, authorize, heard}) {
    this.#urlFor = urlFor;
    this.#authorize = authorize;
    this.#heard = heard;
  }

  get socketId() { return this.state.socketId; }

  // ---- the connection ----

  connect(key) {
    this.#drop();
    this.#key = key;
    this.#backoff.reset();
    this.#try();
  }

  disconnect() {
    this.#drop();
    this.#enter({name: 'disconnected'});
  }

  // The network is back: no reason to wait on.
  hurry() { if (this.state.name === 'waiting') this.#try(); }

  #try() {
    this.#drop();
    this.#enter({name: 'connecting'});
    const socket = new WebSocket(this.#urlFor(this.#key));
    this.#socket = socket;
    this.#attempt = setTimeout(() => this.#lose(socket, 1006, 'nobody answered'), attemptMaxMs);
    socket.onmessage = ({data}) => { if (socket === this.#socket) this.#read(data, performance.now()); };
    socket.onclose = ({code, reason}) => this.#lose(socket, code, reason);
  }

  // Forgets the socket, whatever it still has to say.
  #drop() {
    clearTimeout(this.#retry);
    clearTimeout(this.#attempt);
    clearInterval(this.#pinging);
    this.#pingedAt = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #lose(socket, code, reason) {
    if (socket !== this.#socket) return;
    this.#drop();
    const words = wordsFor(code, reason);
    let reaction = reactionTo(code);
    const livedMs = this.state.name === 'connected' ? performance.now() - this.#connectedAt : 0;
    if (livedMs > settledMs) this.#backoff.reset();
    // At once means once: a server that is away, or that sends us off again, is not besieged.
    if (reaction === 'now' && this.#backoff.begun) reaction = 'later';
    if (reaction === 'stay') return this.#enter({name: 'refused', code, words});
    const wait = this.#backoff.next();
    const retryMs = reaction === 'now' ? 0 : wait;
    this.#retry = setTimeout(() => this.#try(), retryMs);
    this.#enter({name: 'waiting', code, words, retryMs});
  }

  #enter(state) {
    this.state = state;
    if (state.name !== 'connected') {
      for (const channel of this.channels.values()) this.#reset(channel, 'waiting');
    }
    this.#heard.state(state);
    this.#heard.channels();
  }

  #send(event, data, channel) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(channel === undefined ? {event, data} : {event, data, channel}));
    return true;
  }

  #ping() {
    const now = performance.now();
    if (this.#pingedAt === null) {
      if (this.#send('pusher:ping', {})) this.#pingedAt = now;
    } else if (now - this.#pingedAt > silenceMaxMs) {
      this.#lose(this.#socket, 1006, 'the server is silent');
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
    const handler = this.#protocol[frame.event];
    if (handler) return handler(frame, at);
    if (frame.event?.startsWith('pusher')) return;
    if (!this.channels.has(frame.channel)) return;  // left a moment ago
    this.#heard.message({
      channel: frame.channel, event: frame.event, data: frame.data, userId: frame.user_id, at,
    });
  }

  #protocol = {
    'pusher:connection_established': (frame) => {
      clearTimeout(this.#attempt);
      this.#connectedAt = performance.now();
      this.#enter({name: 'connected', socketId: inside(frame).socket_id});
      for (const channel of this.channels.values()) this.#join(channel);
      this.#pinging = setInterval(() => this.#ping(), pingEveryMs);
    },
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
