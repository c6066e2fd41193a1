// Measures SAML assertions per second on one core, and in the same run the signature check alone, which is the minimum, and
// xml-crypto on the same document.
import { createPublicKey, sign as signBytes, verify } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SignedXml } from 'xml-crypto';
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
} from '../packages/server/test/support/saml-signer.ts';

export interface SamlRate {
  readonly name: string;
  /** Per second of CPU. */
  readonly rate: number;
}

/** @returns the whole verification first */
export async function measureSaml(seconds: number): Promise<readonly SamlRate[]> {
  const idp = identityProvider();
  const context = contextFor([trustIn(idp)]);
  const attributes = all(
    attribute2('urn:oid:0.9.2342.19200300.100.1.3', 'ada@example.org'),
    attribute2('urn:oid:2.5.4.42', 'Ada'),
    attribute2('urn:oid:2.5.4.4', 'Lovelace'),
    attribute2('urn:oid:1.3.6.1.4.1.5923.1.5.1.1', 'staff', 'engineering', 'on-call'),
  );
  const xml = sign(assertion2(idp, { attributes }), idp.key, { keyInfo: x509(idp.certificate) });
  const token = encode(xml);
  const publicKey = createPublicKey(idp.key);
  const signedInfo = Buffer.alloc(700, 'x');
  const signature = signBytes('sha256', signedInfo, idp.key);
  const [signatureXml = ''] = /<ds:Signature .*<\/ds:Signature>/s.exec(xml) ?? [];
  const withXmlCrypto = (): void => {
    const signed = new SignedXml({ publicCert: idp.certificate.toString(), getCertFromKeyInfo: () => null });
    signed.loadSignature(signatureXml);
    if (!signed.checkSignature(xml)) throw new Error('xml-crypto refused it');
  };
  const measure = async (name: string, run: () => unknown): Promise<SamlRate> => {
    await repeat(1, run);
    const started = process.cpuUsage();
    const count = await repeat(seconds, run);
    const { user, system } = process.cpuUsage(started);
    return { name, rate: count / ((user + system) / 1e6) };
  };
  return [
    await measure(`an assertion of ${xml.length} bytes with its certificate, RSA-2048`, () =>
      readAssertion(token, context),
    ),
    await measure('the RSA signature check alone', () => verify('sha256', signedInfo, publicKey, signature)),
    await measure('xml-crypto, the signature of the same assertion and nothing else', withXmlCrypto),
  ];
}

async function repeat(seconds: number, run: () => unknown): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let count = 0;
  while (performance.now() < end) {
    for (let round = 0; round < 10; round++, count++) await run();
    // Yield to the event loop, as a server does between requests: weak references keep their targets until its turn ends.
    await nextTurn();
  }
  return count;
}
