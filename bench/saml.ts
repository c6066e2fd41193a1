// How many SAML assertions does one core verify in a second? Run: node --conditions=source bench/saml.ts
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readAssertion } from '../packages/server/src/saml/assertion.ts';
import {
  all,
  assertion2,
  attribute2,
  contextFor,
  encode,
  identityProvider,
  sign,
  trustIn,
  x509,
} from '../packages/server/test/saml-signer.ts';

const SECONDS = 5;
const TARGET = 2000;

const idp = identityProvider();
const context = contextFor([trustIn(idp)]);
const attributes = all(
  attribute2('urn:oid:0.9.2342.19200300.100.1.3', 'ada@example.org'),
  attribute2('urn:oid:2.5.4.42', 'Ada'),
  attribute2('urn:oid:2.5.4.4', 'Lovelace'),
  attribute2('urn:oid:1.3.6.1.4.1.5923.1.5.1.1', 'staff', 'engineering', 'on-call'),
);

/** Content without the signature, and the whole with the certificate in it, as identity providers send it. */
const plain = assertion2(idp, { attributes });
const workloads = [
  ['certificate in KeyInfo', encode(sign(plain, idp.key, { keyInfo: x509(idp.certificate) }))],
  ['no KeyInfo', encode(sign(plain, idp.key))],
] as const;

for (const [name, token] of workloads) {
  await verifyFor(1, token);
  const started = process.cpuUsage();
  const count = await verifyFor(SECONDS, token);
  const { user, system } = process.cpuUsage(started);
  const perSecond = Math.round(count / ((user + system) / 1e6));
  const bytes = Buffer.from(token, 'base64url').length;
  console.log(
    `${name}: ${plain.length} bytes of content, ${bytes} signed: ${perSecond} verifications per CPU second, ${Math.round(count / SECONDS)} per second`,
  );
  if (perSecond < TARGET) process.exitCode = 1;
}

async function verifyFor(seconds: number, token: string): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let count = 0;
  for (; performance.now() < end; count++) {
    await readAssertion(token, context);
    // As in a server, where each request is a turn of the event loop: until its end a weak reference keeps its document.
    await nextTurn();
  }
  return count;
}
