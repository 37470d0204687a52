// A WebSocket client that keeps every frame as it came: what no client library shows.
import {createRequire} from 'node:module';

import {soon} from './soon.js';

const WebSocket = createRequire(import.meta.url)('ws');

export class Bare {
  // `options` are those of the ws package; `protocols` are the subprotocols that it offers.
  constructor(url, {protocols = [], ...options} = {}) {
    this.socket = new WebSocket(url, protocols, options);
    this.frames = [];
    this.waiting = [];
    this.socket.on('message', (data, binary) => this.#take(binary ? `(binary) ${data}` : String(data)));
    this.socket.on('error', () => {});  // the end follows
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({code, reason: String(reason)}));
    });
    this.closed.then(({code}) => {
      this.end = new Error(`the server closed with ${code}`);
      for (const {reject} of this.waiting.splice(0)) reject(this.end);
    });
  }

  #take(frame) {
    if (this.waiting.length > 0) this.waiting.shift().resolve(frame);
    else this.frames.push(frame);
  }

  // The next frame, as text.
  next(what = 'a frame') {
    if (this.frames.length > 0) return Promise.resolve(this.frames.shift());
    if (this.end) return Promise.reject(this.end);
    return soon(new Promise((resolve, reject) => this.waiting.push({resolve, reject})), what);
  }

  async nextEvent(what) { return JSON.parse(await this.next(what)); }

  // It may speak: the server has answered the handshake.
  opened() {
    const open = new Promise((resolve) => this.socket.once('open', resolve));
    const refused = this.closed.then(({code}) => { throw new Error(`the server did not open: ${code}`); });
    refused.catch(() => {});
    return soon(Promise.race([open, refused]), 'the handshake');
  }

  async greeted() {
    const greeting = await this.nextEvent('the greeting');
    if (greeting.event !== 'pusher:connection_established') throw new Error(`greeted with ${JSON.stringify(greeting)}`);
    Object.assign(this, JSON.parse(greeting.data));  // socket_id, activity_timeout
  }

  say(text) { this.socket.send(text); }
  tell(event, data, channel) { this.say(JSON.stringify({event, data, channel})); }

  // The answer, whatever it is; `rights` are what the customer's backend gave.
  subscribe(channel, rights = {}) {
    this.tell('pusher:subscribe', {channel, ...rights});
    return this.nextEvent(`the answer to subscribing to ${channel}`);
  }

  // Everything that was heard up to now: the server answers in order.
  async everything() {
    this.tell('pusher:ping', {});
    const frames = [];
    for (;;) {
      const frame = await this.next('the pong');
      if (frame === '{"event":"pusher:pong","data":{}}') return frames;
      frames.push(frame);
    }
  }

  close() {
    this.socket.close(1000);
    return soon(this.closed, 'the end of a connection');
  }
}
