// The last minute as bars, one for each second, moving to the left. Drawn within an animation frame,
// at most ten times a second (a bar moves by less than a pixel between two drawings), and only when
// something changed; where motion is not wanted it steps once a second. The colours are the style
// sheet's, so a change of theme costs nothing here.

import {makeSvg, stillness} from './dom.js';
import {secondsKept} from './traffic.js';

const height = 148;
const margin = {left: 38, right: 4, top: 10, bottom: 22};
const plotHeight = height - margin.top - margin.bottom;
const drawEveryMs = 100;
const labelled = [1, 0.5];  // of the scale, besides 0

// The next of 4, 10, 20, 40, 100 …: its half is whole too.
export function scaleFor(peak) {
  for (let power = 1; ; power *= 10) {
    for (const step of [4, 10, 20]) if (peak <= step * power) return step * power;
  }
}

export class Chart {
  #svg;
  #traffic;
  #tell;
  #bars;
  #moving;
  #ys;
  #xs;
  #width = 0;
  #drawn = {};
  #drawnAt = 0;

  // tell({rate, peak, sum}) whenever it draws, for the numbers beside it.
  constructor(svg, traffic, tell) {
    this.#svg = svg;
    this.#traffic = traffic;
    this.#tell = tell;
    this.#build();
    new ResizeObserver(() => this.#measure()).observe(svg);
    this.#measure();
    const frame = () => { this.#frame(performance.now()); requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
  }

  #build() {
    this.#svg.setAttribute('height', height);
    this.#ys = [...labelled, 0].map((part) => {
      const y = margin.top + (1 - part) * plotHeight;
      const line = makeSvg('line', {x1: margin.left, y1: y, y2: y, class: part === 0 ? 'axis' : 'grid'});
      const label = makeSvg('text', {x: margin.left - 8, y: y + 4, 'text-anchor': 'end'});
      this.#svg.append(line, label);
      return {part, line, label};
    });
    const times = [['60 s ago', 0, 'start'], ['30 s', 0.5, 'middle'], ['now', 1, 'end']];
    this.#xs = times.map(([text, part, anchor]) => {
      const label = makeSvg('text', {y: height - 5, 'text-anchor': anchor}, text);
      this.#svg.append(label);
      return {part, label};
    });
    // A nested svg clips what slides in and out.
    const plot = makeSvg('svg', {x: margin.left, y: margin.top, height: plotHeight, class: 'plot'});
    this.#moving = makeSvg('g');
    this.#bars = Array.from({length: secondsKept + 1}, () => makeSvg('rect', {rx: 1.5, class: 'bar'}));
    this.#moving.append(...this.#bars);
    plot.append(this.#moving);
    this.#svg.append(plot);
  }

  #measure() {
    const full = this.#svg.clientWidth || 320;
    this.#width = Math.max(60, full - margin.left - margin.right);
    this.#svg.setAttribute('viewBox', `0 0 ${full} ${height}`);
    this.#moving.parentNode.setAttribute('width', this.#width);
    for (const {line} of this.#ys) line.setAttribute('x2', margin.left + this.#width);
    for (const {part, label} of this.#xs) label.setAttribute('x', margin.left + part * this.#width);
    const step = this.#width / secondsKept;
    this.#bars.forEach((bar, age) => {
      bar.setAttribute('x', this.#width - age * step + step * 0.12);
      bar.setAttribute('width', step * 0.76);
    });
    this.#drawn = {};
  }

  #frame(now) {
    if (now - this.#drawnAt < drawEveryMs) return;
    this.#drawnAt = now;
    const second = Math.floor(now / 1000);
    const drawn = this.#drawn;
    if (second !== drawn.second || this.#traffic.total !== drawn.total) this.#draw(now, second);
    if (stillness.matches) this.#slide(1);
    else if (!drawn.empty) this.#slide(now / 1000 - second);
  }

  #slide(part) {
    this.#moving.setAttribute('transform', `translate(${-part * this.#width / secondsKept} 0)`);
  }

  #draw(now, second) {
    const counts = this.#traffic.byAge(now);
    const peak = Math.max(...counts);
    const scale = scaleFor(peak);
    counts.forEach((count, age) => {
      const tall = count === 0 ? 0 : Math.max(2, count / scale * plotHeight);
      this.#bars[age].setAttribute('height', tall);
      this.#bars[age].setAttribute('y', plotHeight - tall);
    });
    for (const {part, label} of this.#ys) label.textContent = part * scale;
    this.#tell({rate: counts[1], peak, sum: counts.reduce((sum, count) => sum + count, 0)});
    this.#drawn = {second, total: this.#traffic.total, empty: peak === 0};
  }
}
