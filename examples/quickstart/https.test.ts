// Does the same flow work over HTTPS under the issuer of the documentation? Is plain HTTP refused except on loopback?
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import type { VerifierOptions } from '@cambio/resource-server';
import { selfSigned } from '../../packages/server/test/support/certificate.ts';
import { changed, dataOf, yamlOf } from '../../packages/server/test/support/configuration.ts';
import { freePort } from '../../packages/server/test/support/harness.ts';
import { PROGRAM, runProgram, startProgram, temporaryFolder } from '../../packages/server/test/support/program.ts';
import { createApi } from './api.ts';

import { missingTools, type Test } from './testing/quickstart.ts';

const HOST = 'login.camall.io';
const ISSUER = `https://${HOST}`;
const CAMBIO = [process.execPath, PROGRAM];

interface Served {
  readonly folder: string;
  readonly port: number;
  /** A file with the certificate to trust. */
  readonly cert: string;
}

/** The configuration of the quickstart with another issuer and TLS, without what is for loopback alone. */
async function serve(t: Test): Promise<Served> {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const { cert, key } = await selfSigned({ type: 'dns', value: HOST });
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
  const quickstart = readFileSync(join(import.meta.dirname, 'cambio.yaml'), 'utf8');
  const tls = { cert: 'cert.pem', key: 'key.pem' };
  const local = { developerErrors: false, clientDocuments: undefined, console: undefined };
  const source = changed(dataOf(quickstart), { issuer: ISSUER, server: { tls }, ...local });
  writeFileSync(join(folder, 'cambio.yaml'), yamlOf(source));
  const env = { PORT: String(port), METRICS_PORT: '0', CAMBIO_DATA: '.' };
  const server = startProgram(t, [...CAMBIO, 'serve', '--config', join(folder, 'cambio.yaml')], { env });
  await server.printed(`cambio serves ${ISSUER} on localhost port ${port}`);
  return { folder, port, cert: join(folder, 'cert.pem') };
}

/** GET over TLS. Trusts only that certificate, and checks the name as usual. */
function get({ port, cert }: Served, path: string): Promise<{ status: number | undefined; text: string }> {
  const options = { host: '127.0.0.1', port, path, servername: HOST, ca: readFileSync(cert), headers: { Host: HOST } };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    sent.on('error', reject).end();
  });
}

async function serveApi(t: Test, jwks: VerifierOptions['jwks']): Promise<string> {
  const api = createApi(ISSUER, { jwks });
  t.after(() => api.close());
  return api.listen({ port: 0, host: '127.0.0.1' });
}

test('runs exchange.sh over HTTPS, and the API fetches its keys over HTTPS', async (t) => {
  const served = await serve(t);
  const API_URL = await serveApi(t, async () => JSON.parse((await get(served, '/.well-known/jwks.json')).text));
  if (missingTools() !== '') return t.skip(missingTools());
  const connect = `${HOST}:443:127.0.0.1:${served.port}`;
  const command = ['examples/quickstart/exchange.sh', '--connect-to', connect, '--cacert', served.cert];
  const { code, stdout, stderr } = await runProgram(t, command, { env: { CAMBIO_URL: ISSUER, API_URL } });
  assert.equal(code, 0, stdout + stderr);
  assert.equal(stdout.trimEnd().split('\n').at(-1), 'Everything was as expected.');
  // Without the certificate the handshake fails.
  const strangers = await runProgram(t, command.slice(0, 3), { env: { CAMBIO_URL: ISSUER, API_URL } });
  assert.notEqual(strangers.code, 0);
  assert.match(strangers.stderr, /certificate/);
});

test('runs the example script of the documentation unchanged', async (t) => {
  const served = await serve(t);
  if (missingTools() !== '') return t.skip(missingTools());
  const settings = [`connect-to = ${HOST}:443:127.0.0.1:${served.port}`, `cacert = ${served.cert}`];
  writeFileSync(join(served.folder, '.curlrc'), settings.join('\n'));
  const script = join(import.meta.dirname, 'testing/flow.sh');
  const { code, stdout, stderr } = await runProgram(t, ['bash', script], { env: { CURL_HOME: served.folder } });
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^Step 3: Exchanged token obtained successfully$/m);
});

test('publishes https URLs only, whatever the server listens on', async (t) => {
  const served = await serve(t);
  const { status, text } = await get(served, '/.well-known/oauth-authorization-server');
  assert.equal(status, 200);
  const { issuer, token_endpoint, jwks_uri } = JSON.parse(text);
  assert.deepEqual(
    [issuer, token_endpoint, jwks_uri],
    [ISSUER, `${ISSUER}/oauth/token`, `${ISSUER}/.well-known/jwks.json`],
  );
  // It accepts TLS only.
  await assert.rejects(fetch(`http://127.0.0.1:${served.port}/livez`));
});

test('refuses plain HTTP on an address other than loopback, unless a proxy is trusted', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'cambio.yaml');
  const run = (command: string, server: string) => {
    writeFileSync(file, `issuer: ${ISSUER}\nserver: ${server}\n`);
    return runProgram(t, [...CAMBIO, command, '--config', file]);
  };
  for (const command of ['serve', 'check']) {
    const refused = await run(command, '{ host: 0.0.0.0, port: 0 }');
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /cambio\.yaml:2:\d+: server\.host: plain HTTP on 0\.0\.0\.0, which is not loopback/);
    assert.doesNotMatch(refused.stderr, /^ +at /m);
  }
  assert.equal((await run('check', '{ host: 0.0.0.0, port: 0, trustProxy: [192.0.2.1] }')).code, 0);
  const { cert, key } = await selfSigned({ type: 'dns', value: HOST });
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
  assert.equal((await run('check', '{ host: 0.0.0.0, port: 0, tls: { cert: cert.pem, key: key.pem } }')).code, 0);
  assert.equal((await run('check', '{ host: 127.0.0.1, port: 0 }')).code, 0);
});
