// The two sliders and the button of a burst.

import {Burst} from './burst.js';
import {byId} from './dom.js';

export class BurstView {
  #rate = byId('burst-rate');
  #seconds = byId('burst-seconds');
  #state = byId('burst-state');
  #said = '';

  // channel() is where to, publish(channel, number) one publication.
  constructor({channel, publish}) {
    let target = '';
    const burst = new Burst((number) => publish(target, number), (report) => this.#show(target, report));
    for (const slider of [this.#rate, this.#seconds]) {
      const show = () => { byId(`${slider.id}-out`).textContent = slider.value; };
      slider.addEventListener('input', show);
      show();
    }
    byId('burst').addEventListener('submit', (event) => {
      event.preventDefault();
      if (burst.running) return burst.stop();
      target = channel();
      if (!target) return this.#say('Join a channel first.');
      burst.start({rate: Number(this.#rate.value), seconds: Number(this.#seconds.value)});
    });
  }

  #show(target, {sent, wanted, error, running, settled, stopped}) {
    byId('burst-button').textContent = running ? 'Stop' : 'Start';
    if (running) return this.#say(`Ringing into ${target} …`);
    if (error) return this.#say(`Stopped after ${sent}: ${error}`);
    if (!settled) return;
    const why = stopped || sent === wanted ? '.' : ': as fast as this browser could.';
    this.#say(`${sent} of ${wanted} sent into ${target}${why}`);
  }

  // It is read out: only when it says something new.
  #say(words) {
    if (words !== this.#said) this.#state.textContent = words;
    this.#said = words;
  }
}
