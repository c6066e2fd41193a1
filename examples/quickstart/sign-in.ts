// Signs people in without a library: /login redirects to Cambio, /callback gets the token and exchanges it for the service.
import { createHash, randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { happenedPage, homePage, pageHeaders, problemPage } from './pages.ts';

const COOKIE = 'quickstart_sign_in';
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
const AUDIENCE = 'https://api.camall.io';

/** @param base URL of these pages in the browser. Both have the same host, because a cookie is set by one and read by the other */
export function addSignIn(api: FastifyInstance, issuer: string, base: string): void {
  const redirectUri = `${base}/callback`;
  const login = `${base}/login`;

  api.get('/', async (_request, reply) => reply.headers(pageHeaders).send(homePage(login, issuer)));

  api.get('/login', async ({ host }, reply) => {
    // The cookie is valid for one host: that of the callback.
    if (host !== new URL(base).host) return reply.redirect(login, 303);
    const [state, verifier] = [randomText(), randomText()];
    const request = new URLSearchParams({
      client_id: 'web',
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'openid openapi',
      requested_actor: 'service',
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    reply.header('Set-Cookie', `${COOKIE}=${state}.${verifier}; HttpOnly; SameSite=Lax; Path=/callback; Max-Age=1800`);
    return reply.redirect(`${issuer}/oauth/authorize?${request}`, 303);
  });

  api.get<{ Querystring: Query }>('/callback', async (request, reply) => {
    const { query, headers } = request;
    const [state, verifier = ''] =
      new RegExp(`${COOKIE}=([\\w-]+\\.[\\w-]+)`).exec(headers.cookie ?? '')?.[1]?.split('.') ?? [];
    // RFC 9207: the answer must come from the right server, and belong to the request of this browser.
    if (state === undefined || query.state !== state || query.iss !== issuer) {
      const page = problemPage(
        'This sign-in began elsewhere',
        'This browser did not begin it, or the page was loaded again. Begin anew.',
        login,
      );
      return answer({
        request,
        reply,
        status: 400,
        json: { error: 'this sign-in began elsewhere: open /login' },
        page,
      });
    }
    if (query.code === undefined) {
      const page = problemPage('Nobody signed in', `Cambio answered ${query.error}: nothing was shared.`, login);
      return answer({ request, reply, status: 403, json: { error: query.error }, page });
    }
    const person = await askToken({
      grant_type: 'authorization_code',
      client_id: 'web',
      code: query.code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    });
    const service = { client_id: 'service', client_secret: 'service_secret' };
    const actor = await askToken({ grant_type: 'client_credentials', ...service });
    const acting = await askToken({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      ...service,
      subject_token: person.token,
      subject_token_type: TOKEN_TYPE,
      actor_token: actor.token,
      actor_token_type: TOKEN_TYPE,
      audience: AUDIENCE,
    });
    const called = await fetch(`${base}/v1/resource`, { headers: { Authorization: `Bearer ${acting.token}` } });
    const json = await called.json();
    const page = happenedPage({
      ...{ issuer, login, answer: json, requestId: acting.requestId },
      before: claimsOf(person.token),
      after: claimsOf(acting.token),
    });
    // A code is valid once: reloading the page finds no sign-in.
    reply.header('Set-Cookie', `${COOKIE}=; HttpOnly; SameSite=Lax; Path=/callback; Max-Age=0`);
    return answer({ request, reply, status: 200, json, page });
  });

  const askToken = async (
    form: Record<string, string>,
  ): Promise<{ readonly token: string; readonly requestId: string }> => {
    const answered = await fetch(`${issuer}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
    const body = await answered.text();
    if (!answered.ok) throw new Error(`the token endpoint refused: ${body}`);
    return { token: JSON.parse(body).access_token, requestId: answered.headers.get('x-request-id') ?? '' };
  };
}

type Query = Readonly<Record<string, string | undefined>>;

interface Answer {
  readonly request: FastifyRequest<{ Querystring: Query }>;
  readonly reply: FastifyReply;
  readonly status: number;
  readonly json: unknown;
  readonly page: string;
}

/** A page for browsers, and JSON for programs. */
function answer({ request, reply, status, json, page }: Answer): FastifyReply {
  reply.code(status).header('Cache-Control', 'no-store').header('Vary', 'Accept');
  if (request.headers.accept?.includes('text/html')) return reply.headers(pageHeaders).send(page);
  return reply.type('application/json').send(JSON.stringify(json, null, 2));
}

/** The claims of a JWT, to show them. The API verifies the signature before it relies on them. */
const claimsOf = (token: string): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

const randomText = (): string => randomBytes(32).toString('base64url');
