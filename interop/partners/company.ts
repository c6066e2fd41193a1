// Starts Cambio as the authorization server of a company, beside a partner that plays the other domain.
import assert from 'node:assert/strict';
import { client } from '../../packages/server/test/support/basics.ts';
import { added, type Configuration, changed, entries } from '../../packages/server/test/support/configuration.ts';
import { type Answer, EXCHANGE, start, type TestServer, type } from '../../packages/server/test/support/harness.ts';
import { authorizeAs, redeem, web, configuration as withPeople } from '../../packages/server/test/support/people.ts';

export type Cleanup = { readonly after: (work: () => Promise<void>) => void };

/** Runs the work, and then what it left to be cleaned up. */
export async function withCleanup(work: (t: Cleanup) => Promise<void>): Promise<void> {
  const cleanups: (() => Promise<void>)[] = [];
  try {
    await work({ after: (one) => void cleanups.unshift(one) });
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
}

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** A client of the company whose id the partner does not know. */
export const OTHER = 'other-redeemer';
/** Of the client that redeems grants of the partner. */
const SECRET = 'redeemer-secret';
/** The API of the company that clients of the partner call. */
export const INTAKE = 'https://intake.company.example';

export interface Company {
  readonly server: TestServer;
  readonly configuration: Configuration;
  /** Of ada, for the client `web`. */
  readonly idToken: string;
  /** A grant of ada for the partner. */
  readonly grant: (kind: 'id-jag' | 'jwt') => Promise<string>;
}

interface Partner {
  readonly issuer: string;
  /** The id that the company's client `web` has there. */
  readonly clientId: string;
  /** The client of the company that redeems grants of the partner. */
  readonly redeemer?: string;
  /** The partner's API; without it, the partner itself is the target. */
  readonly api?: string;
  /** Of the company's server. */
  readonly port: number;
}

/** Ada signs in to the client `web`, and gets grants for the partner; the partner's grants are redeemed for INTAKE. */
export async function startCompany(
  t: Cleanup,
  { issuer, clientId, redeemer = 'partner', api, port }: Partner,
): Promise<Company> {
  const company: Configuration = changed(withPeople, {
    resources: added({ audience: INTAKE, scopes: ['read'] }),
    authorizationServers: [
      {
        issuer,
        grants: ['id_jag', 'chaining_grant'],
        clients: { web: clientId },
        ...(api === undefined ? { scopes: ['read'] } : { resources: { [api]: { scopes: ['read'] } } }),
        lifetime: '1m',
      },
    ],
    clients: added(
      ...[redeemer, OTHER].map((id) =>
        client(id, { grants: ['jwt_bearer'], secret: { plain: SECRET }, audiences: undefined, scopes: ['read'] }),
      ),
    ),
    issuers: [
      { issuer, name: 'partner', grants: { chaining_grant: { scope: 'optional' } }, allowPrivateNetwork: true },
    ],
    rules: entries([
      {
        name: 'people at the partner',
        client: 'web',
        subject: { issuer: 'self', clients: ['web'], types: ['id_token', 'access_token'] },
        grant: { audiences: [issuer], scopes: { openid: ['read'], read: ['read'] }, types: ['id_jag', 'jwt'] },
      },
      {
        name: 'who comes from the partner',
        client: [redeemer, OTHER],
        subject: { issuer: 'partner', types: ['chaining_grant'] },
        grant: { audiences: [INTAKE], scopes: ['read'] },
      },
    ]),
  });
  const server = await start(t, company, { port });
  const { body } = await redeem(server, await authorizeAs(server, { scope: 'openid read' }));
  const subjects = { 'id-jag': 'id_token', jwt: 'access_token' } as const;
  return {
    server,
    configuration: company,
    idToken: String(body.id_token),
    grant: async (kind) => {
      server.clock.now = Date.now();
      const answer = await server.token({
        grant_type: EXCHANGE,
        ...web,
        subject_token: String(body[subjects[kind]]),
        subject_token_type: type(subjects[kind]),
        requested_token_type: type(kind),
        audience: issuer,
      });
      assert.equal(answer.status, 200, answer.text);
      return String(answer.body.access_token);
    },
  };
}

/** Redeems a grant of the partner at the company. */
export function redeemAt({ server }: Company, assertion: string, clientId: string): Promise<Answer> {
  server.clock.now = Date.now();
  return server.token({ grant_type: JWT_BEARER, client_id: clientId, client_secret: SECRET, assertion });
}

export interface Told {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** POSTs a form or JSON to the partner. */
export async function post(
  url: string,
  body: URLSearchParams | object,
  headers: Record<string, string> = {},
): Promise<Told> {
  const isForm = body instanceof URLSearchParams;
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, ...(isForm ? {} : { 'content-type': 'application/json' }) },
    body: isForm ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Told['body'] };
}
