// One HTTP request on a connection of its own, with exactly these headers, and its whole answer.
import http from 'node:http';

import {soon} from './soon.js';

// A header that is undefined is left out. `chunked` sends the body without saying how long it is.
export function ask(server, {method = 'GET', path, headers = {}, body, chunked = false}) {
  const framing = chunked ? {'transfer-encoding': 'chunked'} : {'content-length': Buffer.byteLength(body ?? '')};
  const sent = Object.entries({...(body === undefined ? {} : framing), ...headers}).filter(([, value]) => value !== undefined);
  const answer = new Promise((resolve, reject) => {
    const request = http.request({
      host: '127.0.0.1', port: server.port, agent: false, method, path, headers: Object.fromEntries(sent),
    });
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({status: response.statusCode, headers: response.headers, body: ''});
    });
    request.on('response', (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => {
        resolve({status: response.statusCode, headers: response.headers, body: String(Buffer.concat(parts))});
        request.destroy();  // a server that refuses a body need not read all of it
      });
    });
    request.on('error', reject);  // after the answer it changes nothing
    request.end(body);
  });
  return soon(answer, `the answer to ${method} ${path}`);
}

// What a WebSocket handshake is answered that changes these headers.
export function upgrade(server, path, {method = 'GET', ...changes} = {}) {
  const headers = {
    connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...changes,
  };
  return ask(server, {method, path, headers});
}
