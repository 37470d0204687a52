// A client and a backend of Turbine, as its reference describes them.
import jwt from 'jsonwebtoken';

import {ask} from './ask.js';

export const secret = 'a secret of the turbine tests';
export const apiKey = 'a key of the turbine tests';
export const env = {TURBINE_JWT_SECRET: secret, TURBINE_API_KEY: apiKey};

export const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

// Signed with any claim: as text, so that the library does not correct us. undefined leaves a claim out.
export function token(claims = {}, {key = secret, algorithm = 'HS256', header = {typ: 'JWT'}} = {}) {
  const all = {sub: 'ann', exp: inSeconds(600), channels: [], ...claims};
  return jwt.sign(JSON.stringify(all), key, {algorithm, header});
}

export class Turbine {
  #bare;
  #id = 0;
  pushes = [];  // heard and not yet taken

  constructor(bare) { this.#bare = bare; }

  static async open(server, path = '/turbine/ws', options = {}) {
    return new Turbine(await server.opened(path, options));
  }

  static async connected(server, path, claims) {
    const client = await Turbine.open(server, path);
    await client.ask('connect', {token: token(claims)});
    return client;
  }

  get socket() { return this.#bare.socket; }
  get closed() { return this.#bare.closed; }
  say(text) { this.#bare.say(text); }
  close() { return this.#bare.close(); }

  // The next reply, whatever it answers. What was pushed before it is kept.
  async reply() {
    for (;;) {
      const message = await this.#bare.nextEvent('a reply');
      if (!('method' in message)) return message;
      this.pushes.push(message);
    }
  }

  // Without an id: what the server said, or the code of its error.
  async ask(method, params) {
    const id = ++this.#id;
    this.say(JSON.stringify({id, method, params}));
    const {id: answered, result, error, ...more} = await this.reply();
    if (answered !== id) throw new Error(`command ${id} got the reply to ${answered}`);
    if (Object.keys(more).length > 0) throw new Error(`a reply also has ${Object.keys(more)}`);
    if ((result === undefined) === (error === undefined)) throw new Error('a reply has one of result and error');
    return error ? error.code : result;
  }

  connect(claims, options) { return this.ask('connect', {token: token(claims, options)}); }
  subscribe(channel) { return this.ask('subscribe', {channel}); }
  unsubscribe(channel) { return this.ask('unsubscribe', {channel}); }

  // The next frame as it came.
  frame() { return this.#bare.next(); }

  // The next publication.
  async heard() {
    const push = this.pushes.shift() ?? await this.#bare.nextEvent('a publication');
    if (push.method !== 'publication') throw new Error(`not a publication: ${JSON.stringify(push)}`);
    return push.params;
  }

  // Every publication that had been counted as delivered to this session when this was asked.
  async everything() {
    await this.ask('ping');
    return this.pushes.splice(0).map(({params}) => params);
  }
}

export const publishText = (server, body, headers = {}) => ask(server, {
  method: 'POST', path: '/api/publish', body,
  headers: {'x-api-key': apiKey, 'content-type': 'application/json', ...headers},
});

// How many it was delivered to.
export async function publish(server, channel, data) {
  const {status, body} = await publishText(server, JSON.stringify({channel, data}));
  if (status !== 200) throw new Error(`a publish was answered ${status}: ${body}`);
  const {ok, delivered, ...more} = JSON.parse(body);
  if (ok !== true || Object.keys(more).length > 0) throw new Error(`a publish was answered ${body}`);
  return delivered;
}
