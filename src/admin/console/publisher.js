// Publishing from this page: over HTTP as a backend would, measured until it is heard, or as a
// client event, which everybody hears but the sender.

import {publish} from './demo.js';

export class Publisher {
  #client;
  #latency;

  constructor(client, latency) {
    this.#client = client;
    this.#latency = latency;
  }

  // `data` is the text that will travel. Throws what the server says against it.
  async overHttp(channel, event, data) {
    this.#latency.sent(channel, event, data, performance.now());
    try {
      await publish(channel, event, data);
    } catch (error) {
      this.#latency.withdrawn(channel, event, data);
      throw error;
    }
  }

  asClientEvent(channel, event, value) {
    if (!this.#client.trigger(channel, event, value)) throw new Error('Not connected.');
  }
}
