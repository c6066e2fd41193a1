// Does the guard of an MCP server work with the official SDK, in Express and in servers of the Fetch standard?
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, type TestContext, test } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer, requireScopes } from '@modelcontextprotocol/server';
import express from 'express';
import { actors, requireActor } from '../src/index.ts';
import { createGuard, type McpGuard, type McpGuardOptions } from '../src/mcp.ts';
import { createIssuer, ISSUER } from './issuer.ts';
import { createClient } from './proof.ts';

const issuer = await createIssuer();

/** Counts the calls of each tool: a refused call must not reach it. */
function handlerOf(guard: McpGuard, called: string[]) {
  return createMcpHandler(() => {
    const mcp = new McpServer({ name: 'orders', version: '1.0.0' });
    const text = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] });
    mcp.registerTool('list', {}, (context) => {
      called.push('list');
      const token = guard.token(context.http?.authInfo);
      return text({ subject: token.subject, actors: actors(token), sent: context.http?.authInfo?.token });
    });
    mcp.registerTool('cancel', { scopeChallenge: requireScopes('write') }, () => {
      called.push('cancel');
      return text('cancelled');
    });
    mcp.registerTool('refund', {}, (context) => {
      called.push('refund');
      return text(requireActor(guard.token(context.http?.authInfo), { subProfile: 'ai_agent' }).sub);
    });
    return mcp;
  });
}

interface Running {
  readonly url: string;
  readonly called: readonly string[];
}

type Serve = (guard: McpGuard, called: string[]) => Parameters<typeof createServer>[1];

const servers: Readonly<Record<string, Serve>> = {
  Express: (guard, called) => {
    const app = express();
    const handle = toNodeHandler(handlerOf(guard, called));
    app.set('env', 'test');
    app.use(guard.serveMetadata);
    app.post('/mcp', express.json(), guard.require({ scope: 'read' }), (request, response) =>
      handle(request, response, request.body),
    );
    return app;
  },
  Fetch: (guard, called) => {
    const gate = guard.gate({ scope: 'read' });
    const handler = handlerOf(guard, called);
    return getRequestListener(async (request) => {
      if (new URL(request.url).pathname === guard.metadata.path) return Response.json(guard.metadata.document);
      const authInfo = await gate(request);
      return authInfo instanceof Response ? authInfo : handler.fetch(request, { authInfo });
    });
  },
};

async function start(t: TestContext, serve: Serve, more: Partial<McpGuardOptions> = {}): Promise<Running> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const called: string[] = [];
  const guard = createGuard({ issuer: ISSUER, resource: url, scopes: ['read', 'write'], jwks: issuer.jwks, ...more });
  server.on('request', serve(guard, called) ?? (() => undefined));
  return { url, called };
}

const sign = (url: string, claims: Readonly<Record<string, unknown>> = {}) =>
  issuer.sign({ claims: { aud: url, scope: 'read', ...claims } });

/** A `tools/call` request, as a client sends it. */
const call = (name: string, ...more: string[]) => ({
  method: 'POST',
  headers: {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    ...Object.fromEntries(more.map((text) => ['Authorization', text])),
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
});

/** The result of a tool that the guard let the caller use. */
async function result(url: string, tool: string, token: string) {
  const answer = await fetch(url, call(tool, `Bearer ${token}`));
  assert.equal(answer.status, 200);
  // One event, whose data is the answer; or the answer itself.
  const text = (await answer.text()).replace(/^(?:.*\n)*?data: (?={)/, '');
  const { result: found } = JSON.parse(text) as { result: { isError?: true; content: { text: string }[] } };
  return found;
}

for (const [name, serve] of Object.entries(servers)) {
  suite(name, () => {
    test('a tool gets the person, the actors and the token', async (t) => {
      const { url } = await start(t, serve);
      const act = { iss: ISSUER, sub: 'agent', sub_profile: 'ai_agent service', act: { iss: ISSUER, sub: 'app' } };
      const token = await sign(url, { act });
      const listed = await result(url, 'list', token);
      assert.deepEqual(JSON.parse(listed.content[0]?.text ?? ''), {
        subject: 'ada',
        actors: [
          { iss: ISSUER, sub: 'agent', subProfile: ['ai_agent', 'service'] },
          { iss: ISSUER, sub: 'app' },
        ],
        sent: token,
      });
      assert.equal((await result(url, 'refund', token)).isError, undefined);
      const other = await sign(url, { act: { iss: ISSUER, sub: 'app' } });
      assert.equal((await result(url, 'refund', other)).isError, true, 'another kind of actor');
    });

    test('the challenges lead to the metadata, and name the scope of the route and of the tool (MC-5, RFC 9728 section 5.1)', async (t) => {
      const { url, called } = await start(t, serve);
      const document = `${new URL(url).origin}/.well-known/oauth-protected-resource/mcp`;
      const about = `resource_metadata="${document}"`;
      const missing = await fetch(url, call('list'));
      assert.equal(missing.status, 401);
      assert.ok(
        missing.headers
          .get('www-authenticate')
          ?.startsWith(`Bearer scope="read", ${about}, DPoP scope="read", ${about}`),
      );
      assert.deepEqual(await (await fetch(document)).json(), {
        bearer_methods_supported: ['header'],
        resource: url,
        authorization_servers: [ISSUER],
        scopes_supported: ['read', 'write'],
      });
      const invalid = await fetch(url, call('list', `Bearer ${await sign('https://another.example')}`));
      assert.equal(invalid.status, 401);
      assert.ok(
        invalid.headers.get('www-authenticate')?.startsWith(`Bearer error="invalid_token", scope="read", ${about}`),
      );
      const narrow = await fetch(url, call('list', `Bearer ${await sign(url, { scope: 'other' })}`));
      assert.equal(narrow.status, 403);
      assert.equal(narrow.headers.get('www-authenticate'), `Bearer error="insufficient_scope", scope="read", ${about}`);
      // `requireScopes` of the SDK finds the scope and the URL in `authInfo`.
      const tool = await fetch(url, call('cancel', `Bearer ${await sign(url)}`));
      assert.equal(tool.status, 403);
      assert.match(tool.headers.get('www-authenticate') ?? '', /^Bearer error="insufficient_scope".*scope="write"/);
      assert.ok(tool.headers.get('www-authenticate')?.includes(about));
      assert.deepEqual(called, []);
      assert.equal(
        (await fetch(url, call('cancel', `Bearer ${await sign(url, { scope: 'read write' })}`))).status,
        200,
      );
      assert.deepEqual(called, ['cancel']);
    });

    test('a tool may need more than the route: scope, actor, or how the person authenticated', async (t) => {
      const tools = {
        list: { scope: 'list' },
        refund: { actor: { iss: ISSUER, sub: 'agent', subProfile: 'ai_agent' } },
      };
      const { url, called } = await start(t, serve, { tools });
      const bearer = async (claims: Readonly<Record<string, unknown>>) => `Bearer ${await sign(url, claims)}`;
      const agent = { iss: ISSUER, sub: 'agent', sub_profile: 'ai_agent' };
      const refused = await fetch(url, call('list', await bearer({})));
      assert.equal(refused.status, 403);
      assert.match(
        refused.headers.get('www-authenticate') ?? '',
        /^Bearer error="insufficient_scope", scope="list", res/,
      );
      const wrong = [
        {},
        { act: { ...agent, sub_profile: 'ai_agents' } },
        { act: { ...agent, sub: 'app', act: agent } },
      ];
      for (const claims of wrong) {
        const answer = await fetch(url, call('refund', await bearer(claims)));
        assert.equal(answer.status, 403);
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer error="actor_unauthorized"/, 'AP-11b');
      }
      // Bodies that this guard and the SDK might read differently.
      const authorization = await bearer({});
      for (const change of [
        { headers: { ...call('list', authorization).headers, 'Content-Type': 'text/plain; x=application/json' } },
        { body: '{}' },
        { body: '[]' },
        { body: '"tools/call"' },
      ])
        assert.equal((await fetch(url, { ...call('list', authorization), ...change })).status >= 400, true);
      const batch = [{ jsonrpc: '2.0', method: 'notifications/initialized' }, JSON.parse(call('list').body)];
      assert.equal((await fetch(url, { ...call('list', authorization), body: JSON.stringify(batch) })).status, 403);
      assert.deepEqual(called, []);
      assert.equal((await fetch(url, call('list', await bearer({ scope: 'read list' })))).status, 200);
      assert.equal((await fetch(url, call('refund', await bearer({ act: agent })))).status, 200);
      assert.deepEqual(called, ['list', 'refund']);
    });

    test('accepts a DPoP token with a proof for the URL of the server', async (t) => {
      const { url } = await start(t, serve);
      const client = await createClient();
      const token = await sign(url, { cnf: client.cnf });
      const ask = async (htu: string) => {
        const sent = call('list', `DPoP ${token}`);
        const proof = await client.prove(token, { claims: { htu, htm: 'POST' } });
        return (await fetch(url, { ...sent, headers: { ...sent.headers, DPoP: proof } })).status;
      };
      assert.equal(await ask(url), 200);
      assert.equal(await ask(`${url}/other`), 401);
      assert.equal((await fetch(url, call('list', `Bearer ${token}`))).status, 401);
    });
  });
}

test('pages of every origin may read the metadata; other paths pass', async (t) => {
  const { url } = await start(t, servers.Express as Serve);
  const document = `${new URL(url).origin}/.well-known/oauth-protected-resource/mcp`;
  for (const method of ['GET', 'OPTIONS']) {
    const answer = await fetch(document, { method });
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.equal(answer.status, method === 'GET' ? 200 : 204);
  }
  assert.equal((await fetch(document, { method: 'POST' })).status, 404);
  assert.equal((await fetch(`${document}/x`)).status, 404);
});

test('a guard with tools refuses to run before the body is parsed, and tools that it did not admit get no token', async (t) => {
  const guard = createGuard({
    issuer: ISSUER,
    resource: 'http://127.0.0.1/mcp',
    jwks: issuer.jwks,
    tools: { list: {} },
  });
  const app = express();
  app.set('env', 'test');
  app.post('/mcp', guard.require(), (_request, response) => response.json('reached'));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  assert.equal((await fetch(url, call('list', `Bearer ${await sign('http://127.0.0.1/mcp')}`))).status, 500);
  assert.throws(() => guard.token(undefined), /no guard admitted/);
  assert.throws(() => createGuard({ issuer: ISSUER, resource: 'http://api.example/mcp' }), /https URL/);
  assert.throws(
    () => createGuard({ issuer: ISSUER, resource: 'https://x/mcp', tools: { list: { scope: '' } } }),
    /scope/,
  );
});
