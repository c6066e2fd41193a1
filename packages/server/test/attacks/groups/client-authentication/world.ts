// The servers of the attacks on client authentication: one behind a proxy, so that each attempt has its own address and no limit
// applies, and one over TLS.
import { API, gateway, stranger } from '../../../support/basics.ts';
import { asserting, assertion, jwksOf, withClients } from '../../../support/client-credentials.ts';
import { type Configuration, changed } from '../../../support/configuration.ts';
import { type Answer, encode, type Form, read, start, type TestServer } from '../../../support/harness.ts';
import { type Claims, newKey } from '../../../support/issuer.ts';
import { fetchAs, type Identity, selfIssued } from '../../../support/tls-client.ts';
import type { Undo } from '../../group.ts';

export { gateway, stranger };

/** Key of the client `batch`, and of `other`. */
export const key = newKey();
export const SECRET = 'p:q r+%3A/é';
export const AGENT = 'agent:agent-secret';

const authority = await selfIssued({ name: 'CN=Clients, O=Example', authority: true });
export const https = await selfIssued({ name: 'CN=server', names: [{ type: 'ip', value: '127.0.0.1' }] });

/** The certificate of the client `tls`. */
const NAME = 'CN=batch, O=Example';
export const names = [{ type: 'dns', value: 'batch.example' }] as const;
export const certificates = {
  good: await authority.issue({ name: NAME, names }),
  'of another subject': await authority.issue({ name: NAME, names: [{ type: 'dns', value: 'other.example' }] }),
  'of a subject that only ends so': await authority.issue({
    name: NAME,
    names: [{ type: 'dns', value: 'evil.batch.example' }],
  }),
  'without names': await authority.issue({ name: 'CN=batch.example' }),
  expired: await authority.issue({ name: NAME, names, days: -1 }),
  'of nobody that is trusted': await selfIssued({ name: NAME, names }),
  'of a client that plays the authority': await (await authority.issue({ name: NAME, names })).issue({
    name: NAME,
    names,
  }),
  'for servers': await authority.issue({ name: NAME, names, usage: '1.3.6.1.5.5.7.3.1' }),
} as const;

const CLIENTS = [
  `id: batch, auth: private_key_jwt, ${jwksOf(key)}`,
  `id: other, auth: private_key_jwt, ${jwksOf(key)}`,
  `id: slow, auth: private_key_jwt, assertionLifetime: 1h, ${jwksOf(key)}`,
  'id: both, auth: [client_secret_basic, client_secret_post], secret: { plain: both-secret }',
  `id: old, auth: private_key_jwt, assertionAudience: legacy, ${jwksOf(key)}`,
  `id: 'a:b c+%', auth: client_secret_basic, secret: { plain: '${SECRET}' }`,
  `id: plain, auth: client_secret_basic, secret: { plain: '${SECRET}' }`,
  'id: tls, auth: tls_client_auth, tlsSubject: { dns: batch.example }',
];
const authorities = ['ca.pem'];
const clientCertificates = { authorities, header: { name: 'Client-Cert', format: 'rfc9440' } };
const files = { 'ca.pem': authority.cert, 'cert.pem': https.cert, 'key.pem': https.key };

const withServer = (server: Configuration): Configuration => changed(withClients(...CLIENTS), { server });
const behind = (proxy: string): Configuration => withServer({ trustProxy: [proxy], clientCertificates });

/** The proxy forwards certificates in this format. */
export const startBehind = (undo: Undo, format: string): Promise<TestServer> => {
  const header = { name: 'Client-Cert', format };
  return start(undo, withServer({ trustProxy: ['127.0.0.0/8'], clientCertificates: { authorities, header } }), {
    files,
  });
};

/** Over TLS, with a client whose secret is in the file `secret`. @returns it, and a function that has it read its files again */
export async function startRenewed(undo: Undo, more: Readonly<Record<string, string>>) {
  const tls = { cert: 'cert.pem', key: 'key.pem' };
  const filed = 'id: filed, auth: client_secret_post, secret: { file: secret }';
  const source = changed(withClients(...CLIENTS, filed), { server: { tls, clientCertificates: { authorities } } });
  const server = await start(undo, source, { files: { ...files, ...more }, fetch: fetchAs(undefined, https.cert) });
  return { server, reload: () => server.reload(source) };
}

export interface World {
  /** The caller counts as a trusted proxy. */
  readonly server: TestServer;
  /** The trusted proxy is another one. */
  readonly elsewhere: TestServer;
  /** Over TLS, without a proxy. */
  readonly direct: TestServer;
  /** Requests a token with these credentials only, from its own address. */
  readonly ask: (credentials: Form, headers?: Record<string, string>) => Promise<Answer>;
  /** The same with HTTP Basic. */
  readonly basic: (pair: string, form?: Form) => Promise<Answer>;
  /** The same with an assertion of the client `batch`. */
  readonly prove: (claims?: Claims, header?: Claims) => Promise<Answer>;
}

export async function open(undo: Undo): Promise<World> {
  const server = await start(undo, behind('127.0.0.0/8'), { files });
  const elsewhere = await start(undo, behind('192.0.2.1'), { files });
  const tls = { cert: 'cert.pem', key: 'key.pem' };
  const direct = await start(undo, withServer({ tls, clientCertificates: { authorities } }), {
    files,
    fetch: fetchAs(undefined, https.cert),
  });
  let asked = 0;
  const ask: World['ask'] = (credentials, headers = {}) => {
    asked++;
    const from = `198.18.${asked >> 8}.${asked & 255}`;
    const form = { grant_type: 'client_credentials', ...credentials };
    return server.token(form, { 'x-forwarded-for': from, ...headers });
  };
  const prove: World['prove'] = (claims, header) => ask(asserting(assertion(server, key, claims, header)));
  return { server, elsewhere, direct, ask, prove, basic: (pair, form = {}) => ask(form, basicHeader(pair)) };
}

export const basicHeader = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

/** As a proxy encodes it (RFC 9440). */
export const certificateHeader = ({ x509 }: Identity) => ({ 'client-cert': `:${x509.raw.toString('base64')}:` });

/** Over TLS, with or without a certificate. */
export const askDirectly = async (server: TestServer, client: Identity | undefined, form: Form): Promise<Answer> =>
  read(
    await fetchAs(client, https.cert)(`${server.issuer}/oauth/token`, {
      method: 'POST',
      body: encode({ grant_type: 'client_credentials', audience: API, ...form }),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
  );
