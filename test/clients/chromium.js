// Opens the server's page in a real browser, Debian's chromium, and keeps an eye on what no test
// may ever see: errors in the console, and requests to another host.
import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {chromium} from 'playwright-core';

const binary = process.env.CHROMIUM ?? '/usr/bin/chromium';
const deadlineMs = 20_000;

export class Browser {
  static async launch() {
    // Not a reason to skip: a page that nobody opened was not tested.
    assert.ok(existsSync(binary), `${binary} is missing: install the package chromium, or name a binary in CHROMIUM`);
    const browser = new Browser();
    browser.inner = await chromium.launch({
      executablePath: binary, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    return browser;
  }

  close() { return this.inner.close(); }

  // A tab with storage of its own, with the page in it. `before` sees it before the page does.
  async tab(server, {before = () => {}, path = '/', scheme = 'http', ...options} = {}) {
    const context = await this.inner.newContext({viewport: {width: 1280, height: 900}, ...options});
    const page = await context.newPage();
    const tab = new Tab(page, `127.0.0.1:${server.port}`);
    page.setDefaultTimeout(deadlineMs);
    await before(page);
    await page.goto(`${scheme}://127.0.0.1:${server.port}${path}`);
    return tab;
  }
}

export class Tab {
  wrong = [];  // errors and foreign requests
  sockets = 0;

  constructor(page, host) {
    this.page = page;
    page.on('console', (message) => { if (message.type() === 'error') this.wrong.push(message.text()); });
    page.on('pageerror', (error) => this.wrong.push(String(error)));
    const note = (url) => { if (new URL(url).host !== host) this.wrong.push(`asked another host: ${url}`); };
    page.on('request', (request) => note(request.url()));
    page.on('websocket', (socket) => { ++this.sockets; note(socket.url()); });
  }

  // Closes, and answers for what happened in it.
  async close({forgiven = /^$/} = {}) {
    await this.page.context().close();
    assert.deepEqual(this.wrong.filter((line) => !forgiven.test(line)), []);
  }

  at(selector, options) { return this.page.locator(selector, options); }
  see(selector, hasText) { return this.at(selector, hasText === undefined ? {} : {hasText}).first().waitFor(); }
  text(selector) { return this.at(selector).innerText(); }

  // Waits until `read` gives a value that `good` likes, once per frame of this tab.
  async until(what, read, good) {
    const late = Date.now() + deadlineMs;
    for (;;) {
      const value = await read();
      if (good(value)) return value;
      assert.ok(Date.now() < late, `waited for ${what}; last seen: ${JSON.stringify(value)}`);
      await this.page.evaluate(() => new Promise(requestAnimationFrame));
    }
  }

  connected() { return this.see('#state[data-state="connected"]'); }
  async joined(channel) {
    await this.see('.channel[data-state="joined"] .channel-name', new RegExp(`^${channel}$`));
  }
  async join(channel) {
    await this.page.fill('#join-name', channel);
    await this.page.press('#join-name', 'Enter');
  }
  // Ready as a newcomer finds it: connected, in both channels, and with an ear for each protocol.
  async ready() {
    await this.connected();
    await this.joined('chat');
    await this.joined('presence-lobby');
    await this.listening();
    return this;
  }
  async listening() {
    await this.see('.ear[data-protocol="Pusher"][data-state="connected"]', 'hears bells');
    await this.see('.ear[data-protocol="Turbine"][data-state="connected"]', 'hears bells');
    await this.see('.ear[data-protocol="notiflux"][data-state="connected"]', 'asked for bells');
  }
  // One publication that is to be heard in three protocols.
  async ring(text) {
    await this.page.fill('#ring-text', text);
    await this.page.press('#ring-text', 'Enter');
  }
  // What a column shows, newest first.
  frames(protocol) { return this.at(`.ear[data-protocol="${protocol}"] .frame-text`).allTextContents(); }
  async say(text, channel = 'chat') {
    await this.page.selectOption('#publish-channel', channel);
    await this.page.fill('#publish-data', text);
    await this.page.press('#publish-data', 'Enter');
  }
  async burst(rate, seconds) {
    await this.page.fill('#burst-rate', String(rate));
    await this.page.fill('#burst-seconds', String(seconds));
    await this.page.click('#burst-button');
  }
}
