// One publish, heard by a client of each protocol: the form, a column for each, and a line that says
// who heard. Only in the demonstration: there the server hands this page its tokens.

import {publish} from './demo.js';
import {byId} from './dom.js';
import {EarView} from './ear_view.js';
import {milliseconds} from './latency.js';
import {Strokes} from './strokes.js';
import {threeClients} from './three_clients.js';

const eventName = 'ring';
const patienceMs = 2000;  // for all to hear; then it is said who did not

export class ThreeView {
  #channel;
  #strokes = new Strokes();
  #clients;
  #protocols;
  #last = {};  // {number, timer} of the publication that is reported on

  // ring() is told of each publication, whoever published it.
  constructor({demo, channel, ring}) {
    this.#channel = channel;
    const three = threeClients({key: demo.key, channel, ring});
    this.#protocols = three.map(({protocol}) => protocol);
    this.#clients = three.map((one) => this.#listen(one));
    byId('three-app').textContent = demo.app;
    byId('three-channel').textContent = channel;
    byId('ring').addEventListener('submit', (event) => { event.preventDefault(); this.#publish(); });
    byId('three').hidden = false;
    for (const client of this.#clients) client.connect();
  }

  // The network is back.
  hurry() { for (const client of this.#clients) client.hurry(); }

  #listen({protocol, path, silence, listen}) {
    const view = new EarView(byId('ears'), {protocol, path, silence});
    return listen({
      state: (state) => view.show(state),
      frame: (text, at) => {
        const stroke = this.#strokes.heard(text, protocol, at);
        view.frame(text, stroke);
        if (stroke) this.#report(stroke.number, false);
      },
    });
  }

  async #publish() {
    const {number, data} = this.#strokes.begin(byId('ring-text').value, performance.now());
    clearTimeout(this.#last.timer);
    this.#last = {number, timer: setTimeout(() => this.#report(number, true), patienceMs)};
    this.#complain('');
    try {
      await publish(this.#channel, eventName, data);
    } catch (error) {
      if (this.#last.number !== number) return;
      clearTimeout(this.#last.timer);
      byId('ring-state').textContent = '';
      this.#complain(error.message);
    }
  }

  // It is read out, so it is said once: when all have heard, or when the time is up.
  #report(number, late) {
    const heard = this.#strokes.heardBy(number);
    const missing = this.#protocols.filter((protocol) => !heard.has(protocol));
    if (number !== this.#last.number || (missing.length > 0 && !late)) return;
    clearTimeout(this.#last.timer);
    byId('ring-state').textContent = missing.length === 0
      ? `No. ${number}: heard by all three, the last after ${milliseconds(Math.max(...heard.values()))}.`
      : `No. ${number}: not heard within ${patienceMs / 1000} s by ${missing.join(' and ')}.`;
  }

  #complain(words) {
    byId('ring-error').textContent = words;
    byId('ring-error').hidden = words === '';
  }
}
