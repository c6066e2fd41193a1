// Checks certificates and private keys in PEM, and words what is wrong with them: the text of OpenSSL says little.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { describeFailure } from '../primitives/failure.ts';
import type { Fault } from './fault.ts';

type Kind = 'certificate' | 'private key';

const BEGIN: Readonly<Record<Kind, string>> = {
  certificate: '-----BEGIN CERTIFICATE-----',
  'private key': '-----BEGIN PRIVATE KEY-----',
};

/** What a file may hold in the place of what is wanted, by its text. */
const CONTENTS: readonly (readonly [text: RegExp, held: string])[] = [
  [/^\s*$/, 'nothing'],
  [
    /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m,
    'a private key with a passphrase. Remove the passphrase with openssl pkey -in FILE -out NEW-FILE',
  ],
  [/-----BEGIN (?:\w+ )?PRIVATE KEY-----/, 'a private key'],
  [/-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/, 'a certificate request, which no authority has signed yet'],
  [/-----BEGIN CERTIFICATE-----/, 'a certificate'],
  [/-----BEGIN (?:\w+ )?PUBLIC KEY-----/, 'a public key'],
];

/** @param file cannot be used as what is wanted @returns what it holds, to follow "FILE holds" */
export function describePem(file: Buffer, wanted: Kind): string {
  const text = file.toString('latin1');
  const held = CONTENTS.find(([pattern]) => pattern.test(text))?.[1];
  if (held === undefined) return `no ${wanted} in PEM, which begins with ${BEGIN[wanted]}`;
  if (held === `a ${wanted}`) return `a ${wanted} that is damaged or of an unknown kind`;
  return held.includes('passphrase') ? held : `${held}, and not a ${wanted}`;
}

interface PairProblem {
  readonly key: 'cert' | 'key';
  readonly message: string;
  readonly severity: Fault['severity'];
}

interface Pair<T> {
  readonly cert: T;
  readonly key: T;
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** @returns what is wrong with the certificate and the key of a server */
export function checkKeyPair(files: Pair<Buffer>, names: Pair<string>): PairProblem | undefined {
  const fault = (key: 'cert' | 'key', message: string): PairProblem => ({ key, message, severity: 'fault' });
  const chain = readChain(files.cert);
  const [own] = chain ?? [];
  if (chain === undefined || own === undefined)
    return fault('cert', `${names.cert} holds ${describePem(files.cert, 'certificate')}.`);
  const key = readKey(files.key);
  if (key === undefined) return fault('key', `${names.key} holds ${describePem(files.key, 'private key')}.`);
  if (!own.checkPrivateKey(key)) {
    if (chain.some((one) => one.checkPrivateKey(key)))
      return fault('cert', `the certificate of the server is not the first in ${names.cert}. Put it first.`);
    return fault(
      'key',
      `${names.key} is not the key of the certificate in ${names.cert}. Name two files that belong together.`,
    );
  }
  try {
    createSecureContext(files);
  } catch (error) {
    return fault('cert', `${names.cert} and ${names.key} cannot be used for TLS: ${describeFailure(error)}.`);
  }
  return warnOfChain(chain, names.cert);
}

function warnOfChain(chain: readonly X509Certificate[], name: string): PairProblem | undefined {
  const warning = (message: string): PairProblem => ({ key: 'cert', message, severity: 'warning' });
  const until = Date.parse(chain[0]?.validTo ?? '');
  if (until < Date.now())
    return warning(`the certificate in ${name} expired on ${new Date(until).toISOString()}. Renew it.`);
  const stranger = chain.findIndex((one, index) => index > 0 && chain[index - 1]?.checkIssued(one) === false);
  if (stranger === -1) return undefined;
  return warning(
    `certificate ${stranger + 1} in ${name} did not issue certificate ${stranger}. Put the certificate of the server first, and after each the one that issued it.`,
  );
}

/** @returns undefined where a certificate cannot be read */
function readChain(file: Buffer): readonly X509Certificate[] | undefined {
  try {
    return (file.toString('latin1').match(CERTIFICATES) ?? []).map((pem) => new X509Certificate(pem));
  } catch {
    return undefined;
  }
}

function readKey(file: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(file);
  } catch {
    return undefined;
  }
}
