// The form below the messages: one event into one channel, as text or JSON.

import {kindOf} from './channel_kinds.js';
import {byId, make} from './dom.js';

const clientPrefix = 'client-';

export class PublishView {
  #publisher;
  #own;
  #name;
  #channel = byId('publish-channel');
  #event = byId('publish-event');
  #format = byId('publish-format');
  #way = byId('publish-way');
  #data = byId('publish-data');

  // name() is who speaks; own(message) is told of client events, which do not come back.
  constructor({publisher, name, own}) {
    this.#publisher = publisher;
    this.#name = name;
    this.#own = own;
    byId('publish').addEventListener('submit', (event) => { event.preventDefault(); this.#submit(); });
    this.#channel.addEventListener('change', () => this.#adapt());
    this.#format.addEventListener('change', () => this.#adapt());
    this.#way.addEventListener('change', () => { this.#rename(); this.#adapt(); });
    this.#adapt();
  }

  get channel() { return this.#channel.value; }

  // Offers the channels that are joined; the choice stays if it can.
  offer(names) {
    if (names.join() === [...this.#channel.options].map((option) => option.value).join()) return;
    const chosen = this.#channel.value;
    this.#channel.replaceChildren(...names.map((name) => make('option', {text: name, value: name})));
    if (names.includes(chosen)) this.#channel.value = chosen;
    this.#adapt();
  }

  // Only there may clients publish; elsewhere the way is the backend's.
  #adapt() {
    const mayClients = kindOf(this.channel).clientEvents === true;
    this.#way.options[1].disabled = !mayClients;
    if (!mayClients && this.#way.value === 'client') {
      this.#way.value = 'http';
      this.#rename();
    }
    const json = this.#format.value === 'json';
    this.#data.placeholder = json ? '{"hour": 12}' : 'Say something';
    byId('publish-hint').textContent = [
      !this.channel ? 'Join a channel to publish into it.'
        : json ? 'JSON travels as you write it.' : 'Text travels as {"from": your name, "text": …}.',
      this.#way.value === 'client' ? 'A client event reaches everybody but you; its name begins with client-.'
        : 'By HTTP, as a backend publishes.',
    ].filter(Boolean).join(' ');
  }

  #rename() {
    const name = this.#event.value;
    if (this.#way.value === 'client') {
      if (!name.startsWith(clientPrefix)) this.#event.value = clientPrefix + name;
    } else if (name.startsWith(clientPrefix)) {
      this.#event.value = name.slice(clientPrefix.length) || 'message';
    }
  }

  async #submit() {
    const event = this.#event.value;
    const channel = this.channel;
    this.#complain('');
    try {
      const data = this.#payload();
      if (this.#way.value === 'client') {
        const value = JSON.parse(data);
        this.#publisher.asClientEvent(channel, event, value);
        this.#own({channel, event, data: value});
      } else {
        await this.#publisher.overHttp(channel, event, data);
      }
      this.#data.value = '';
    } catch (error) {
      this.#complain(error.message);
    }
    // Whoever went elsewhere meanwhile stays there. Not every browser gives a pressed button the focus.
    const active = document.activeElement;
    if (active === document.body || byId('publish').contains(active)) this.#data.focus();
  }

  #payload() {
    const written = this.#data.value;
    if (this.#format.value === 'text') return JSON.stringify({from: this.#name(), text: written});
    try {
      JSON.parse(written);
    } catch (error) {
      throw new Error(`That is not JSON: ${error.message}`);
    }
    return written;
  }

  #complain(words) {
    const error = byId('publish-error');
    error.textContent = words;
    error.hidden = words === '';
  }
}
