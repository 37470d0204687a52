// The belfry in the masthead: seven bells, and each channel rings its own when something arrives.

import {makeSvg, stillness} from './dom.js';

const bells = 7;
const ringMs = 900;

export class Belfry {
  #bells;

  // Each bell is an svg of its own, which the browser can swing without painting anything anew.
  constructor(box) {
    this.#bells = Array.from({length: bells}, (_, i) => {
      const width = 28 - i * 2.5;  // the deepest is the widest
      const element = makeSvg('svg', {class: 'bell', width, height: width * 1.2, focusable: 'false'});
      element.append(makeSvg('use', {href: '#bell'}));
      box.append(element);
      return {element, ringing: null};
    });
  }

  strike(channel) {
    let hash = 7;
    for (const character of channel) hash = (hash * 31 + character.codePointAt(0)) >>> 0;
    const bell = this.#bells[hash % bells];
    if (bell.ringing?.playState === 'running') return;
    const swing = [0, 14, -11, 8, -5, 2, 0].map((degrees) => ({transform: `rotate(${degrees}deg)`}));
    const glow = [{opacity: 1}, {opacity: 0.45}, {opacity: 1}];
    bell.ringing = bell.element.animate(stillness.matches ? glow : swing, {duration: ringMs, easing: 'ease-out'});
  }
}
