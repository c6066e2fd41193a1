// The servers of the attacks on bound tokens: two nodes on one database, a server that requires nonces, and clients with keys.
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { withOperators } from '../../../support/admin-api.ts';
import { API, client } from '../../../support/basics.ts';
import { selfSigned } from '../../../support/certificate.ts';
import { type Configuration, changed } from '../../../support/configuration.ts';
import { type Answer, EXCHANGE, type Form, start, type TestServer, type } from '../../../support/harness.ts';
import { entry, type FakeIssuer, startIssuer } from '../../../support/issuer.ts';
import { newProver, type Prover } from '../../../support/prover.ts';
import type { Undo } from '../../group.ts';

/** A target whose rule accepts tokens that are bound to a key other than the caller's. */
export const ACCEPTING = 'https://accepting.example';
/** A target whose rule turns bound tokens into bearer tokens. */
export const REBINDING = 'https://rebinding.example';
export const VAULT = 'https://vault.example';

/** The same name on each node, whatever its port. */
const ISSUER = 'https://login.example';
const TARGETS = [API, VAULT, ACCEPTING, REBINDING];

const exchanger = (id: string, more: Configuration = {}): Configuration =>
  client(id, { grants: ['client_credentials', 'token_exchange', 'refresh_token'], audiences: TARGETS, ...more });
const rule = (targets: readonly string[], party: Configuration = {}, rest: Configuration = {}): Configuration => ({
  client: ['gateway', 'mutual-gateway'],
  subject: {
    issuer: 'self',
    clients: ['web', 'mutual-web', 'gateway'],
    types: ['access_token', 'refresh_token', 'id_token'],
    ...party,
  },
  actor: { issuer: 'self', clients: ['agent'], ...party },
  ...rest,
  grant: { audiences: targets, scopes: ['read'], types: ['access_token', 'jwt', 'refresh_token'] },
});
const ACCEPT = { constrained: 'accept' };

/** A proxy on loopback forwards the certificate of its caller. */
const configurationOf = (idp: FakeIssuer): Configuration =>
  withOperators({
    issuer: ISSUER,
    server: {
      port: `\${PORT}`,
      trustProxy: ['127.0.0.1'],
      clientCertificates: { header: { name: 'x-certificate', format: 'der' } },
    },
    store: 'sqlite:cambio.db',
    resources: [
      { audience: API, scopes: ['read'] },
      { audience: VAULT, scopes: ['read'], token: { format: 'opaque' } },
      { audience: ACCEPTING, scopes: ['read'] },
      { audience: REBINDING, scopes: ['read'] },
    ],
    clients: [
      ...['web', 'agent', 'gateway'].map((id) => exchanger(id)),
      ...['web', 'gateway'].map((id) => exchanger(`mutual-${id}`, { certificateBoundAccessTokens: true })),
      {
        id: 'person',
        auth: 'none',
        grants: ['authorization_code'],
        redirectUris: ['http://127.0.0.1/callback'],
        audiences: [API],
        scopes: ['openid', 'read'],
      },
    ],
    accounts: [{ username: 'ada', password: { plain: 'correct horse battery' } }],
    issuers: [entry(idp)],
    rules: [
      {
        client: ['gateway', 'mutual-gateway'],
        subject: { issuer: 'idp' },
        grant: { audiences: [API], scopes: ['read'] },
      },
      rule([ACCEPTING], ACCEPT),
      rule([REBINDING], ACCEPT, { rebind: 'bearer' }),
      rule([API, VAULT]),
    ],
  });

export interface BindingWorld {
  readonly server: TestServer;
  /** Another node on the same database. */
  readonly second: TestServer;
  /** Requires nonces. */
  readonly strict: TestServer;
  readonly idp: FakeIssuer;
  readonly own: Prover;
  readonly other: Prover;
  readonly certificates: { readonly own: X509Certificate; readonly other: X509Certificate };
  /** A valid proof for the token endpoint, with changes. @param by the key, by default the common one */
  readonly prove: (claims?: Record<string, unknown>, header?: Record<string, unknown>, by?: Prover) => string;
}

export async function openBindingWorld(undo: Undo): Promise<BindingWorld> {
  const idp = await startIssuer(undo);
  const base = configurationOf(idp);
  const server = await start(undo, base);
  const shared = changed(base, { store: `sqlite:${join(server.folder, 'cambio.db')}` });
  const certificate = async (value: string): Promise<X509Certificate> =>
    new X509Certificate((await selfSigned({ type: 'dns', value })).cert);
  const own = newProver();
  return {
    server,
    idp,
    own,
    second: await start(undo, shared, { now: server.clock.now }),
    strict: await start(undo, changed(base, { server: { dpopNonces: true } }), { now: server.clock.now }),
    other: newProver(),
    certificates: { own: await certificate('own'), other: await certificate('other') },
    prove: (claims = {}, header = {}, by = own) => by.prove({ issuer: ISSUER, clock: server.clock }, claims, header),
  };
}

export const TOKEN_URL = `${ISSUER}/oauth/token`;
export const USERINFO_URL = `${ISSUER}/oauth/userinfo`;
export const CLIENTS_URL = `${ISSUER}/admin/v1/clients`;

export const digestOf = ({ fingerprint256 }: X509Certificate): string =>
  Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');

/** The headers that prove a key or certificate. */
export type Proof = Readonly<Record<string, string>>;
export const withKey = (dpop: string): Proof => ({ dpop });
export const withCertificate = (certificate: X509Certificate): Proof => ({
  'x-certificate': certificate.raw.toString('base64'),
});

const secretOf = (id: string): Form => ({ client_id: id, client_secret: `${id}-secret` });

/** A token of the client itself. */
export const obtain = (server: TestServer, id: string, proof: Proof = {}, form: Form = {}): Promise<Answer> =>
  server.token({ grant_type: 'client_credentials', ...secretOf(id), ...form }, proof);

/** Returns a token of one of the clients, bound to the proven key. */
export const tokenOf = async (server: TestServer, id: string, proof: Proof = {}): Promise<string> =>
  String((await obtain(server, id, proof)).body.access_token);

/** An exchange by the gateway, or by the alias of it whose tokens are bound to its certificate. */
export const present = (
  server: TestServer,
  subject_token: string,
  proof: Proof = {},
  form: Form = {},
): Promise<Answer> =>
  server.token(
    {
      grant_type: EXCHANGE,
      ...secretOf('x-certificate' in proof ? 'mutual-gateway' : 'gateway'),
      subject_token,
      subject_token_type: type('access_token'),
      audience: API,
      ...form,
    },
    proof,
  );
