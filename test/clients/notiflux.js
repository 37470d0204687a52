// A client and a backend of notiflux, as its reference describes them.
import crypto from 'node:crypto';

import jwt from 'jsonwebtoken';

import {ask} from './ask.js';

export const keyPair = (type = 'ec', options = {namedCurve: 'P-256'}) => crypto.generateKeyPairSync(type, {
  ...options, publicKeyEncoding: {type: 'spki', format: 'pem'}, privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
});
export const keys = keyPair();
export const envOf = (text) => ({JWT_PUBLIC_KEY_B64: Buffer.from(text).toString('base64')});
export const env = envOf(keys.publicKey);

export const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

// Signed with any claim: as text, so that the library does not correct us. undefined leaves a claim out.
function token(claims, {key = keys.privateKey, algorithm = 'ES256', header = {typ: 'JWT'}} = {}) {
  const all = {sub: 'notiflux', exp: inSeconds(60), ...claims};
  return jwt.sign(JSON.stringify(all), key, {algorithm, header});
}
export const toSubscribe = (topics, claims, options) => token({topics, scope: 'subscribe', ...claims}, options);
export const toBroadcast = (topics, claims, options) => token({topics, scope: 'broadcast', ...claims}, options);

export const unknown = 'Unknown command';
export const malformed = 'Invalid subscribe command, it should be: /subscribe <topic> <token>';

export class Notiflux {
  #bare;
  constructor(bare) { this.#bare = bare; }

  static async open(server, path = '/notiflux/ws', options = {}) {
    return new Notiflux(await server.opened(path, options));
  }

  get socket() { return this.#bare.socket; }
  get closed() { return this.#bare.closed; }
  say(text) { this.#bare.say(text); }
  heard() { return this.#bare.next(); }
  close() { return this.#bare.close(); }

  // What is heard up to the answer to a verb that nobody knows: there is no other acknowledgement.
  async silence() {
    this.say('/?');
    const heard = [];
    for (;;) {
      const frame = await this.heard();
      if (frame === unknown) return heard;
      heard.push(frame);
    }
  }

  // Hands it over and has it handled; whether it was granted nobody says.
  async subscribe(topic, granted = toSubscribe([topic])) {
    this.say(`/subscribe ${topic} ${granted}`);
    return this.silence();
  }
}

export const broadcastText = (server, body, headers = {'content-type': 'application/json'}, more = {}) =>
  ask(server, {method: 'POST', path: '/broadcast', body, headers, ...more});

export async function broadcast(server, topic, message, granted = toBroadcast([topic])) {
  const {status, body} = await broadcastText(server, JSON.stringify({topic, message, token: granted}));
  if (status !== 200 || body !== '') throw new Error(`a broadcast was answered ${status}: ${body}`);
}

let topics = 0;
export const newTopic = () => `topic-${++topics}`;

// A client that hears `control`.
export async function listener(server, path) {
  const client = await Notiflux.open(server, path);
  client.control = newTopic();
  const heard = await client.subscribe(client.control);
  if (heard.length > 0) throw new Error(`a subscribe was answered ${heard}`);
  return client;
}

// Everything that was broadcast to it up to now. Two topics have no order between them, but what was sent before the
// first mark was heard is here before the second.
export async function heardBy(server, client) {
  const heard = [];
  for (const mark of ['first mark', 'second mark']) {
    await broadcast(server, client.control, mark);
    for (let frame; (frame = await client.heard()) !== mark;) heard.push(frame);
  }
  return heard;
}
