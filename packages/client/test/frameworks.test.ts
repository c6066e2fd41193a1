// Do Express, Fastify and Hono forward the caller's token alike, and answer for the caller when it cannot be exchanged?
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { suite, type TestContext, test } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { createForwarder as forExpress } from '../src/express.ts';
import { createForwarder as forFastify } from '../src/fastify.ts';
import { createForwarder as forHono } from '../src/hono.ts';
import { cambio, none, type OnBehalfOf } from '../src/index.ts';
import { type Scripted, startScripted } from './server.ts';

type Listener = NonNullable<Parameters<typeof createServer>[1]>;

/** GET /total exchanges before the handler, which calls the API. GET /own reads the token without that. */
const frameworks: Readonly<Record<string, (orders: OnBehalfOf, api: string) => Promise<Listener>>> = {
  Express: async (onBehalfOf, api) => {
    const orders = forExpress(onBehalfOf);
    const app = express();
    app.get('/total', orders.require(), async (request, response) => {
      response.json(await (await orders.fetch(request, api)).json());
    });
    app.get('/own', async (request, response) => {
      response.json({ type: (await orders.token(request)).tokenType });
    });
    app.set('env', 'test');
    return app;
  },
  Fastify: async (onBehalfOf, api) => {
    const orders = forFastify(onBehalfOf);
    const app = Fastify();
    app.get('/total', { onRequest: orders.require() }, async (request) => (await orders.fetch(request, api)).json());
    app.get('/own', async (request) => ({ type: (await orders.token(request)).tokenType }));
    await app.ready();
    return app.routing as Listener;
  },
  Hono: async (onBehalfOf, api) => {
    const orders = forHono(onBehalfOf);
    const app = new Hono();
    app.get('/total', orders.require(), async (context) =>
      context.json(await (await orders.fetch(context, api)).json()),
    );
    app.get('/own', async (context) => context.json({ type: (await orders.token(context)).tokenType }));
    app.onError((_error, context) => context.json({}, 500));
    return getRequestListener(app.fetch);
  },
};

async function listen(t: TestContext, listener: Listener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function get(url: string, authorization?: string | string[]) {
  const headers = authorization === undefined ? {} : { authorization };
  const [answer] = await once(send(url, { headers: headers as Record<string, string> }).end(), 'response');
  const { 'www-authenticate': challenge, 'retry-after': retryAfter } = answer.headers;
  return { status: answer.statusCode, challenge, retryAfter, body: await json(answer).catch(() => undefined) };
}

for (const [name, serve] of Object.entries(frameworks)) {
  suite(name, () => {
    const setUp = async (t: TestContext): Promise<{ url: string; server: Scripted }> => {
      const server = await startScripted(t);
      const api = await listen(t, (request, response) =>
        response.end(JSON.stringify({ got: request.headers.authorization })),
      );
      const client = cambio({ issuer: server.issuer, clientId: 'gateway', auth: none() });
      const url = await listen(t, await serve(client.onBehalfOf({ audience: 'https://orders.example' }), api));
      return { url, server };
    };

    test('the incoming token is the subject, whichever its scheme, and the API gets the exchanged one', async (t) => {
      const { url, server } = await setUp(t);
      for (const authorization of ['Bearer of-ada', 'bearer of-ada', 'DPoP of-ada'])
        assert.deepEqual((await get(`${url}/total`, authorization)).body, { got: 'Bearer token-1' });
      assert.deepEqual(
        server.seen.map(({ form }) => form.get('subject_token')),
        ['of-ada'],
      );
      assert.deepEqual((await get(`${url}/own`, 'Bearer of-grace')).body, { type: 'Bearer' });
    });

    test('without one token the answer is 401, and nothing is exchanged', async (t) => {
      const { url, server } = await setUp(t);
      const missing = await get(`${url}/total`);
      assert.deepEqual([missing.status, missing.challenge, missing.body], [401, 'Bearer', { error: 'missing' }]);
      for (const wrong of ['Basic x', 'Bearer', 'Bearer a b', ['Bearer a', 'Bearer b']]) {
        const { status, challenge, body } = await get(`${url}/total`, wrong);
        assert.deepEqual([status, challenge, body], [401, 'Bearer error="invalid_token"', { error: 'invalid_token' }]);
      }
      assert.equal(server.seen.length, 0);
    });

    test('a refusal about the caller is answered 401 or 403, a failure of the server 503, a fault of this program 500', async (t) => {
      const { url, server } = await setUp(t);
      const cases = [
        [{ error: 'invalid_grant', request_id: 'id-1' }, 400, 401, { error: 'invalid_token', request_id: 'id-1' }],
        [
          { error: 'invalid_target', request_id: 'id-1' },
          400,
          403,
          { error: 'insufficient_scope', request_id: 'id-1' },
        ],
        [
          { error: 'server_error', request_id: 'id-1' },
          500,
          503,
          { error: 'temporarily_unavailable', request_id: 'id-1' },
        ],
      ] as const;
      for (const [body, status, expected, answer] of cases) {
        server.next.push(() => ({ status, body }));
        const got = await get(`${url}/total`, 'Bearer of-ada');
        assert.deepEqual([got.status, got.body], [expected, answer]);
        assert.equal(got.retryAfter, expected === 503 ? '1' : undefined);
      }
      server.next.push(() => ({ status: 401, body: { error: 'invalid_client' } }));
      assert.equal((await get(`${url}/total`, 'Bearer of-ada')).status, 500);
      assert.equal((await get(`${url}/total`, 'Bearer of-ada')).status, 200);
    });

    test('a wrong issuer is a fault of this program, so it is answered 500 and the framework gets the error', async (t) => {
      const { url, server } = await setUp(t);
      const { metadata } = server;
      server.metadata = { ...metadata, issuer: 'https://other.example' };
      assert.equal((await get(`${url}/total`, 'Bearer of-ada')).status, 500);
      server.metadataStatus = 503;
      assert.equal((await get(`${url}/total`, 'Bearer of-ada')).status, 503);
    });
  });
}
