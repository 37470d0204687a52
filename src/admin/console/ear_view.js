// One client's column: how its connection stands, and the last frames that came over it, newest
// first, as they came. Drawn twenty times a second at most; a hidden tab only keeps the last frames.

import {stateNames, wordsOf} from './connection_view.js';
import {make} from './dom.js';
import {milliseconds} from './latency.js';
import {paced} from './pacing.js';

const framesMax = 20;
const textMax = 2000;  // of one frame; the rest is told, not shown
const drawEveryMs = 50;

export class EarView {
  #state;
  #stateName = make('strong');
  #stateWords = make('span', {class: 'hint'});
  #list;
  #silence;
  #waiting = [];
  #soon = paced(drawEveryMs, () => this.#draw());

  // `silence` is what to say while no frame came.
  constructor(box, {protocol, path, silence}) {
    const id = `ear-${protocol.toLowerCase()}`;
    this.#state = make('p', {class: 'ear-state'},
      make('span', {class: 'lamp', 'aria-hidden': 'true'}), make('span', {}, this.#stateName, ' ', this.#stateWords));
    this.#list = make('ol', {class: 'frames', tabindex: '0', 'aria-label': `Frames of ${protocol}, newest first`});
    this.#silence = make('p', {class: 'empty', text: silence});
    this.element = make('div', {class: 'ear', role: 'group', 'aria-labelledby': id},
      make('div', {class: 'ear-head'},
        make('h3', {id, text: protocol}), make('code', {class: 'ear-path', text: path})),
      this.#state, make('div', {class: 'frames-box'}, this.#list, this.#silence));
    this.element.dataset.protocol = protocol;
    box.append(this.element);
  }

  show(state) {
    this.element.dataset.state = state.name;
    this.#stateName.textContent = stateNames[state.name];
    this.#stateWords.textContent = wordsOf(state);
  }

  // `stroke` is {number, ms} if the frame carries a publication of this tab.
  frame(text, stroke) {
    this.#waiting.push({text, stroke, time: new Date()});
    if (this.#waiting.length > framesMax) this.#waiting.shift();
    this.#soon();
  }

  #draw() {
    this.#list.prepend(...this.#waiting.splice(0).reverse().map(rowOf));
    while (this.#list.childElementCount > framesMax) this.#list.lastElementChild.remove();
    this.#silence.hidden = this.#list.childElementCount > 0;
  }
}

function rowOf({text, stroke, time}) {
  const head = make('span', {class: 'frame-head'},
    make('time', {text: time.toLocaleTimeString([], {hour12: false}), datetime: time.toISOString()}));
  if (stroke) {
    head.append(make('span', {class: 'frame-number', text: `No. ${stroke.number}`}),
      make('span', {class: 'row-ms', text: milliseconds(stroke.ms), title: 'from publish to here'}));
  }
  const shown = text.length > textMax ? `${text.slice(0, textMax)}… (${text.length} characters)` : text;
  return make('li', {class: stroke ? 'frame mine' : 'frame'}, head, make('code', {class: 'frame-text', text: shown}));
}
