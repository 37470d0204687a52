// Starts the real server on free loopback ports and makes clients of the published packages for it.
// CARILLON names the binary.
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import readline from 'node:readline';

import {Bare} from './bare.js';
import {soon, until} from './soon.js';

export {soon, until};

const require = createRequire(import.meta.url);
export const PusherClient = require('pusher-js');
export const PusherServer = require('pusher');

export const binary = process.env.CARILLON ?? new URL('../../build/release/carillon', import.meta.url).pathname;

export const app = {id: 'demo-app', key: 'demo-key', secret: 'demo-secret'};

// The configuration file of a server for these apps: ours with these switches, or several.
export const withApps = (...apps) => ({app_manager: {array: {apps: apps.map((switches) => ({...app, ...switches}))}}});

export const heard = (target, event) => soon(new Promise((resolve) => target.bind(event, resolve)), event);

// pusher-js hands an error on as it came, or wrapped by its transport.
export const codeOf = (error) => (error.error ?? error).data.code;

export class Carillon {
  // `config` is what the configuration file says.
  static async start({threads = 1, env = {}, config} = {}) {
    const server = new Carillon();
    const flags = ['--threads', String(threads)];
    let folder;
    if (config) {
      folder = mkdtempSync(join(tmpdir(), 'carillon-'));
      writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
      flags.push('--config', join(folder, 'config.json'));
    }
    const child = spawn(binary, ['serve', ...flags], {
      env: {...process.env, PORT: '0', METRICS_PORT: '0', LOG_FORMAT: 'json', ...env},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server.child = child;
    server.log = [];
    server.clients = [];
    server.bares = [];
    server.sockets = [];
    server.exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve({code, signal})));
    if (folder) server.exited.then(() => rmSync(folder, {recursive: true}));
    const listening = new Promise((resolve) => {
      readline.createInterface({input: child.stderr}).on('line', (line) => {
        server.log.push(line);
        if (!line.startsWith('{')) return;
        const entry = JSON.parse(line);
        if (entry.event === 'listening') resolve(entry);
      });
    });
    const early = server.exited.then(({code}) => {
      throw new Error(`the server ended with ${code} before it listened:\n${server.log.join('\n')}`);
    });
    const entry = await soon(Promise.race([listening, early]), 'the server to listen');
    early.catch(() => {});
    server.port = entry.port;
    server.metricsPort = entry.metrics_port;
    return server;
  }

  // An unmodified pusher-js client; `Client` may be another build of it.
  client(options = {}, key = app.key, Client = PusherClient) {
    const client = new Client(key, {
      wsHost: '127.0.0.1', wsPort: this.port, forceTLS: false, enabledTransports: ['ws'], cluster: 'mt1',
      disableStats: true, ...options,
    });
    this.clients.push(client);
    client.connection.bind('connected', () => this.sockets.push(client.connection.connection.transport.socket));
    return client;
  }

  async connected(options) {
    const client = this.client(options);
    await heard(client.connection, 'connected');
    return client;
  }

  // A WebSocket without a client library, greeted. `options` are those of the ws package.
  async bare(options = {}) {
    const bare = this.stranger(options);
    await bare.greeted();
    return bare;
  }

  // The same, before it is known whether it may stay.
  stranger({path = `/app/${app.key}?protocol=7`, scheme = 'ws', ...options} = {}) {
    const bare = new Bare(`${scheme}://127.0.0.1:${this.port}${path}`, options);
    this.bares.push(bare);
    return bare;
  }

  // A WebSocket that is open, on whose path the client speaks first.
  async opened(path, options = {}) {
    const bare = this.stranger({path, ...options});
    await bare.opened();
    return bare;
  }

  // On that lane, by `connect`. The kernel deals connections out; sixty-four coin tosses that all miss do not happen.
  async onLane(lane, connect) {
    const accepted = `carillon_accepted_total{lane="${lane}"}`;
    for (let toss = 0; toss < 64; ++toss) {
      const before = (await this.metrics()).get(accepted);
      const client = await connect();
      if ((await this.metrics()).get(accepted) > before) return client;
      if (client.disconnect) client.disconnect();
      else await client.close();
    }
    throw new Error(`no connection came to lane ${lane}`);
  }

  // An unmodified server SDK.
  backend(overrides = {}) {
    return new PusherServer({
      appId: app.id, key: app.key, secret: app.secret, host: '127.0.0.1', port: String(this.port), useTLS: false,
      ...overrides,
    });
  }

  // What a customer's auth endpoint does, with the SDK, in process. `user` names the presence member.
  authorizer(user, info) {
    const backend = this.backend();
    return {
      channelAuthorization: {
        customHandler: ({socketId, channelName}, callback) => {
          const member = channelName.startsWith('presence-') ? {user_id: user, user_info: info} : undefined;
          callback(null, backend.authorizeChannel(socketId, channelName, member));
        },
      },
    };
  }

  async subscribed(client, name) {
    const channel = client.subscribe(name);
    await heard(channel, 'pusher:subscription_succeeded');
    return channel;
  }

  // Publishes this very body.
  async publishBytes(body) {
    const path = `/apps/${app.id}/events`;
    const query = this.backend().createSignedQueryString({method: 'POST', path, body});
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}?${query}`, {method: 'POST', body});
    if (answer.status !== 200) throw new Error(`a publish was answered ${answer.status}: ${await answer.text()}`);
  }

  async metricsText() {
    return (await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`)).text();
  }

  // The metrics by line: 'carillon_…{…}' to number.
  async metrics() {
    const lines = (await this.metricsText()).split('\n').filter((line) => line && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
  }

  // How many clients the server knows of.
  async present() {
    return (await this.metrics()).get(`sockudo_connected{app_id="${app.id}",port="${this.port}"}`);
  }

  // How many sessions there are, of whichever protocol.
  async sessions() {
    const lanes = [...await this.metrics()].filter(([name]) => name.startsWith('carillon_sessions{'));
    return lanes.reduce((all, [, count]) => all + count, 0);
  }

  async stop() {
    for (const client of this.clients) {
      // A pusher-js that is told to disconnect while an attempt of its fails begins the next one, for ever, and keeps this
      // process alive: its error callback does not ask whether it is still wanted. There are no more attempts here.
      client.connection.connect = () => {};
      client.connection.strategy = {connect: () => ({abort() {}, forceMinPriority() {}})};
      client.disconnect();
    }
    // The socket of a pusher-js that its server closed is told to close once more, and would wait half a minute for that.
    for (const socket of this.sockets) clearTimeout(socket._closeTimer);
    for (const bare of this.bares) bare.socket.terminate();
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }
}
