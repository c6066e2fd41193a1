// Makes certificates of clients and their authorities, and sends requests over TLS with them.
import './certificate.ts';
import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { buffer } from 'node:stream/consumers';

const x509 = await import('@peculiar/x509');

export interface Identity {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly x509: X509Certificate;
  readonly issue: (about: About) => Promise<Identity>;
}

interface About {
  /** A distinguished name as text, or its parts in the order of the certificate. */
  readonly name: string | readonly Readonly<Record<string, string[]>>[];
  readonly names?: readonly { readonly type: 'dns' | 'url' | 'ip' | 'email'; readonly value: string }[];
  /** From now until it becomes valid. */
  readonly from?: number;
  /** From now until it expires. */
  readonly days?: number;
  readonly authority?: true;
  readonly usage?: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 86_400_000;
const newKeys = () => crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const asName = (name: About['name']) => (typeof name === 'string' ? name : [...name]);

/** Makes a self-signed certificate: of an authority, or of a client that registers it. */
export async function selfIssued(about: About): Promise<Identity> {
  const keys = await newKeys();
  return identity(about, keys, { name: about.name, key: keys.privateKey });
}

type Keys = Awaited<ReturnType<typeof newKeys>>;

async function identity(
  { name, names = [], from = -9, days = 1, authority, usage }: About,
  keys: Keys,
  issuer: { name: About['name']; key: Keys['privateKey'] },
): Promise<Identity> {
  const certificate = await x509.X509CertificateGenerator.create({
    subject: asName(name),
    issuer: asName(issuer.name),
    signingKey: issuer.key,
    publicKey: keys.publicKey,
    notBefore: new Date(Date.now() + from * DAY),
    notAfter: new Date(Date.now() + days * DAY),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(authority ?? false),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension([...names])] : []),
      ...(usage === undefined ? [] : [new x509.ExtendedKeyUsageExtension([usage])]),
    ],
  });
  const cert = certificate.toString('pem');
  return {
    cert,
    key: x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'),
    x509: new X509Certificate(cert),
    issue: async (about) => identity(about, await newKeys(), { name, key: keys.privateKey }),
  };
}

/** `fetch` on its own connections, with or without a client certificate. @param ca PEM of the server's authority */
export const fetchAs =
  (client: Pick<Identity, 'cert' | 'key'> | undefined, ca: string): typeof globalThis.fetch =>
  async (input, init) => {
    const asked = new Request(input, init);
    const body = Buffer.from(await asked.arrayBuffer());
    return new Promise((resolve, reject) => {
      const sent = request(asked.url, {
        method: asked.method,
        headers: { ...Object.fromEntries(asked.headers), 'content-length': body.length },
        agent: false,
        ca,
        cert: client?.cert,
        key: client?.key,
      });
      sent.on('error', reject).on('response', async (answer) => {
        const headers = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
        resolve(new Response(await buffer(answer), { status: answer.statusCode ?? 0, headers }));
      });
      sent.end(body);
    });
  };
