// A client of Turbine: one connection that comes back by itself, and one channel on it. It says who
// it is with a token, then subscribes; each command has a number, and its reply has the same. Knows no
// document; it calls `heard` as things happen:
//
//   state(state)       as link.js has it; connected: in the channel
//   frame(text, at)    each frame as it came

import {Link} from './link.js';

const connecting = 1;
const subscribing = 2;

export class TurbineClient {
  #channel;
  #heard;
  #link;

  // token() resolves to a new one, or throws what to say.
  constructor({urlFor, channel, token, heard}) {
    this.#channel = channel;
    this.#heard = heard;
    this.#link = new Link({
      urlFor,
      heard: {
        state: heard.state,
        open: async (say) => say(command(connecting, 'connect', {token: await token()})),
        frame: (text, at) => this.#read(text, at),
      },
    });
  }

  connect() { this.#link.connect(); }
  hurry() { this.#link.hurry(); }

  #read(text, at) {
    this.#heard.frame(text, at);
    let frame;
    try { frame = JSON.parse(text); } catch { return; }
    if (frame.error) return this.#link.lose(frame.error.code, frame.error.message);
    if (frame.id === connecting) this.#link.send(command(subscribing, 'subscribe', {channel: this.#channel}));
    if (frame.id === subscribing) this.#link.greeted({words: `hears ${this.#channel}`});
  }
}

const command = (id, method, params) => JSON.stringify({id, method, params});
