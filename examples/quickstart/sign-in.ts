// Signing in by hand: /login sends a person to Cambio; /callback gets their token, and lets the service act for them at the API.
import { createHash, randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

const COOKIE = 'quickstart_sign_in';
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
const AUDIENCE = 'https://api.camall.io';

/** @param base where the browser finds these pages: the same host for both, since a cookie goes from one to the other */
export function addSignIn(api: FastifyInstance, issuer: string, base: string): void {
  const redirectUri = `${base}/callback`;

  api.get('/login', async (_request, reply) => {
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

  api.get<{ Querystring: Record<string, string | undefined> }>('/callback', async ({ query, headers }, reply) => {
    const [state, verifier = ''] =
      new RegExp(`${COOKIE}=([\\w-]+\\.[\\w-]+)`).exec(headers.cookie ?? '')?.[1]?.split('.') ?? [];
    // RFC 9207: the answer is that of the server that was asked, to the request that this browser began.
    if (state === undefined || query.state !== state || query.iss !== issuer)
      return reply.code(400).send({ error: 'this sign-in began elsewhere: open /login' });
    if (query.code === undefined) return reply.code(403).send({ error: query.error });
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
      subject_token: person.access_token,
      subject_token_type: TOKEN_TYPE,
      actor_token: actor.access_token,
      actor_token_type: TOKEN_TYPE,
      audience: AUDIENCE,
    });
    const answer = await fetch(`${base}/v1/resource`, { headers: { Authorization: `Bearer ${acting.access_token}` } });
    reply.header('Cache-Control', 'no-store').type('application/json');
    return JSON.stringify(await answer.json(), null, 2);
  });

  const askToken = async (form: Record<string, string>): Promise<{ readonly access_token: string }> => {
    const answer = await fetch(`${issuer}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
    const body = await answer.text();
    if (!answer.ok) throw new Error(`the token endpoint refused: ${body}`);
    return JSON.parse(body);
  };
}

const randomText = (): string => randomBytes(32).toString('base64url');
