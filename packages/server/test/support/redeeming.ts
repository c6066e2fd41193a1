// A configuration whose issuers give grants, and requests of the jwt-bearer grant.
import { API, BACKEND, client, configuration } from './basics.ts';
import { added, type Configuration, changed, type Entry, entries } from './configuration.ts';
import type { Answer, Form, TestServer } from './harness.ts';
import type { Claims, FakeIssuer, SignOptions } from './issuer.ts';

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const JWT_DPOP = 'urn:ietf:params:oauth:grant-type:jwt-dpop';
export const ASSERTION_REFUSED = {
  error: 'invalid_grant',
  description: 'The provided assertion is invalid or expired',
};

export const wiki = { client_id: 'wiki', client_secret: 'wiki-secret' };

/** An issuer that only gives grants. */
export const granting = (
  { url }: Pick<FakeIssuer, 'url'>,
  grants: Configuration,
  members: Configuration = {},
): Configuration => ({ issuer: url, name: 'corp', grants, allowPrivateNetwork: true, ...members });

const ruleFor = (name: string, ruleClient: string, type: string, issuer: string): Configuration => ({
  name,
  client: ruleClient,
  subject: { issuer, types: [type] },
  grant: { audiences: [API, BACKEND], scopes: ['read', 'write'] },
});

/** `wiki` redeems the ID-JAGs of `corp`; `jobs` stands for workloads of `platform`. */
export const redeemingOf = (issuers: readonly Entry[], ...more: readonly Configuration[]): Configuration =>
  changed(
    configuration,
    {
      clients: added(
        client('wiki', { grants: ['jwt_bearer'], audiences: undefined, scopes: ['read', 'write'] }),
        client('api', { grants: [], resource: API }),
      ),
      issuers: entries(issuers),
      rules: added(ruleFor('jags', 'wiki', 'id_jag', 'corp'), ruleFor('chains', 'wiki', 'chaining_grant', 'corp')),
    },
    ...more,
  );

/** `jobs` stands for the workloads `job-…` of `corp`. */
export const JOBS: Configuration = {
  clients: added({
    id: 'jobs',
    auth: 'none',
    grants: ['jwt_bearer'],
    scopes: ['read'],
    workload: { issuer: 'corp', subjects: ['job-*'], claims: { stage: 'test' } },
  }),
  rules: added(ruleFor('jobs', 'jobs', 'workload', 'corp')),
};

/** A valid ID-JAG for `wiki` with some claims changed; undefined omits one. */
export const jagOf = (idp: FakeIssuer, server: TestServer, claims: Claims = {}, options: SignOptions = {}): string =>
  idp.sign(
    { aud: server.issuer, client_id: 'wiki', resource: API, scope: 'read write', ...claims },
    { ...options, header: { typ: 'oauth-id-jag+jwt', ...options.header } },
  );

export const redeem = (
  server: TestServer,
  assertion: string | undefined,
  form: Form = {},
  headers?: Record<string, string>,
): Promise<Answer> => server.token({ grant_type: JWT_BEARER, ...wiki, assertion, ...form }, headers);

/** As a caller without a client. */
export const redeemAlone = (server: TestServer, assertion: string, form: Form = {}): Promise<Answer> =>
  server.token({ grant_type: JWT_BEARER, assertion, ...form });

/** Does the token still count for its API? */
export async function isActive(server: TestServer, answer: Answer): Promise<boolean> {
  const asked = await server.post(
    '/oauth/introspect',
    new URLSearchParams({
      client_id: 'api',
      client_secret: 'api-secret',
      token: String(answer.body.access_token),
    }).toString(),
  );
  return asked.body.active === true;
}
