// The channels of this page: what kind each is, how it stands, and who is there.

import {kindOf} from './channel_kinds.js';
import {byId, make} from './dom.js';

const membersShown = 40;

const standing = {
  waiting: 'waits for the connection',
  joining: 'joining …',
  joined: '',
  refused: 'refused',
};

export class ChannelsView {
  #client;
  #list = byId('channel-list');
  #frame = 0;

  constructor(client) {
    this.#client = client;
    const field = byId('join-name');
    byId('join').addEventListener('submit', (event) => {
      event.preventDefault();
      const name = field.value.trim();
      if (!name) return;
      client.subscribe(name);
      field.value = '';
      this.#hint('');
    });
    field.addEventListener('input', () => this.#hint(field.value.trim()));
    this.#hint('');
  }

  // Soon: a hundred members that leave at once are one change.
  changed() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => { this.#frame = 0; this.#show(); });
  }

  #hint(name) {
    const {label, hint} = kindOf(name);
    byId('join-kind').textContent = name ? `${label}: ${hint}` : 'A name decides: private-, presence-, cache- or plain.';
  }

  // Items are made anew; who had the focus keeps it.
  #show() {
    const channels = [...this.#client.channels.values()];
    const active = document.activeElement;
    const focused = this.#list.contains(active) ? active.dataset.channel : null;
    const position = [...this.#list.children].findIndex((item) => item.contains(active));
    this.#list.replaceChildren(...channels.map((channel) => this.#itemOf(channel)));
    byId('no-channels').hidden = channels.length > 0;
    if (focused === null) return;
    const buttons = [...this.#list.querySelectorAll('button')];
    const next = buttons.find((button) => button.dataset.channel === focused);
    (next ?? buttons[Math.min(position, buttons.length - 1)] ?? byId('join-name')).focus();
  }

  #itemOf(channel) {
    const leave = make('button', {
      type: 'button', class: 'button quiet small', text: 'Leave', 'aria-label': `Leave ${channel.name}`,
    });
    leave.dataset.channel = channel.name;
    leave.addEventListener('click', () => this.#client.unsubscribe(channel.name));
    const words = [standing[channel.state], channel.words].filter(Boolean).join(': ');
    const item = make('li', {class: 'channel'},
      make('div', {class: 'channel-head'},
        make('div', {class: 'channel-title'},
          make('span', {class: 'channel-name', text: channel.name}),
          make('span', {class: `badge ${channel.kind.label.split(' ')[0]}`, text: channel.kind.label})),
        leave));
    item.dataset.state = channel.state;
    if (words) item.append(make('p', {class: channel.state === 'refused' ? 'error' : 'hint', text: words}));
    if (channel.kind.presence && channel.state === 'joined') item.append(membersOf(channel));
    return item;
  }
}

export const memberName = (id, info) => (typeof info?.name === 'string' && info.name ? info.name : id);

function membersOf(channel) {
  const {members, me} = channel;
  const sorted = [...members].sort(([a, left], [b, right]) =>
    (b === me) - (a === me) || memberName(a, left).localeCompare(memberName(b, right)));
  const items = sorted.slice(0, membersShown).map(([id, info]) => {
    const item = make('li', {class: 'member', title: id}, memberName(id, info));
    if (id === me) item.append(' ', make('span', {class: 'you', text: 'you'}));
    return item;
  });
  const more = sorted.length - membersShown;
  if (more > 0) items.push(make('li', {class: 'member', text: `and ${more} more`}));
  return make('div', {class: 'members'},
    make('p', {class: 'hint', text: members.size === 1 ? 'One is here' : `${members.size} are here`}),
    make('ul', {class: 'member-list', 'aria-label': `Members of ${channel.name}`}, ...items));
}
