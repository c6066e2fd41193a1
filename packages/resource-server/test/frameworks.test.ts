// Do Fastify, Express and Hono behave alike, over HTTP and over TLS with client certificates?
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttp, request as requestHttp, type Server } from 'node:http';
import { createServer as createHttps, request as requestHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { suite, type TestContext, test } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { type Certificate, selfSigned } from '../../server/test/support/certificate.ts';
import { createGuard as createExpressGuard } from '../src/express.ts';
import { createGuard as createFastifyGuard } from '../src/fastify.ts';
import { createGuard as createHonoGuard } from '../src/hono.ts';
import { type AccessRefusal, actors, requireActor, type VerifierOptions } from '../src/index.ts';
import { AUDIENCE, createIssuer, ISSUER } from './issuer.ts';
import { createClient } from './proof.ts';

const issuer = await createIssuer();
const server = await selfSigned({ type: 'ip', value: '127.0.0.1' });
const TLS = { ...server, requestCert: true, rejectUnauthorized: false };

/** GET /orders needs `read` after a guard without requirements; the handler of /acted requires an actor; /fault fails; /open reads a token without a guard. */
type Serve = (
  options: VerifierOptions & { onRefusal?: (refusal: AccessRefusal) => void },
  listen: (listener: Parameters<typeof createHttp>[1]) => Server,
) => Promise<Server>;

const frameworks: Readonly<Record<string, Serve>> = {
  Fastify: async (options, listen) => {
    const guard = createFastifyGuard(options);
    const app = Fastify({ serverFactory: (handler) => listen(handler) });
    app.get('/orders', { onRequest: [guard.require(), guard.require({ scope: 'read' })] }, async (request) => {
      const token = guard.token(request);
      return { subject: token.subject, actors: actors(token) };
    });
    app.get('/acted', { onRequest: guard.require() }, async (request) =>
      requireActor(guard.token(request), { sub: 'agent' }),
    );
    app.get('/open', async (request) => guard.token(request));
    await app.ready();
    return app.server;
  },
  Express: async (options, listen) => {
    const guard = createExpressGuard(options);
    const app = express();
    app.get('/orders', guard.require(), guard.require({ scope: 'read' }), (request, response) => {
      const token = guard.token(request);
      response.json({ subject: token.subject, actors: actors(token) });
    });
    app.get('/acted', guard.require(), (request, response) => {
      response.json(requireActor(guard.token(request), { sub: 'agent' }));
    });
    app.get('/open', (request, response) => {
      response.json(guard.token(request));
    });
    // Express logs errors to standard error unless this is `test`.
    app.set('env', 'test');
    return listen(app);
  },
  Hono: async (options, listen) => {
    const guard = createHonoGuard(options);
    const app = new Hono();
    app.get('/orders', guard.require(), guard.require({ scope: 'read' }), (context) => {
      const token = guard.token(context);
      return context.json({ subject: token.subject, actors: actors(token) });
    });
    app.get('/acted', guard.require(), (context) => context.json(requireActor(guard.token(context), { sub: 'agent' })));
    app.get('/open', (context) => context.json(guard.token(context)));
    return listen(getRequestListener(app.fetch));
  },
};

interface Answer {
  readonly status: number | undefined;
  readonly challenge: string | undefined;
  readonly retryAfter: string | undefined;
  readonly body: unknown;
}

interface Api {
  readonly get: (
    path: string,
    headers: Readonly<Record<string, string | string[]>>,
    as?: Certificate,
  ) => Promise<Answer>;
}

async function start(
  t: TestContext,
  serve: Serve,
  more: Partial<Parameters<Serve>[0]> = {},
  tls?: typeof TLS,
): Promise<Api> {
  const options = { issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks, ...more };
  const running = await serve(options, (listener = () => undefined) =>
    tls === undefined ? createHttp(listener) : createHttps(tls, listener),
  );
  await once(running.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    running.closeAllConnections();
    running.close();
  });
  const about = { host: '127.0.0.1', port: (running.address() as AddressInfo).port, agent: false };
  return {
    get: async (path, headers, as) => {
      const sent =
        tls === undefined
          ? requestHttp({ ...about, path, headers })
          : requestHttps({ ...about, path, headers, ca: tls.cert, ...as });
      const [response] = await once(sent.end(), 'response');
      const challenge = response.headers['www-authenticate'];
      const retryAfter = response.headers['retry-after'];
      const body = response.headers['content-type']?.includes('json')
        ? await json(response)
        : response.resume() && undefined;
      return { status: response.statusCode, challenge, retryAfter, body };
    },
  };
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

for (const [name, serve] of Object.entries(frameworks)) {
  suite(`${name}`, () => {
    test('admits a valid token, and gives its handler the subject and the actor', async (t) => {
      const api = await start(t, serve);
      const token = await issuer.sign({ claims: { act: { iss: ISSUER, sub: 'agent', act: { sub: 'gateway' } } } });
      const answer = await api.get('/orders', bearer(token));
      assert.deepEqual(answer.body, {
        subject: 'ada',
        actors: [
          { iss: ISSUER, sub: 'agent' },
          { iss: ISSUER, sub: 'gateway' },
        ],
      });
    });

    test('refuses with the status and the challenge of the refusal', async (t) => {
      const api = await start(t, serve, { proofAlgorithms: ['ES256'] });
      const token = await issuer.sign();
      const cases = [
        [{}, 401, 'Bearer, DPoP algs="ES256"', { error: 'missing' }],
        [bearer('nonsense'), 401, 'Bearer error="invalid_token", DPoP algs="ES256"', { error: 'invalid_token' }],
        [
          bearer(await issuer.sign({ claims: { scope: 'write' } })),
          403,
          'Bearer error="insufficient_scope", scope="read"',
          { error: 'insufficient_scope' },
        ],
        [
          { Authorization: [`Bearer ${token}`, `DPoP ${token}`] },
          400,
          'Bearer error="invalid_request", DPoP error="invalid_request", algs="ES256"',
          { error: 'invalid_request' },
        ],
      ] as const;
      for (const [headers, status, challenge, body] of cases) {
        const answer = await api.get('/orders', headers as Record<string, string | string[]>);
        assert.deepEqual(answer, { status, challenge, retryAfter: undefined, body });
      }
      assert.equal((await api.get('/orders', bearer(token))).status, 200);
    });

    test('answers 503 if the keys cannot be fetched: the token may be valid', async (t) => {
      const told: unknown[] = [];
      const api = await start(t, serve, {
        jwks: () => Promise.reject(new Error('out of order')),
        onRefusal: ({ cause }) => told.push((cause as Error).message),
      });
      assert.deepEqual(await api.get('/orders', bearer(await issuer.sign())), {
        status: 503,
        challenge: undefined,
        retryAfter: '1',
        body: { error: 'temporarily_unavailable' },
      });
      assert.deepEqual(told, ['out of order'], 'which is for the log, and not for the caller');
    });

    test('answers a refusal that a handler throws; reading a token without a guard is an error', async (t) => {
      const api = await start(t, serve);
      const acted = await issuer.sign({ claims: { act: { sub: 'agent' } } });
      assert.equal((await api.get('/acted', bearer(acted))).status, 200);
      const refused = await api.get('/acted', bearer(await issuer.sign()));
      assert.equal(refused.status, 403);
      assert.match(refused.challenge ?? '', /^Bearer error="actor_unauthorized", error_description=/);
      assert.equal((await api.get('/open', bearer(acted))).status, 500);
    });

    test('requires a proof for this URL and ignores the Host header', async (t) => {
      const api = await start(t, serve, { baseUrl: 'https://gateway.example/prefix/' });
      const client = await createClient();
      const token = await issuer.sign({ claims: { cnf: client.cnf } });
      const ask = async (htu: string, ...more: string[]) => {
        const proofs = [await client.prove(token, { claims: { htu } }), ...more];
        const headers = { Authorization: `DPoP ${token}`, DPoP: proofs, Host: 'other.example' };
        return (await api.get('/orders?page=2', headers)).status;
      };
      const url = 'https://gateway.example/prefix/orders';
      assert.equal(await ask(url), 200);
      assert.equal(await ask('https://other.example/orders'), 401);
      assert.equal(await ask(url, await client.prove(token, { claims: { htu: url } })), 401);
      assert.equal((await api.get('/orders', bearer(token))).status, 401);
    });

    test('accepts a certificate-bound token only on a connection with that certificate (RFC 8705 section 3; MT-04, MT-05)', async (t) => {
      const [one, another] = [
        await selfSigned({ type: 'dns', value: 'one' }),
        await selfSigned({ type: 'dns', value: 'two' }),
      ];
      const api = await start(t, serve, {}, TLS);
      const thumbprint = createHash('sha256').update(new X509Certificate(one.cert).raw).digest('base64url');
      const token = await issuer.sign({ claims: { cnf: { 'x5t#S256': thumbprint } } });
      assert.equal((await api.get('/orders', bearer(token), one)).status, 200);
      const refused = await api.get('/orders', bearer(token), another);
      assert.deepEqual([refused.status, refused.body], [401, { error: 'invalid_token' }]);
      assert.equal((await api.get('/orders', bearer(token))).status, 401);
      assert.equal((await api.get('/orders', bearer(await issuer.sign()), another)).status, 200, 'a bearer token');
    });
  });
}

test('reads the certificate that a TLS proxy forwards (MT-09)', async (t) => {
  const { cert } = await selfSigned({ type: 'dns', value: 'client' });
  const der = new X509Certificate(cert).raw;
  const certificateOf = (request: { readonly raw: { readonly rawHeaders: readonly string[] } }) => {
    const { rawHeaders } = request.raw;
    const at = rawHeaders.findIndex((name) => name.toLowerCase() === 'client-cert');
    // RFC 9440 section 2.1: between colons, in base64.
    return at === -1 ? undefined : Buffer.from(rawHeaders[at + 1]?.slice(1, -1) ?? '', 'base64');
  };
  const guard = createFastifyGuard({ issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks, certificateOf });
  const app = Fastify();
  t.after(() => app.close());
  app.get('/orders', { onRequest: guard.require() }, async (request) => guard.token(request).subject);
  const cnf = { 'x5t#S256': createHash('sha256').update(der).digest('base64url') };
  const headers = bearer(await issuer.sign({ claims: { cnf } }));
  const forwarded = { ...headers, 'client-cert': `:${der.toString('base64')}:` };
  assert.equal((await app.inject({ url: '/orders', headers: forwarded })).statusCode, 200);
  assert.equal((await app.inject({ url: '/orders', headers })).statusCode, 401);
});
