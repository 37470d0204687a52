// The bar at the top: which app, connected or not, and in whose words why not.

import {byId} from './dom.js';

export const stateNames = {
  connecting: 'Connecting',
  connected: 'Connected',
  waiting: 'Connection lost',
  disconnected: 'Disconnected',
  refused: 'Refused',
};

const buttons = {
  connecting: 'Stop', connected: 'Disconnect', waiting: 'Stop', disconnected: 'Connect', refused: 'Connect',
};

const isIdle = (state) => buttons[state.name] === 'Connect';

export class ConnectionView {
  constructor(client) {
    byId('connection').addEventListener('submit', (event) => {
      event.preventDefault();
      if (isIdle(client.state)) client.connect(byId('key').value.trim());
    });
    byId('connect').addEventListener('click', (event) => {
      if (isIdle(client.state)) return;  // it submits
      event.preventDefault();
      client.disconnect();
    });
  }

  show(state) {
    byId('state').dataset.state = state.name;
    byId('state-name').textContent = stateNames[state.name];
    byId('state-words').textContent = wordsOf(state);
    byId('connect').textContent = buttons[state.name];
    // Enter in the key field connects; it never disconnects.
    byId('connect').type = isIdle(state) ? 'submit' : 'button';
    byId('key').readOnly = !isIdle(state);
  }
}

export function wordsOf({name, socketId, code, words, retryMs}) {
  if (name === 'connected') return words ?? `socket ${socketId}`;
  if (name === 'refused') return `${code}: ${words}. This will not be tried again by itself.`;
  if (name === 'disconnected') return 'as you wished, or not yet connected.';
  if (name !== 'waiting') return '…';
  const soon = retryMs < 500 ? 'Trying again at once.' : `Trying again in ${Math.ceil(retryMs / 1000)} s.`;
  return `${code}: ${words}. ${soon}`;
}
