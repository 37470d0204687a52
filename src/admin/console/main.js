// Builds the page's parts and tells each of them what concerns it. Everything else is in the module
// of its name.

import {socketAt} from './address.js';
import {Belfry} from './bells.js';
import {BurstView} from './burst_view.js';
import {ChannelsView, memberName} from './channels_view.js';
import {Chart} from './chart.js';
import {ConnectionView} from './connection_view.js';
import {authorize, findDemo, tokens} from './demo.js';
import {byId} from './dom.js';
import {Latency, milliseconds} from './latency.js';
import {MessagesView} from './messages_view.js';
import {friendlyName, newUserId} from './names.js';
import {notice} from './notices.js';
import {PublishView} from './publish_view.js';
import {Publisher} from './publisher.js';
import {PusherClient} from './pusher_client.js';
import {startTheme} from './theme.js';
import {ThreeView} from './three_view.js';
import {Traffic} from './traffic.js';

const demoChannels = ['chat', 'presence-lobby'];
const publicChannels = ['chat'];  // all that can be heard without a signature

const user = {id: newUserId(), name: friendlyName()};
const traffic = new Traffic();
const latency = new Latency();
const belfry = new Belfry(byId('belfry'));
const messages = new MessagesView();
let demo = null;

const client = new PusherClient({
  urlFor: (key) => socketAt(`app/${encodeURIComponent(key)}?protocol=7&client=carillon-page`),
  authorize: (socketId, channel) => {
    if (demo) return authorize(socketId, channel, user);
    throw new Error('This channel needs a signature from your backend.');
  },
  heard: {
    state: (state) => connection.show(state),
    channels: () => {
      channels.changed();
      publishing.offer([...client.channels.values()].filter(({state}) => state === 'joined').map(({name}) => name));
    },
    member: (channel, id, info, joined) => {
      messages.note(`${memberName(id, info)} ${joined ? 'came to' : 'left'} ${channel.name}`);
    },
    message: onMessage,
    refused: (code, words) => notice(code ? `Refused (${code})` : 'Refused', words ?? ''),
    pong: (ms) => { byId('round-trip').textContent = milliseconds(ms); },
  },
});

const connection = new ConnectionView(client);
const channels = new ChannelsView(client);
const publisher = new Publisher(client, latency);
const publishing = new PublishView({
  publisher, name: () => user.name, own: (message) => messages.message({...message, own: true, userName: user.name}),
});
new BurstView({
  channel: () => publishing.channel,
  publish: (channel, number) => publisher.overHttp(channel, 'burst', JSON.stringify({stroke: number, by: user.name})),
});
new Chart(byId('chart'), traffic, showRates);
startTheme(byId('theme'));

function onMessage({channel, event, data, userId, at}) {
  traffic.add(at);
  const ms = latency.heard(channel, event, data, at);
  const members = client.channels.get(channel).members;
  messages.message({
    channel, event, data, ms: ms ?? undefined,
    userName: userId === undefined ? undefined : memberName(userId, members.get(userId)),
  });
  belfry.strike(channel);
}

// With every drawing of the chart: the same frame, the same numbers.
function showRates({rate, peak, sum}) {
  byId('rate').textContent = rate;
  byId('received').textContent = traffic.total;
  byId('chart-text').textContent = sum === 0
    ? 'Heard by this tab in the last minute: nothing.'
    : `Heard by this tab in the last minute: ${sum}, at most ${peak} in a second.`;
  const measured = latency.summary();
  if (!measured) return;
  byId('latency-median').textContent = milliseconds(measured.median);
  byId('latency-p95').textContent = milliseconds(measured.p95);
  byId('latency-note').textContent =
    `Median and 95 % of this tab’s last ${measured.count === 1 ? 'publication' : `${measured.count} publications`}.`;
}

// A new name is a new member: presence channels are joined again.
function rename() {
  const name = byId('name').value.trim();
  if (!name || name === user.name) return;
  user.name = name;
  const presence = [...client.channels.values()].filter(({kind}) => kind.presence).map((channel) => channel.name);
  for (const channel of presence) client.unsubscribe(channel);
  for (const channel of presence) client.subscribe(channel);
}

async function start() {
  byId('name').value = user.name;
  byId('name').addEventListener('change', rename);
  byId('naming').addEventListener('submit', (event) => { event.preventDefault(); rename(); });
  addEventListener('online', () => client.hurry());
  connection.show(client.state);
  channels.changed();
  demo = await findDemo();
  for (const part of document.querySelectorAll('[data-demo]')) part.hidden = demo === null;
  for (const part of document.querySelectorAll('[data-no-demo]')) part.hidden = demo !== null;
  for (const channel of demo ? demoChannels : publicChannels) client.subscribe(channel);
  if (!demo) return;
  byId('key').value = demo.key;
  client.connect(demo.key);
  // A server that shows all its protocols also lets this page speak them.
  const shared = await tokens().catch(() => null);
  if (!shared) return;
  const three = new ThreeView({demo, channel: shared.channel, ring: () => belfry.strike(shared.channel)});
  addEventListener('online', () => three.hurry());
}

start();
