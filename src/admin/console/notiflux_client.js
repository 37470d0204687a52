// A client of notiflux: one connection that comes back by itself, and one topic on it. There is one
// command, with a token, and it is not answered, not even when it is refused: what is published
// arrives, as it is, or nothing does. Knows no document; it calls `heard` as things happen:
//
//   state(state)       as link.js has it; connected: it has asked for the topic
//   frame(text, at)    each frame as it came

import {Link} from './link.js';

export class NotifluxClient {
  #link;

  // token() resolves to a new one, or throws what to say.
  constructor({urlFor, topic, token, heard}) {
    const open = async (say) => {
      if (say(`/subscribe ${topic} ${await token()}`)) this.#link.greeted({words: `asked for ${topic}`});
    };
    this.#link = new Link({urlFor, heard: {...heard, open}});
  }

  connect() { this.#link.connect(); }
  hurry() { this.#link.hurry(); }
}
