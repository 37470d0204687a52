// A WebSocket that comes back by itself; how soon, the close code and reconnect.js say. Knows neither
// document nor protocol: who speaks one over it says when it is greeted. It calls `heard` as things
// happen:
//
//   state(state)       {name, code?, words?, retryMs?}; name is connecting, connected, waiting (to try
//                      again), disconnected (as asked) or refused (stays away)
//   open(say)          the socket is there: who speaks first speaks now, or soon: what it throws ends
//                      this attempt, and say(text) is for this attempt only; false: it is over
//   frame(text, at)

import {Backoff, reactionTo, wordsFor} from './reconnect.js';

const attemptMaxMs = 10_000;
const settledMs = 5000;  // a connection that lived so long was a good one

export class Link {
  state = {name: 'disconnected'};
  #urlFor;
  #heard;
  #socket = null;
  #backoff = new Backoff();
  #retry = 0;
  #attempt = 0;
  #greetedAt = 0;

  constructor({urlFor, heard}) {
    this.#urlFor = urlFor;
    this.#heard = heard;
  }

  connect() {
    this.#backoff.reset();
    this.#try();
  }

  disconnect() {
    this.#drop();
    this.#enter({name: 'disconnected'});
  }

  // The network is back: no reason to wait on.
  hurry() { if (this.state.name === 'waiting') this.#try(); }

  send(text) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    return true;
  }

  // The protocol let us in. `more` becomes part of the state.
  greeted(more = {}) {
    clearTimeout(this.#attempt);
    this.#greetedAt = performance.now();
    this.#enter({name: 'connected', ...more});
  }

  // Gives the socket up, as if it had been closed with this code.
  lose(code, reason) {
    this.#drop();
    const words = wordsFor(code, reason);
    let reaction = reactionTo(code);
    const livedMs = this.state.name === 'connected' ? performance.now() - this.#greetedAt : 0;
    if (livedMs > settledMs) this.#backoff.reset();
    // At once means once: a server that is away, or that sends us off again, is not besieged.
    if (reaction === 'now' && this.#backoff.begun) reaction = 'later';
    if (reaction === 'stay') return this.#enter({name: 'refused', code, words});
    const wait = this.#backoff.next();
    const retryMs = reaction === 'now' ? 0 : wait;
    this.#retry = setTimeout(() => this.#try(), retryMs);
    this.#enter({name: 'waiting', code, words, retryMs});
  }

  #try() {
    this.#drop();
    this.#enter({name: 'connecting'});
    const socket = new WebSocket(this.#urlFor());
    const current = (act) => (event) => { if (socket === this.#socket) act(event); };
    this.#socket = socket;
    this.#attempt = setTimeout(current(() => this.lose(1006, 'nobody answered')), attemptMaxMs);
    socket.onopen = current(() => this.#open(socket));
    socket.onmessage = current(({data}) => this.#heard.frame(data, performance.now()));
    socket.onclose = current(({code, reason}) => this.lose(code, reason));
  }

  async #open(socket) {
    try {
      await this.#heard.open((text) => socket === this.#socket && this.send(text));
    } catch (error) {
      if (socket === this.#socket) this.lose(1006, error.message);
    }
  }

  // Forgets the socket, whatever it still has to say.
  #drop() {
    clearTimeout(this.#retry);
    clearTimeout(this.#attempt);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #enter(state) {
    this.state = state;
    this.#heard.state(state);
  }
}
