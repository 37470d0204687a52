// The README's first publish, as it is written there, against a server on a free port.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

import {binary, Carillon, heard} from './carillon.js';

const here = dirname(fileURLToPath(import.meta.url));
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const run = promisify(execFile);

// The first block of that language which contains `mark`.
function block(language, mark) {
  const blocks = [...readme.matchAll(new RegExp('```' + language + '\\n(.*?)```', 'gs'))].map((match) => match[1]);
  const found = blocks.find((text) => text.includes(mark));
  assert.ok(found, `the README has a ${language} block with ${mark}`);
  return found;
}

describe('the README', () => {
  let server;
  before(async () => { server = await Carillon.start(); });
  after(() => server.stop());

  test('publishes with pusher-js and the Node SDK', async () => {
    const script = block('js', 'new Client').replaceAll('6001', server.port);
    const {stdout} = await run('node', ['--input-type=commonjs', '-e', script], {cwd: here, timeout: 20_000});
    assert.equal(stdout, 'heard { hour: 12 }\n');
  });

  test('publishes with curl', async () => {
    const client = await server.connected();
    const message = heard(await server.subscribed(client, 'bells'), 'ring');
    const {stdout} = await run('sh', ['-c', block('sh', 'curl -d').replaceAll('6001', server.port)], {timeout: 20_000});
    assert.equal(stdout, '{"ok":true}');
    assert.deepEqual(await message, {hour: 12});
  });

  test('makes tokens for Turbine and notiflux, and publishes to Turbine', async () => {
    const script = block('sh', 'carillon token').replaceAll('build/release/carillon', binary).replaceAll('6001', server.port);
    const {stdout} = await run('sh', ['-c', script], {timeout: 20_000});
    const [turbine, notiflux, answer] = stdout.split('\n');
    for (const token of [turbine, notiflux]) assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.equal(answer, '{"ok":true,"delivered":0}');
  });
});
