// The environment changes neither where requests go nor which servers are trusted.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { gateway } from '../support/basics.ts';
import { selfSigned } from '../support/certificate.ts';
import { changed, yamlOf } from '../support/configuration.ts';
import { EXCHANGE, encode, freePort, type } from '../support/harness.ts';
import { entry, FOREIGN_RULE, startIssuer, trusting } from '../support/issuer.ts';
import { startProgram, temporaryFolder } from '../support/program.ts';

const LOOPBACK = { type: 'ip', value: '127.0.0.1' } as const;

test('ignores settings of the environment that weaken TLS or lead requests through a proxy', async (t) => {
  let visits = 0;
  const proxy = createServer((_request, response) => response.end(String(++visits)));
  proxy.on('connect', () => visits++);
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  t.after(() => proxy.close());
  const place = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const [onLoopback, untrusted] = [await selfSigned(LOOPBACK), await selfSigned(LOOPBACK)];
  const issuers = [
    await startIssuer(t),
    await startIssuer(t, { tls: onLoopback }),
    await startIssuer(t, { tls: untrusted }),
  ];
  const names = issuers.map((_, index) => `idp${index}`);
  const entries = issuers.map((idp, index) => entry(idp, { name: names[index] }));
  const folder = temporaryFolder(t);
  const port = await freePort();
  const rule = changed(FOREIGN_RULE, { subject: { issuer: names } });
  writeFileSync(join(folder, 'cambio.yaml'), yamlOf(trusting(entries, [rule])));
  writeFileSync(join(folder, 'ca.pem'), onLoopback.cert);
  const main = join(import.meta.dirname, '../../src/main.ts');
  const program = startProgram(
    t,
    [process.execPath, '--conditions=source', main, 'serve', '--config', join(folder, 'cambio.yaml')],
    {
      env: {
        ISSUER: `http://127.0.0.1:${port}`,
        PORT: String(port),
        NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
        NODE_USE_ENV_PROXY: '1',
        HTTP_PROXY: place,
        HTTPS_PROXY: place,
        http_proxy: place,
        https_proxy: place,
        ALL_PROXY: place,
        NO_PROXY: '',
      },
    },
  );
  await program.printed('serves');
  const statuses = await Promise.all(
    issuers.map(async (idp) => {
      const form = { grant_type: EXCHANGE, ...gateway, subject_token: idp.sign(), subject_token_type: type('jwt') };
      const body = new URLSearchParams(encode(form));
      return (await fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST', body })).status;
    }),
  );
  assert.deepEqual([statuses, visits], [[200, 200, 503], 0]);
});
