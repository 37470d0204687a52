// What this tab heard in each of the last seconds. Counted as it arrives, also while the tab is
// hidden and nothing is drawn.

export const secondsKept = 60;
const slots = secondsKept + 2;  // and the second at hand, and the one that just slid out of sight

export class Traffic {
  total = 0;
  #counts = new Array(slots).fill(0);
  #second = 0;  // the newest one counted in

  add(atMs) {
    this.#advance(Math.floor(atMs / 1000));
    ++this.#counts[this.#second % slots];
    ++this.total;
  }

  // Counts by age: [0] is the second at hand, unfinished, [1] the last whole one.
  byAge(nowMs) {
    this.#advance(Math.floor(nowMs / 1000));
    return Array.from({length: secondsKept + 1}, (_, age) => {
      const second = this.#second - age;
      return second < 0 ? 0 : this.#counts[second % slots];
    });
  }

  #advance(second) {
    if (second - this.#second >= slots) {
      this.#counts.fill(0);
      this.#second = second;
    }
    while (this.#second < second) this.#counts[++this.#second % slots] = 0;
  }
}
