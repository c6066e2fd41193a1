// An authorization server in memory, for the unit tests of programs that use this package. It answers as a Cambio server does.
import { checkMembers } from '../check.ts';
import { answerToken } from './endpoint.ts';
import { checkFake, type FakeFailure, type FakeOptions, type FakeRequest } from './options.ts';
import { type Claims, createTokens } from './tokens.ts';

export type { FakeClient, FakeFailure, FakeOptions, FakeRequest, FakeRule } from './options.ts';

type Api = (request: Request, claims: Claims) => Response | Promise<Response>;

export interface FakeCambio {
  readonly issuer: string;
  /** For the option `fetch`. A URL that belongs neither to the server nor to an API of `api` is refused. */
  readonly fetch: typeof globalThis.fetch;
  /** Issues a token for a subject, as if a person had signed in. */
  readonly token: (claims: { readonly sub: string } & Claims, expiresIn?: number) => Promise<string>;
  /** The key set, for verifiers. */
  readonly jwks: () => Promise<{ readonly keys: readonly object[] }>;
  /** Answers requests to an origin. A request without a valid token for a resource there gets 401. */
  readonly api: (origin: string, answer: Api) => void;
  /** The next requests to the token endpoint fail like this, one each. */
  readonly fail: (...failures: readonly FakeFailure[]) => void;
  /** The requests to the token endpoint, in order. */
  readonly requests: readonly FakeRequest[];
}

export function fakeCambio(options: FakeOptions): FakeCambio {
  checkFake(options);
  const { issuer = 'https://login.example', clock = Date.now } = options;
  const tokens = createTokens(issuer, clock);
  const apis = new Map<string, Api>();
  const requests: FakeRequest[] = [];
  const failures: FakeFailure[] = [];
  const context = { ...options, issuer, clock, tokens, requests, failures };

  /** An API takes tokens for a resource at its origin. One without such a resource takes all. */
  const isFor = ({ aud }: Claims, origin: string): boolean => {
    const here = options.resources
      .map(({ audience }) => audience)
      .filter((audience) => URL.canParse(audience) && new URL(audience).origin === origin);
    return here.length === 0 || [aud].flat().some((one) => here.includes(String(one)));
  };

  const answerApi = async (request: Request, answer: Api): Promise<Response> => {
    const [, token = ''] = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '') ?? [];
    const claims = tokens.read(token);
    if (claims !== undefined && isFor(claims, new URL(request.url).origin)) return answer(request, claims);
    const headers = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };
    return Response.json({ error: 'invalid_token' }, { status: 401, headers });
  };

  const route = async (request: Request): Promise<Response> => {
    const { origin, pathname } = new URL(request.url);
    const api = apis.get(origin);
    if (api !== undefined) return answerApi(request, api);
    if (origin !== new URL(issuer).origin)
      throw new TypeError(`the fake server has no API at ${origin}: add one with api(...)`);
    if (pathname.startsWith('/.well-known/oauth-authorization-server'))
      return Response.json({
        issuer,
        token_endpoint: `${issuer}/oauth/token`,
        revocation_endpoint: `${issuer}/oauth/revoke`,
        jwks_uri: `${issuer}/.well-known/jwks.json`,
      });
    if (pathname.endsWith('/.well-known/jwks.json')) return Response.json(await tokens.jwks());
    if (pathname.endsWith('/oauth/token')) return answerToken(context, request, 'token');
    if (pathname.endsWith('/oauth/revoke')) return answerToken(context, request, 'revoke');
    return Response.json({ error: 'invalid_request' }, { status: 404 });
  };

  return {
    issuer,
    fetch: async (input, init) => {
      init?.signal?.throwIfAborted();
      return route(new Request(input, init));
    },
    token: ({ sub, ...claims }, expiresIn) => tokens.sign({ sub, ...claims }, expiresIn),
    jwks: tokens.jwks,
    api: (origin, answer) => void apis.set(new URL(origin).origin, answer),
    fail: (...more) => {
      for (const one of more) {
        checkMembers('failure', one, ['status', 'error', 'retryAfter']);
        if (!(one.status >= 400)) throw new TypeError(`failure.status is ${one.status}: it must be 400 or more`);
      }
      failures.push(...more);
    },
    requests,
  };
}
