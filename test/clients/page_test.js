// The page at `/`, in a real browser, against the running server: what a newcomer does in the first
// minute, and what must hold however the page is used.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';

import {Carillon, soon} from './carillon.js';
import {Browser} from './chromium.js';
import {PrefixProxy} from './prefix_proxy.js';

// The browser writes into its console whatever a server refuses or does not answer.
const refusals = /400 \(Bad Request\)/;
const connectionErrors = /WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/;

describe('the page at /', () => {
  let server;
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([Carillon.start(), Browser.launch()]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  const tab = async (options) => (await browser.tab(server, options)).ready();

  test('carries a message from one tab to the other', async () => {
    const [ann, bob] = [await tab(), await tab()];
    await ann.page.fill('#name', 'Ann');
    await ann.page.press('#name', 'Tab');
    await ann.page.press('#key', 'Enter');  // which must not disconnect
    await ann.say('Do you hear the bells?');
    await bob.see('.row:not(.mine) .row-text', 'Ann Do you hear the bells?');
    await ann.see('.row.mine .row-text', 'Do you hear the bells?');
    await bob.say('Loud and clear', 'presence-lobby');
    await ann.see('.row:has(.row-channel:text("presence-lobby")) .row-text', 'Loud and clear');
    await ann.close();
    await bob.close();
  });

  test('shows who comes to a presence channel and who leaves it, and which of them is you', async () => {
    const ann = await tab();
    const name = await ann.page.inputValue('#name');
    await ann.see('.member:has(.you)', name);
    const bob = await tab();
    await bob.page.fill('#name', 'Bob of the belfry');
    await bob.page.press('#name', 'Enter');  // a new name is a new member
    await ann.see('.member:not(:has(.you))', 'Bob of the belfry');
    await ann.see('.row.note', 'Bob of the belfry came to presence-lobby');
    await bob.close();
    await ann.at('.member', {hasText: 'Bob of the belfry'}).waitFor({state: 'detached'});
    await ann.see('.row.note', 'Bob of the belfry left presence-lobby');
    assert.equal(await ann.at('.member').count(), 1);
    await ann.close();
  });

  test('counts in its chart what the server says it delivered, and measures how long it took', async () => {
    const [ann, bob] = [await tab(), await tab()];
    assert.equal(await ann.text('#received'), '0');
    assert.equal(await ann.text('#latency-median'), '–');
    const delivered = async () => (await server.metrics()).get('carillon_delivered_total{lane="0"}');
    const before = await delivered();
    await ann.burst(20, 3);
    await ann.until('the rate to move', () => ann.text('#rate'), (rate) => Number(rate) > 0);
    await ann.see('#burst-state', '60 of 60 sent into chat.');
    for (const one of [ann, bob]) {
      await one.until('60 to arrive', () => one.text('#received'), (received) => received === '60');
      assert.match(await one.text('#chart-text'), /in the last minute: 60, at most \d+ in a second/);
      const bars = await one.page.$$eval('.chart .bar', (all) => all.filter((bar) => Number(bar.getAttribute('height')) > 0).length);
      assert.ok(bars >= 3 && bars <= 6, `${bars} seconds have a bar`);
    }
    assert.equal(await delivered() - before, 120);
    assert.match(await ann.text('#latency-median'), /^[\d.]+ ms$/);
    assert.match(await ann.text('#latency-p95'), /^[\d.]+ ms$/);
    assert.match(await ann.text('#latency-note'), /last 60 publications/);
    assert.equal(await bob.text('#latency-median'), '–');  // none of them were bob's
    await ann.until('a pong', () => ann.text('#round-trip'), (text) => /^[\d.]+ ms$/.test(text));
    await ann.close();
    await bob.close();
  });

  test('stops a burst when told to', async () => {
    const ann = await tab();
    await ann.burst(50, 10);
    await ann.until('the first to arrive', () => ann.text('#received'), (received) => Number(received) > 0);
    await ann.page.click('#burst-button');
    await ann.see('#burst-state', 'of 500 sent');
    const sent = Number.parseInt(await ann.text('#burst-state'), 10);
    assert.ok(sent < 500);
    await ann.until('these and no more', () => ann.text('#received'), (received) => Number(received) === sent);
    await ann.close();
  });

  test('is used from the first channel to the first message with the keyboard alone', async () => {
    const ann = await tab();
    const {keyboard} = ann.page;
    const focused = () => ann.page.evaluate(() => document.activeElement.id);
    const tabTo = async (id) => {
      for (let presses = 0; presses < 40; ++presses) {
        await keyboard.press('Tab');
        if (await focused() === id) return;
      }
      assert.fail(`Tab never came to #${id}`);
    };
    await tabTo('join-name');
    await keyboard.type('bells');
    await keyboard.press('Enter');
    await ann.joined('bells');
    await tabTo('messages');
    await tabTo('publish-channel');
    await keyboard.type('bells');
    await tabTo('publish-data');
    await keyboard.type('By hand, without a mouse');
    await keyboard.press('Enter');
    await ann.see('.row:has(.row-channel:text("bells")) .row-text', 'By hand, without a mouse');
    assert.equal(await focused(), 'publish-data');
    await tabTo('burst-rate');
    for (const key of ['Home', 'ArrowRight', 'ArrowRight']) await keyboard.press(key);
    await tabTo('burst-seconds');
    await keyboard.press('Home');
    await tabTo('burst-button');
    await keyboard.press('Enter');
    await ann.see('#burst-state', '3 of 3 sent into bells.');
    await ann.close();
  });

  test('lets Tab reach every control, in the order of the page, named and visibly focused', async () => {
    const ann = await tab();
    const expected = await ann.page.$$eval('a[href], button, input, select, [tabindex="0"]', (all) =>
      all.filter((one) => !one.disabled && one.checkVisibility()).map((one, i) => (one.dataset.stop = String(i))));
    assert.ok(expected.length >= 17);
    const seen = [];
    for (let i = 0; i < expected.length; ++i) {
      await ann.page.keyboard.press('Tab');
      seen.push(await ann.page.evaluate(() => {
        const one = document.activeElement;
        const style = getComputedStyle(one);
        const labels = [...(one.labels ?? [])].map((label) => label.textContent);
        const labelled = one.getAttribute('aria-labelledby');
        const name = one.getAttribute('aria-label') ?? (labelled && document.getElementById(labelled).textContent)
          ?? (labels.length > 0 ? labels.join() : one.textContent);
        return {stop: one.dataset.stop, named: name.trim() !== '', ring: style.outlineStyle !== 'none' && style.outlineWidth !== '0px'};
      }));
    }
    assert.deepEqual(seen, expected.map((stop) => ({stop, named: true, ring: true})));
    await ann.close();
  });

  test('says why a subscription is refused', async () => {
    const ann = await tab();
    await ann.join('no spaces please');
    await ann.see('.channel[data-state="refused"] .error', /refused: The channel name is not allowed.*\(4009\)/);
    await ann.join('private-no spaces');
    await ann.see('.channel[data-state="refused"] .error', /refused: channel_name .* illegal characters.*\(400\)/);
    await ann.page.click('[aria-label="Leave no spaces please"]');
    await ann.at('.channel', {hasText: 'no spaces please'}).waitFor({state: 'detached'});
    await ann.close({forgiven: refusals});
  });

  test('says why a publish is refused, over HTTP and as a client event', async () => {
    const ann = await tab();
    await ann.page.fill('#publish-event', 'e'.repeat(201));
    await ann.say('too long a name');
    await ann.see('#publish-error', 'name is longer than the allowed 200 bytes. (400)');
    await ann.page.selectOption('#publish-format', 'json');
    await ann.say('{"not": json}');
    await ann.see('#publish-error', 'That is not JSON');
    await ann.page.selectOption('#publish-channel', 'presence-lobby');
    await ann.page.selectOption('#publish-way', 'client');
    await ann.page.fill('#publish-event', 'shout');
    await ann.say('{}', 'presence-lobby');
    await ann.see('.notice', 'Refused (4301) Invalid event name: Client events begin with client-');
    assert.equal(await ann.at('#publish-error').isVisible(), false);
    await ann.page.click('.notice button');
    assert.equal(await ann.at('.notice').count(), 0);
    await ann.close({forgiven: refusals});
  });

  test('sends client events to the others, and offers them only where clients may speak', async () => {
    const [ann, bob] = [await tab(), await tab()];
    await ann.page.selectOption('#publish-channel', 'chat');
    assert.equal(await ann.page.$eval('#publish-way option[value="client"]', (option) => option.disabled), true);
    await ann.page.selectOption('#publish-channel', 'presence-lobby');
    await ann.page.selectOption('#publish-way', 'client');
    assert.equal(await ann.page.inputValue('#publish-event'), 'client-message');
    await ann.say('Psst', 'presence-lobby');
    const name = await ann.page.inputValue('#name');
    await bob.see('.row:has(.row-event:text("client-message")) .row-text', `${name} Psst`);
    await ann.see('.row.mine', 'not echoed to you');
    assert.equal(await ann.text('#received'), '0');
    await ann.close();
    await bob.close();
  });

  test('shows markup as text, wherever it comes from', async () => {
    const [ann, bob] = [await tab(), await tab()];
    const hostile = '<img src=x onerror="document.title=1"><b>bold</b>';
    await ann.page.fill('#name', '<i>Ann</i>');
    await ann.page.press('#name', 'Enter');
    await bob.see('.member', '<i>Ann</i>');
    await ann.join('<s>a</s>');
    await ann.see('.channel[data-state="refused"] .channel-name', '<s>a</s>');
    await ann.page.fill('#publish-event', '<u>ring</u>');
    await ann.say(hostile);
    for (const one of [ann, bob]) {
      await one.see('.row-event', '<u>ring</u>');
      const row = one.at('.row', {hasText: 'onerror'}).locator('.row-text');
      assert.equal(await row.textContent(), `<i>Ann</i> ${hostile}`);
      assert.equal(await one.page.$$eval('#messages :is(img, u, i), .board :is(s, i)', (all) => all.length), 0);
      assert.equal(await one.page.title(), 'Carillon');
    }
    await ann.close();
    await bob.close();
  });

  test('keeps five hundred rows, with the tail in sight until the reader scrolls up', async () => {
    const ann = await tab();
    const ring = (n) => fetch(`http://127.0.0.1:${server.port}/demo/events`, {
      method: 'POST', body: JSON.stringify({channel: 'chat', name: 'ring', data: `stroke ${n}`}),
    });
    for (let n = 0; n < 520; n += 20) await Promise.all([...Array(20).keys()].map((i) => ring(n + i)));
    await ann.until('520 to arrive', () => ann.text('#received'), (received) => received === '520');
    const fromTail = () => ann.page.$eval('#messages', (list) => list.scrollHeight - list.scrollTop - list.clientHeight);
    await ann.until('the tail', fromTail, (pixels) => pixels < 2);
    assert.equal(await ann.at('.row').count(), 500);

    await ann.page.focus('#messages');
    const scrolled = ann.page.$eval('#messages', (list) =>
      new Promise((resolve) => list.addEventListener('scrollend', () => resolve(true), {once: true})));
    await ann.page.keyboard.press('PageUp');
    assert.ok(await soon(scrolled, 'the list to come to rest'));
    assert.ok(await fromTail() > 100);
    await ann.see('#newest', 'To the newest');
    await ring('the last');
    await ann.see('#newest', '1 newer');
    assert.ok(await fromTail() > 100);
    await ann.page.click('#newest');
    await ann.until('the tail', fromTail, (pixels) => pixels < 2);
    assert.equal(await ann.at('#newest').isVisible(), false);
    await ann.close();
  });

  test('has no sideways scrolling on a phone, whatever is in it', async () => {
    const ann = await tab({viewport: {width: 360, height: 740}});
    await ann.join(`private-${'long'.repeat(40)}`);
    await ann.join(`${'nospace '.repeat(12)}`);
    await ann.see('.channel[data-state="refused"]');
    await ann.joined(`private-${'long'.repeat(40)}`);
    await ann.say('word'.repeat(200));
    await ann.see('.row-text', 'wordword');
    await ann.page.fill('#publish-event', 'x'.repeat(300));
    await ann.say('refused');
    await ann.see('#publish-error');
    await ann.page.fill('#name', 'N'.repeat(40));
    await ann.page.press('#name', 'Enter');
    await ann.see('.member', 'N'.repeat(40));
    const [wide, seen] = await ann.page.evaluate(() =>
      [document.scrollingElement.scrollWidth, document.scrollingElement.clientWidth]);
    assert.ok(wide <= seen, `${wide} px wide in ${seen} px`);
    await ann.close({forgiven: refusals});
  });

  for (const theme of ['light', 'dark']) {
    test(`has text that can be read in the ${theme} theme`, async () => {
      const ann = await tab({colorScheme: theme});
      assert.equal(await ann.page.getAttribute('#theme', 'aria-pressed'), String(theme === 'dark'));
      await ann.join('private-a');
      await ann.join('cache-a');
      await ann.joined('private-a');
      await ann.join('not a name');
      await ann.see('.channel .error');
      await ann.say('Is this clear?');
      await ann.see('.row.mine');
      await ann.ring('And this?');
      await ann.see('.frame.mine');
      const texts = ['body', '.tagline', '#connection label', '#key', '#name', '.button.strong', '.button.quiet', '#state-words',
        '.channel-name', '.badge.public', '.badge.private', '.badge.presence', '.badge.cache', '.channel .error', '.member', '.you',
        '.hint', '.row-text', '.row time', '.row-channel', '.row-event', '.row-ms', '.rate strong', '.readouts dt', '.readouts dd',
        '.chart text', '.foot p', '.three-words code', '.ear h3', '.ear-path', '.ear-state strong', '.ear-state .hint', '.frames-box .empty',
        '.frame time', '.frame-number', '.frame .row-ms', '.frame-text'];
      for (const [selector, ratio] of Object.entries(await ann.page.evaluate(contrasts, texts))) {
        assert.ok(ratio >= 4.5, `${selector} has a contrast of ${ratio.toFixed(2)} : 1`);
      }
      const [bar] = Object.values(await ann.page.evaluate(contrasts, ['.chart .bar']));
      assert.ok(bar >= 3, `the bars have a contrast of ${bar.toFixed(2)} : 1`);
      await ann.close();
    });
  }

  test('changes its theme at a button, and keeps the choice', async () => {
    const ann = await tab({colorScheme: 'light'});
    const paper = () => ann.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await ann.page.click('#theme');
    const dark = await paper();
    assert.notEqual(dark, light);
    await ann.page.reload();
    await ann.ready();
    assert.equal(await paper(), dark);
    await ann.page.click('#theme');
    assert.equal(await paper(), light);
    await ann.close();
  });

  test('moves nothing where motion is not wanted', async () => {
    const ann = await tab({reducedMotion: 'reduce'});
    await ann.page.evaluate(() => {
      window.moves = {animated: new Set(), shifts: new Set()};
      const animate = Element.prototype.animate;
      Element.prototype.animate = function (frames, options) {
        for (const property of Object.keys(frames[0])) window.moves.animated.add(property);
        return animate.call(this, frames, options);
      };
      const chart = document.querySelector('.chart g');
      new MutationObserver(() => window.moves.shifts.add(chart.getAttribute('transform'))).observe(chart, {attributes: true});
    });
    await ann.burst(20, 1);
    await ann.until('all to arrive', () => ann.text('#received'), (received) => received === '20');
    const moves = await ann.page.evaluate(() => ({animated: [...window.moves.animated], shifts: window.moves.shifts.size}));
    assert.deepEqual(moves, {animated: ['opacity'], shifts: 1});
    await ann.close();
  });

  test('stays away when the app does not exist, and says so', async () => {
    const ann = await browser.tab(server, {before: (page) => page.clock.install()});
    await ann.ready();
    await ann.page.click('#connect');
    await ann.see('#state[data-state="disconnected"]', 'Disconnected');
    await ann.page.fill('#key', 'no-such-key');
    await ann.page.press('#key', 'Enter');
    await ann.see('#state[data-state="refused"]', 'Refused 4001: Application does not exist.');
    const sockets = ann.sockets;
    await ann.page.clock.fastForward(120_000);
    await ann.see('#state[data-state="refused"]');
    assert.equal(ann.sockets, sockets);
    await ann.page.fill('#key', 'demo-key');
    await ann.page.click('#connect');
    await ann.ready();
    await ann.close();
  });

  // A server of the test's own making answers the page's WebSocket, on a clock that stands still.
  for (const [code, words, comesBack] of [
    [4003, 'stays away', () => false],
    [4009, 'stays away', () => false],
    [4100, 'comes back after a while', (ms) => ms >= 750],
    [4200, 'comes back at once', () => true],
    [4201, 'comes back at once', () => true],
  ]) {
    test(`${words} when it is closed with ${code}`, async () => {
      const attempts = [];
      const ann = await browser.tab(server, {
        before: async (page) => {
          await page.routeWebSocket(/client=carillon-page/, (socket) => {
            attempts.push(socket);
            socket.send(JSON.stringify({event: 'pusher:connection_established', data: '{"socket_id":"1.2","activity_timeout":120}'}));
          });
          await page.clock.install({time: 0});
          await page.clock.pauseAt(1000);
        },
      });
      await ann.connected();
      await attempts[0].close({code, reason: 'for a test'});
      await ann.see(`#state[data-state="${comesBack(2000) ? 'waiting' : 'refused'}"]`, `${code}: for a test.`);
      for (const ms of [1, 700, 1000, 60_000]) {
        assert.equal(attempts.length, 1);
        await ann.page.clock.runFor(ms);
        if (comesBack(ms)) break;
      }
      if (comesBack(60_000)) await ann.until('the next attempt', () => attempts.length, (count) => count === 2);
      assert.equal(attempts.length, comesBack(60_000) ? 2 : 1);
      await ann.close();
    });
  }

  test('is served with its rules, and asked about only once', async () => {
    const url = `http://127.0.0.1:${server.port}/`;
    const page = await fetch(url);
    assert.match(page.headers.get('content-security-policy'), /default-src 'self'/);
    assert.equal(page.headers.get('x-frame-options'), 'DENY');
    const again = await fetch(url, {headers: {'If-None-Match': page.headers.get('etag')}});
    assert.equal(again.status, 304);
  });
});

describe('the page of a server', () => {
  let browser;
  before(async () => { browser = await Browser.launch(); });
  after(() => browser?.close());

  test('that is killed says so, and comes back with its channels when the server does', async () => {
    const first = await Carillon.start();
    const ann = await (await browser.tab(first)).ready();
    const socket = await ann.text('#state-words');
    first.child.kill('SIGKILL');
    await ann.see('#state[data-state="waiting"]', /Connection lost 1006: .*Trying again in \d+ s/);
    await ann.see('.channel[data-state="waiting"]', 'waits for the connection');
    await first.stop();
    const second = await Carillon.start({env: {PORT: String(first.port)}});
    try {
      await ann.ready();
      assert.notEqual(await ann.text('#state-words'), socket);
      await ann.say('We are back');
      await ann.see('.row.mine .row-text', 'We are back');
      await ann.close({forgiven: connectionErrors});
    } finally {
      await second.stop();
    }
  });

  test('that is told to stop repeats its words and tries again', async () => {
    const server = await Carillon.start({env: {SHUTDOWN_GRACE_PERIOD: '2'}});
    const ann = await (await browser.tab(server)).ready();
    await ann.page.evaluate(() => {
      window.said = [];
      new MutationObserver(() => window.said.push(document.querySelector('#state').textContent))
        .observe(document.querySelector('#state'), {subtree: true, childList: true, characterData: true});
    });
    server.child.kill('SIGTERM');
    await ann.see('#state[data-state="waiting"]', 'Connection lost 1006');
    const said = (await ann.page.evaluate(() => window.said)).join('\n');
    assert.match(said, /4200: Server shutting down. Trying again at once/);
    await soon(server.exited, 'the server to exit');
    await ann.close({forgiven: connectionErrors});
    await server.stop();
  });

  test('with an app of its own listens by key, and says what needs a signature', async () => {
    const own = {id: 'own', key: 'own-key', secret: 'own-secret-that-nobody-knows'};
    const server = await Carillon.start({env: {
      SOCKUDO_DEFAULT_APP_ID: own.id, SOCKUDO_DEFAULT_APP_KEY: own.key, SOCKUDO_DEFAULT_APP_SECRET: own.secret,
    }});
    try {
      for (const [method, path] of [['GET', '/demo'], ['GET', '/demo/tokens'], ['POST', '/demo/auth'], ['POST', '/demo/events']]) {
        assert.equal((await fetch(`http://127.0.0.1:${server.port}${path}`, {method})).status, 404);
      }
      const ann = await browser.tab(server);
      await ann.see('#production', 'need a signature from your backend');
      assert.equal(await ann.at('#publish').isVisible(), false);
      assert.equal(await ann.at('#three').isVisible(), false);
      await ann.page.fill('#key', own.key);
      await ann.page.press('#key', 'Enter');
      await ann.joined('chat');
      await server.backend({appId: own.id, key: own.key, secret: own.secret}).trigger('chat', 'ring', {hour: 12});
      await ann.see('.row-text', '{"hour":12}');
      await ann.join('private-a');
      await ann.see('.channel[data-state="refused"] .error', 'This channel needs a signature from your backend.');
      await ann.close({forgiven: /404/});  // the page asked whether there is a demo
    } finally {
      await server.stop();
    }
  });
});

// One publish that three protocols hear, in the demonstration. What a client of each is sent stands in that protocol's manual;
// the page is to show it as it came.
describe('the page in three protocols', () => {
  // Without bridges between their apps the three share one app.
  const env = {};
  const protocols = ['Pusher', 'Turbine', 'notiflux'];
  let server;
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([Carillon.start({env}), Browser.launch()]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  const tab = async (options) => (await browser.tab(server, options)).ready();
  const publish = (data) => fetch(`http://127.0.0.1:${server.port}/demo/events`, {
    method: 'POST', body: JSON.stringify({channel: 'bells', name: 'ring', data}),
  });
  // What came over each socket of a page, as the browser saw it, oldest first.
  const tapInto = (wire) => (page) => page.on('websocket', (socket) => {
    const path = new URL(socket.url()).pathname;
    const protocol = {'/turbine/ws': 'Turbine', '/notiflux/ws': 'notiflux'}[path] ?? 'Pusher';
    if (socket.url().includes('client=carillon-page')) return;
    wire[protocol] = [];
    socket.on('framereceived', ({payload}) => { wire[protocol].push(payload); });
  });

  test('shows one publish as each of them says it, and how soon', async () => {
    const wire = {};
    const ann = await tab({before: tapInto(wire)});
    const bob = await tab();
    await ann.ring('Twelve o’clock');
    await ann.see('#ring-state', /^No. 1: heard by all three, the last after [\d.]+ ms.$/);
    for (const one of [ann, bob]) {
      for (const protocol of protocols) await one.see(`.ear[data-protocol="${protocol}"] .frame-text`, 'Twelve o’clock');
      const [pusher, turbine, notiflux] = await Promise.all(protocols.map(async (protocol) => (await one.frames(protocol))[0]));
      const {id, text} = JSON.parse(notiflux);
      assert.equal(text, 'Twelve o’clock');
      assert.match(id, /^[0-9a-f]{8}\.1$/);
      assert.deepEqual(JSON.parse(pusher), {event: 'ring', channel: 'bells', data: notiflux});
      assert.deepEqual(JSON.parse(turbine), {method: 'publication', params: {channel: 'bells', data: {id, text}}});
    }
    for (const protocol of protocols) {
      assert.deepEqual((await ann.frames(protocol)).reverse(), wire[protocol]);
      const mine = ann.at(`.ear[data-protocol="${protocol}"] .frame.mine`);
      assert.match(await mine.locator('.frame-head').innerText(), /No. 1\s+[\d.]+ ms$/);
    }
    assert.equal(await bob.at('.frame.mine').count(), 0);  // none of it was bob's
    await bob.ring('Half past');
    await bob.see('#ring-state', 'No. 1: heard by all three');
    await ann.until('bob', async () => (await Promise.all(protocols.map((protocol) => ann.frames(protocol)))).flat(),
      (frames) => frames.filter((frame) => frame.includes('Half past')).length === 3);
    assert.equal(await ann.at('.frame.mine').count(), 3);
    await ann.close();
    await bob.close();
  });

  test('keeps the last twenty frames of each, the newest first', async () => {
    const ann = await tab();
    for (let n = 0; n < 30; ++n) await publish(`stroke ${n}`);
    for (const protocol of protocols) {
      await ann.see(`.ear[data-protocol="${protocol}"] .frame-text`, 'stroke 29');
      const frames = await ann.frames(protocol);
      assert.equal(frames.length, 20);
      frames.forEach((frame, i) => assert.ok(frame.includes(`stroke ${29 - i}`), `${protocol} ${i}: ${frame}`));
    }
    await ann.close();
  });

  test('shows markup as text, in whatever frame it comes', async () => {
    const ann = await tab();
    const hostile = '<img src=x onerror="document.title=1"><b>bold</b>';
    await ann.ring(hostile);
    await ann.see('#ring-state', 'heard by all three');
    await publish(hostile);  // for notiflux, the whole frame
    await ann.until('it to arrive', async () => (await ann.frames('notiflux'))[0], (frame) => frame === hostile);
    for (const protocol of ['Pusher', 'Turbine']) {
      await ann.until('it to arrive', async () => (await ann.frames(protocol)).filter((frame) => frame.includes('<b>bold</b>')).length,
        (count) => count === 2);
    }
    assert.equal(await ann.at('#three :is(img, b)').count(), 0);
    assert.equal(await ann.page.title(), 'Carillon');
    await ann.close();
  });

  test('says who did not hear', async () => {
    const ann = await tab({before: (page) => page.routeWebSocket(/notiflux/, () => {})});  // takes all, says nothing
    await ann.ring('Who is there?');
    await ann.see('#ring-state', 'No. 1: not heard within 2 s by notiflux.');
    await ann.close();
  });

  test('says why a publish or a token is refused', async () => {
    const ann = await browser.tab(server, {before: async (page) => {
      await page.route('**/demo/tokens', (route) => route.fulfill({json: {channel: 'bells', turbine: 'x', notiflux: 'y'}}));
      await page.route('**/demo/events', (route) => route.fulfill({status: 400, json: {error: 'Not so loud.'}}));
    }});
    await ann.see('.ear[data-protocol="Turbine"][data-state="waiting"]', /Connection lost 401: unauthorized. Trying again in \d+ s/);
    await ann.ring('too loud');
    await ann.see('#ring-error', 'Not so loud. (400)');
    await ann.close({forgiven: refusals});
  });

  test('comes back in all three when the server does, with tokens asked for anew', async () => {
    const first = await Carillon.start({env});
    let asked = 0;
    const ann = await browser.tab(first, {before: (page) => page.on('request', (request) => {
      if (request.url().endsWith('/demo/tokens')) ++asked;
    })});
    await ann.ready();
    const before = asked;
    first.child.kill('SIGKILL');
    for (const protocol of protocols) {
      await ann.see(`.ear[data-protocol="${protocol}"][data-state="waiting"]`, /Connection lost 1006: .*Trying again in \d+ s/);
    }
    await first.stop();
    const second = await Carillon.start({env: {...env, PORT: String(first.port)}});
    try {
      await ann.listening();
      assert.ok(asked >= before + 2, `asked ${asked - before} times more`);
      await ann.ring('We are back');
      await ann.see('#ring-state', 'heard by all three');
      await ann.close({forgiven: connectionErrors});
    } finally {
      await second.stop();
    }
  });

  for (const [device, width, columns] of [['a phone', 360, 1], ['a tablet', 800, 3]]) {
    test(`has its columns in reach on ${device}, and no sideways scrolling`, async () => {
      const ann = await tab({viewport: {width, height: 740}});
      await ann.ring('word'.repeat(200));
      await ann.see('#ring-state', 'heard by all three');
      const edges = await ann.page.$$eval('.ear', (all) => all.map((ear) => ear.getBoundingClientRect().left));
      assert.equal(new Set(edges).size, columns);
      const wide = await ann.page.$$eval('html, .three, .ear, .frames, .frame-text', (all) =>
        all.filter((one) => one.scrollWidth > one.clientWidth && one.clientWidth > 0)
          .map((one) => `${one.className}: ${one.scrollWidth} px in ${one.clientWidth} px`));
      assert.deepEqual(wide, []);
      await ann.close();
    });
  }

  test('asks for nothing outside of the prefix that a proxy puts in front', async () => {
    const proxy = await PrefixProxy.start(server, '/tower');
    try {
      const ann = await (await browser.tab(proxy, {path: '/tower/'})).ready();
      await ann.ring('From the tower');
      await ann.see('#ring-state', 'heard by all three');
      await ann.close();
      assert.deepEqual(proxy.strays, []);
    } finally {
      await proxy.stop();
    }
  });

  test('is not there where the server gives no tokens, even with the demo app', async () => {
    const configured = await Carillon.start({env: {
      SOCKUDO_DEFAULT_APP_ID: 'demo-app', SOCKUDO_DEFAULT_APP_KEY: 'demo-key', SOCKUDO_DEFAULT_APP_SECRET: 'demo-secret',
    }});
    try {
      let refused;
      const ann = await browser.tab(configured, {before: (page) => { refused = page.waitForResponse(/demo.tokens/); }});
      assert.equal((await refused).status(), 404);
      await ann.joined('chat');
      assert.equal(await ann.at('#three').isVisible(), false);
      assert.equal(ann.sockets, 1);
      await ann.close({forgiven: /404/});
    } finally {
      await configured.stop();
    }
  });
});

// In the page: WCAG contrast of the first element of each selector against what lies behind it.
function contrasts(selectors) {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const pixel = (...colours) => {  // painted over each other, the lowest first
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  return Object.fromEntries(selectors.map((selector) => {
    const element = document.querySelector(selector);
    if (!element) throw new Error(`${selector} is not there`);
    const grounds = [];
    for (let at = element; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
    const style = getComputedStyle(element);
    const colour = element instanceof SVGElement ? style.fill : style.color;
    const [low, high] = [luminance(pixel(...grounds)), luminance(pixel(...grounds, colour))].sort((a, b) => a - b);
    return [selector, (high + 0.05) / (low + 0.05)];
  }));
}
