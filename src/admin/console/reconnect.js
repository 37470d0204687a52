// What a close code demands of a client, in pusher-js's terms, and how long to wait.
//
//   4000–4099  stay away: the same attempt would fail again      4200–4299  come back at once
//   4100–4199  come back after a while                           4300–      stay away
//   all else   (the network, a killed server) after a while

export function reactionTo(code) {
  if (code >= 4000 && code < 4100) return 'stay';
  if (code >= 4200 && code < 4300) return 'now';
  if (code >= 4300 && code < 5000) return 'stay';
  return 'later';
}

const firstMs = 1000;
const lastMs = 20_000;

// Doubles, and is spread by a quarter either way: a thousand tabs that lost one server must not come
// back in the same moment.
export class Backoff {
  #tries = 0;
  reset() { this.#tries = 0; }
  get begun() { return this.#tries > 0; }
  next() {
    const ms = Math.min(lastMs, firstMs * 2 ** this.#tries++);
    return Math.round(ms * (0.75 + Math.random() / 2));
  }
}

export function wordsFor(code, reason) {
  if (reason) return reason;
  if (code === 1006) return 'the connection was lost';
  if (code === 1009) return 'a message was too large';
  return 'the server closed the connection';
}
