// The published clients, a browser and plain Node over TLS, and what an operator does with
// certificates.
import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import https from 'node:https';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import tls from 'node:tls';

import {binary, Carillon, heard, soon, until} from './carillon.js';
import {Browser} from './chromium.js';
import * as turbine from './turbine.js';

// Neither library can be given a certificate to trust. That ours is a good one, `ask` checks.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
process.removeAllListeners('warning');

const folder = mkdtempSync(join(tmpdir(), 'carillon-tls-'));

function certificate(name, common) {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30',
    '-keyout', key, '-out', cert, '-subj', `/CN=${common}`, '-addext', `subjectAltName=DNS:${common},IP:127.0.0.1`],
  {stdio: 'ignore'});
  return {cert, key};
}

const envOf = ({cert, key}) => ({SSL_ENABLED: 'true', SSL_CERT_PATH: cert, SSL_KEY_PATH: key});

// The status, and the name in the certificate, which must be signed by `ca`.
const ask = (server, ca, path = '/healthz') => soon(new Promise((resolve, reject) => {
  https.get({host: '127.0.0.1', port: server.port, path, ca: readFileSync(ca), rejectUnauthorized: true, agent: false}, (answer) => {
    resolve({status: answer.statusCode, name: answer.socket.getPeerCertificate().subject.CN});
    answer.resume();
  }).on('error', reject);
}), path);

describe('a server with a certificate', () => {
  let files;
  let server;
  before(async () => {
    files = certificate('server', 'first.example');
    server = await Carillon.start({env: {...envOf(files), ...turbine.env, SOCKUDO_DEFAULT_APP_ID: 'demo-app',
      SOCKUDO_DEFAULT_APP_KEY: 'demo-key', SOCKUDO_DEFAULT_APP_SECRET: 'demo-secret'}});
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, {recursive: true});
  });
  const connected = () => server.connected({forceTLS: true, wssPort: server.port});

  test('serves pusher-js and the Node SDK over wss and https', async () => {
    const [one, two] = [await connected(), await connected()];
    const channels = [await server.subscribed(one, 'news'), await server.subscribed(two, 'news')];
    const both = channels.map((channel) => heard(channel, 'headline'));
    const large = 'bells '.repeat(1_600);
    const answer = await server.backend({useTLS: true}).trigger('news', 'headline', {large});
    assert.equal(answer.status, 200);
    for (const message of both) assert.deepEqual(await message, {large});
  });

  test('keeps the order of two thousand messages', async () => {
    const channel = await server.subscribed(await connected(), 'ordered');
    const got = [];
    const all = new Promise((resolve) => channel.bind('n', (n) => { got.push(n); if (got.length === 2000) resolve(); }));
    const backend = server.backend({useTLS: true});
    for (let n = 0; n < 2000; n += 10) {
      await backend.triggerBatch([...Array(10).keys()].map((k) => ({channel: 'ordered', name: 'n', data: n + k})));
    }
    await soon(all, '2000 messages');
    assert.deepEqual(got, [...Array(2000).keys()]);
  });

  test('serves a Turbine client', async () => {
    const client = await turbine.Turbine.open(server, '/turbine/ws', {scheme: 'wss'});
    await client.connect({channels: ['news']});
    await client.subscribe('news');
    const answer = await fetch(`https://127.0.0.1:${server.port}/api/publish`, {
      method: 'POST', headers: {'X-API-Key': turbine.apiKey, 'Content-Type': 'application/json'},
      body: JSON.stringify({channel: 'news', data: {rung: true}}),
    });
    assert.equal(answer.status, 200);
    assert.deepEqual((await client.heard()).data, {rung: true});
  });

  test('speaks TLS 1.2 and 1.3 and nothing older', async () => {
    const versionWith = (version) => soon(new Promise((resolve, reject) => {
      const socket = tls.connect({host: '127.0.0.1', port: server.port, minVersion: version, maxVersion: version,
        ciphers: 'DEFAULT@SECLEVEL=0'}, () => {
        resolve(socket.getProtocol());
        socket.destroy();
      }).on('error', reject);
    }), version);
    assert.equal(await versionWith('TLSv1.2'), 'TLSv1.2');
    assert.equal(await versionWith('TLSv1.3'), 'TLSv1.3');
    await assert.rejects(versionWith('TLSv1.1'));
  });

  test('tells who comes with http:// what is wrong', async () => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/`);
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /use https/);
  });

  test('shows its page in a browser, connected', async () => {
    const demo = await Carillon.start({env: envOf(files)});
    const browser = await Browser.launch();
    const tab = await browser.tab(demo, {scheme: 'https', ignoreHTTPSErrors: true});
    await tab.ready();
    await tab.say('over TLS');
    await tab.see('.row.mine .row-text', 'over TLS');
    await tab.close();
    await browser.close();
    await demo.stop();
  });

  test('shows a new certificate after SIGHUP to who comes, and keeps who is there', async () => {
    const stays = await server.subscribed(await connected(), 'staying');
    assert.deepEqual(await ask(server, files.cert), {status: 200, name: 'first.example'});
    const next = certificate('next', 'second.example');
    renameSync(next.cert, files.cert);
    renameSync(next.key, files.key);
    server.child.kill('SIGHUP');
    await until(async () => assert.equal((await ask(server, files.cert)).name, 'second.example'));
    const message = heard(stays, 'still');
    await server.backend({useTLS: true}).trigger('staying', 'still', 1);
    assert.equal(await message, 1);
  });

  test('keeps its certificate when the new one is no good, and says why', async () => {
    const good = readFileSync(files.cert);
    writeFileSync(files.cert, 'no certificate');
    server.child.kill('SIGHUP');
    await until(() => assert.ok(server.log.some((line) => line.includes('certificates_not_reloaded'))));
    writeFileSync(files.cert, good);
    assert.equal((await ask(server, files.cert)).name, 'second.example');
  });
});

describe('a server whose certificate is no good', () => {
  test('does not start, and says which file is wrong and how', () => {
    const place = mkdtempSync(join(tmpdir(), 'carillon-tls-'));
    const missing = join(place, 'missing.pem');
    for (const command of ['serve', 'check-config']) {
      const {status, stdout, stderr} = spawnSync(binary, [command], {
        env: {...process.env, PORT: '0', METRICS_PORT: '0', SSL_ENABLED: 'true', SSL_CERT_PATH: missing, SSL_KEY_PATH: missing},
        encoding: 'utf8',
      });
      assert.notEqual(status, 0);
      assert.match(stdout + stderr, new RegExp(`cannot read ${missing}: No such file or directory`));
    }
    rmSync(place, {recursive: true});
  });
});
