// Checks certificates and private keys in PEM, and describes their faults, because the messages of OpenSSL do not.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { describeFailure } from '../primitives/failure.ts';
import type { Fault } from './fault.ts';

type Kind = 'certificate' | 'private key';

const BEGIN: Readonly<Record<Kind, string>> = {
  certificate: '-----BEGIN CERTIFICATE-----',
  'private key': '-----BEGIN PRIVATE KEY-----',
};

/** Descriptions of other content that a file may hold, by its text. */
const CONTENTS: readonly (readonly [text: RegExp, held: string])[] = [
  [
    /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m,
    'a private key with a passphrase. Remove the passphrase with openssl pkey -in FILE -out NEW-FILE',
  ],
  [/-----BEGIN (?:\w+ )?PRIVATE KEY-----/, 'a private key'],
  [/-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/, 'a certificate request, which no authority has signed yet'],
  [/-----BEGIN CERTIFICATE-----/, 'a certificate'],
  [/-----BEGIN (?:\w+ )?PUBLIC KEY-----/, 'a public key'],
];

/** @param file content that is not of the wanted kind @returns its description, to follow "FILE holds" */
export function describePem(file: Buffer, wanted: Kind): string {
  const text = file.toString('latin1');
  if (text.trim() === '') return `nothing. Write a ${wanted} in PEM into it`;
  if (isDer(file)) return 'a certificate in DER. Convert it with openssl x509 -in FILE -out NEW-FILE';
  const held = CONTENTS.find(([pattern]) => pattern.test(text))?.[1];
  if (held === undefined) return `no ${wanted} in PEM, which begins with ${BEGIN[wanted]}`;
  if (held === `a ${wanted}`) return `a ${wanted} that is damaged or of an unknown kind`;
  return held.includes('passphrase') ? held : `${held}, and not a ${wanted}`;
}

/** Does the file begin with a SEQUENCE of more than 255 bytes, like a certificate? */
function isDer(file: Buffer): boolean {
  try {
    return file[0] === 0x30 && new X509Certificate(file).raw.length > 0;
  } catch {
    return false;
  }
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

/** @returns each certificate in PEM */
export const certificatesIn = (file: Buffer | string): readonly string[] =>
  file.toString('latin1').match(CERTIFICATES) ?? [];

/** @param files undefined for a file that cannot be read @returns the faults of the certificate and the key of a server */
export function checkKeyPair({ cert, key }: Pair<Buffer | undefined>, names: Pair<string>): readonly PairProblem[] {
  const chain = cert && readChain(cert);
  const privateKey = key && readKey(key);
  const problems: PairProblem[] = [];
  const add = (of: 'cert' | 'key', message: string): void =>
    void problems.push({ key: of, message, severity: 'fault' });
  if (cert !== undefined && chain === undefined)
    add('cert', `${names.cert} holds ${describePem(cert, 'certificate')}.`);
  if (key !== undefined && privateKey === undefined)
    add('key', `${names.key} holds ${describePem(key, 'private key')}.`);
  if (cert === undefined || key === undefined || chain === undefined || privateKey === undefined) return problems;
  return checkFit(chain, { cert, key, privateKey }, names);
}

type Chain = readonly [X509Certificate, ...X509Certificate[]];

function checkFit(
  chain: Chain,
  { cert, key, privateKey }: Pair<Buffer> & { readonly privateKey: KeyObject },
  names: Pair<string>,
): readonly PairProblem[] {
  if (!chain[0].checkPrivateKey(privateKey)) {
    const message = `${names.key} is not the key of the certificate in ${names.cert}. Name two files that belong together.`;
    return chain.some((one) => one.checkPrivateKey(privateKey))
      ? [
          {
            key: 'cert',
            message: `the certificate of the server is not the first in ${names.cert}. Put it first.`,
            severity: 'fault',
          },
        ]
      : [{ key: 'key', message, severity: 'fault' }];
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const message = `${names.cert} and ${names.key} cannot be used for TLS: ${describeFailure(error)}.`;
    return [{ key: 'cert', message, severity: 'fault' }];
  }
  const warning = warnOfOrder(chain, names.cert);
  return warning === undefined ? [] : [{ key: 'cert', message: warning, severity: 'warning' }];
}

function warnOfOrder(chain: Chain, name: string): string | undefined {
  const stranger = chain.findIndex((one, index) => index > 0 && chain[index - 1]?.checkIssued(one) === false);
  if (stranger === -1) return undefined;
  return `certificate ${stranger + 1} in ${name} did not issue certificate ${stranger}. Put the certificate of the server first, and after each the one that issued it.`;
}

/** @returns undefined if there is no certificate, or if one cannot be read */
function readChain(file: Buffer): Chain | undefined {
  try {
    const [first, ...others] = certificatesIn(file).map((pem) => new X509Certificate(pem));
    return first && [first, ...others];
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
