// Starts the real server on free loopback ports and makes clients of the published packages for it.
// CARILLON names the binary.
import {spawn} from 'node:child_process';
import {createRequire} from 'node:module';
import readline from 'node:readline';

const require = createRequire(import.meta.url);
export const PusherClient = require('pusher-js');
export const PusherServer = require('pusher');

export const app = {id: 'demo-app', key: 'demo-key', secret: 'demo-secret'};
const deadlineMs = 20_000;

// A promise that fails with what was awaited instead of hanging.
export function soon(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadlineMs} ms for ${what}`)), deadlineMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export const heard = (target, event) => soon(new Promise((resolve) => target.bind(event, resolve)), event);

export class Carillon {
  static async start({threads = 1, env = {}} = {}) {
    const binary = process.env.CARILLON ?? new URL('../../build/release/carillon', import.meta.url).pathname;
    const child = spawn(binary, ['serve', '--threads', String(threads)], {
      env: {...process.env, PORT: '0', METRICS_PORT: '0', LOG_FORMAT: 'json', ...env},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const server = new Carillon();
    server.child = child;
    server.log = [];
    server.clients = [];
    server.exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve({code, signal})));
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

  // An unmodified pusher-js client.
  client(options = {}, key = app.key) {
    const client = new PusherClient(key, {
      wsHost: '127.0.0.1', wsPort: this.port, forceTLS: false, enabledTransports: ['ws'], cluster: 'mt1',
      disableStats: true, ...options,
    });
    this.clients.push(client);
    return client;
  }

  async connected(options) {
    const client = this.client(options);
    await heard(client.connection, 'connected');
    return client;
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

  // The metrics by line: 'carillon_…{…}' to number.
  async metrics() {
    const answer = await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`);
    const lines = (await answer.text()).split('\n').filter((line) => line && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
  }

  async stop() {
    for (const client of this.clients) {
      // A pusher-js that is told to disconnect while an attempt of its fails begins the next one, for ever, and keeps this
      // process alive: its error callback does not ask whether it is still wanted. There are no more attempts here.
      client.connection.connect = () => {};
      client.connection.strategy = {connect: () => ({abort() {}, forceMinPriority() {}})};
      client.disconnect();
    }
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }
}
