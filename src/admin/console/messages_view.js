// What arrived, oldest first, with the tail in sight until the reader scrolls up. Rows are made in an
// animation frame, twenty times a second at most, however fast messages come, and only the last five
// hundred are kept. A hidden tab makes no rows; it keeps what the next frame will show.

import {byId, make} from './dom.js';
import {milliseconds} from './latency.js';
import {paced} from './pacing.js';

const rowsMax = 500;
const flushEveryMs = 50;
const textMax = 2000;  // of one message; the rest is told, not shown
const announceEveryMs = 3000;  // a screen reader is told of what came since, not of every row

export class MessagesView {
  #list = byId('messages');
  #newest = byId('newest');
  #announcer = byId('announcer');
  #waiting = [];
  #soon = paced(flushEveryMs, () => this.#flush());
  #following = true;
  #tailTop = 0;  // where we scrolled to: from there upwards it was the reader
  #unread = 0;
  #unannounced = 0;
  #announcing = 0;

  constructor() {
    this.#show();
    this.#list.addEventListener('scroll', () => this.#onScroll(), {passive: true});
    // A notice above or a hint below changes how much of the list is seen.
    new ResizeObserver(() => { if (this.#following) this.#follow(); }).observe(this.#list);
    this.#newest.addEventListener('click', () => { this.#follow(); this.#list.focus(); });
    byId('clear').addEventListener('click', () => this.#clear());
  }

  // {channel, event, data, userName?, ms?, own?}; ms: how long a publication of this page took.
  message(message) {
    this.#add({...message, time: new Date()});
    ++this.#unannounced;
    if (!this.#announcing) this.#announcing = setTimeout(() => this.#announce(message), announceEveryMs);
  }

  note(text) { this.#add({note: text, time: new Date()}); }

  #add(row) {
    this.#waiting.push(row);
    if (this.#waiting.length > rowsMax) this.#waiting.shift();
    this.#soon();
  }

  #flush() {
    const rows = this.#waiting.splice(0).map(rowOf);
    this.#list.append(...rows);
    while (this.#list.childElementCount > rowsMax) this.#list.firstElementChild.remove();
    if (this.#following) this.#follow(); else this.#unread += rows.length;
    this.#show();
  }

  #show() {
    const count = this.#list.childElementCount;
    // The browser holds a reader's place when rows go above it; at the tail that would be a second hand.
    this.#list.style.overflowAnchor = this.#following ? 'none' : 'auto';
    // Who comes and goes is no message: the advice stays until there is one, or no room for it.
    byId('no-messages').hidden = count > 4 || this.#list.querySelector('.row:not(.note)') !== null;
    byId('message-count').textContent = count < rowsMax ? '' : `the last ${rowsMax}`;
    this.#newest.hidden = this.#following;
    this.#newest.textContent = this.#unread > 0 ? `${this.#unread} newer` : 'To the newest';
  }

  #onScroll() {
    const {scrollTop, scrollHeight, clientHeight} = this.#list;
    const atTail = scrollHeight - scrollTop - clientHeight < 24;
    if (!atTail && this.#following && scrollTop >= this.#tailTop - 1) return;  // the list grew
    this.#following = atTail;
    if (this.#following) this.#unread = 0;
    this.#show();
  }

  #follow() {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#tailTop = this.#list.scrollTop;
    this.#following = true;
    this.#unread = 0;
  }

  #clear() {
    this.#waiting = [];
    this.#list.replaceChildren();
    this.#follow();
    this.#show();
  }

  #announce(first) {
    const more = this.#unannounced - 1;
    const {from, text} = contentOf(first.data);
    this.#announcer.textContent =
      `${first.channel}: ${from ? `${from} says ` : ''}${text.slice(0, 120)}${more > 0 ? `, and ${more} more` : ''}`;
    this.#unannounced = 0;
    this.#announcing = 0;
  }
}

function rowOf(row) {
  const time = make('time', {text: row.time.toLocaleTimeString([], {hour12: false}), datetime: row.time.toISOString()});
  if (row.note !== undefined) {
    return make('li', {class: 'row note'}, time, make('span', {class: 'row-text', text: row.note}));
  }
  const {from, text} = contentOf(row.data);
  const speaker = row.userName ?? from;
  const head = make('span', {class: 'row-head'},
    make('span', {class: 'row-channel', text: row.channel}),
    make('span', {class: 'row-event', text: row.event}));
  if (row.own) head.append(make('span', {class: 'row-ms', text: 'sent, not echoed to you'}));
  else if (row.ms !== undefined) {
    head.append(make('span', {class: 'row-ms', text: milliseconds(row.ms), title: 'from publish to here'}));
  }
  const body = make('span', {class: 'row-text'});
  if (speaker) body.append(make('b', {text: speaker}), ' ');
  body.append(text.length > textMax ? `${text.slice(0, textMax)}… (${text.length} characters)` : text);
  return make('li', {class: row.ms !== undefined || row.own ? 'row mine' : 'row'}, time, head, body);
}

// {from, text} is how this page talks; everything else is shown as it came.
function contentOf(data) {
  let value = data;
  if (typeof data === 'string') {
    try { value = JSON.parse(data); } catch { return {text: data}; }
  }
  if (typeof value === 'string') return {text: value};
  if (typeof value?.text === 'string' && Object.keys(value).every((key) => key === 'text' || key === 'from')) {
    return {from: typeof value.from === 'string' ? value.from : undefined, text: value.text};
  }
  return {text: typeof data === 'string' ? data : JSON.stringify(value) ?? ''};
}
