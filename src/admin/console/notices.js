// What was refused without an end of the connection: shown until dismissed, the last three.

import {byId, make} from './dom.js';

const noticesMax = 3;

export function notice(title, words) {
  const box = byId('notices');
  const dismiss = make('button', {type: 'button', class: 'button quiet small', text: 'Dismiss'});
  const item = make('div', {class: 'notice'},
    make('p', {}, make('strong', {text: title}), ' ', make('span', {text: words})), dismiss);
  dismiss.addEventListener('click', () => item.remove());
  // The same again takes the place of the first.
  for (const old of [...box.children]) {
    if (old.firstChild.textContent === item.firstChild.textContent) old.remove();
  }
  box.append(item);
  while (box.childElementCount > noticesMax) box.firstElementChild.remove();
}
