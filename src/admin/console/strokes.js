// The publications of this tab that several clients listen for. Each has an id in its data, which is
// found again in the frame of whatever protocol: none of them changes these characters.

import {newUserId} from './names.js';

const strokesKept = 20;

export class Strokes {
  #tab = newUserId().slice(0, 8);
  #pattern = new RegExp(`\\b${this.#tab}\\.(\\d+)\\b`);
  #count = 0;
  #sent = new Map();  // number to {at, heard: protocol to ms}, the last few

  // {number, data}: the data to publish now.
  begin(text, at) {
    const number = ++this.#count;
    this.#sent.set(number, {at, heard: new Map()});
    this.#sent.delete(number - strokesKept);
    return {number, data: JSON.stringify({id: `${this.#tab}.${number}`, text})};
  }

  // {number, ms}, or null: somebody else's.
  heard(frame, protocol, at) {
    const number = Number(this.#pattern.exec(frame)?.[1]);
    const stroke = this.#sent.get(number);
    if (!stroke) return null;
    const ms = at - stroke.at;
    if (!stroke.heard.has(protocol)) stroke.heard.set(protocol, ms);
    return {number, ms};
  }

  // Protocol to milliseconds, of those that heard it.
  heardBy(number) { return this.#sent.get(number)?.heard ?? new Map(); }
}
