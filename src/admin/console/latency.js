// How long a publication of this page takes until this page hears it. A publication is known again
// by its channel, event and data, which travel unchanged; nothing is added to them for measuring.

const samplesMax = 100;
const pendingMax = 2000;  // then the oldest is given up: it was refused, or its channel is not joined

export class Latency {
  #pending = new Map();  // key to the times of those in flight, oldest first
  #samples = [];

  sent(channel, event, data, at) {
    const key = keyOf(channel, event, data);
    const times = this.#pending.get(key);
    if (times) times.push(at); else this.#pending.set(key, [at]);
    if (this.#pending.size > pendingMax) this.#pending.delete(this.#pending.keys().next().value);
  }

  // It was refused: nobody will hear it.
  withdrawn(channel, event, data) { this.#take(channel, event, data); }

  // Milliseconds, or null: somebody else's.
  heard(channel, event, data, at) {
    const sentAt = this.#take(channel, event, data);
    if (sentAt === null) return null;
    this.#samples.push(at - sentAt);
    if (this.#samples.length > samplesMax) this.#samples.shift();
    return at - sentAt;
  }

  // Of the last hundred; null: none yet.
  summary() {
    if (this.#samples.length === 0) return null;
    const sorted = [...this.#samples].sort((a, b) => a - b);
    const at = (part) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)];
    return {median: at(0.5), p95: at(0.95), count: sorted.length};
  }

  #take(channel, event, data) {
    const key = keyOf(channel, event, data);
    const times = this.#pending.get(key);
    if (!times) return null;
    const first = times.shift();
    if (times.length === 0) this.#pending.delete(key);
    return first;
  }
}

const keyOf = (channel, event, data) => `${channel}\n${event}\n${data}`;

export const milliseconds = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
