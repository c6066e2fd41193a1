// Does the installed package work? From its tarball, in an empty project, in plain JavaScript, with the programs of its README.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXCHANGE, freePort, start, type } from '../../server/test/support/harness.ts';
import { installPackage, libraryNode, programsOf } from '../../server/test/support/installed.ts';
import { path, runProgram, startProgram } from '../../server/test/support/program.ts';

const AUDIENCE = 'https://api.camall.io';
const server = `
issuer: \${ISSUER}
server:
  port: \${PORT}
store: sqlite:cambio.db
resources: [{ audience: ${AUDIENCE}, scopes: [openapi, read] }]
clients:
  - { id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [client_credentials, token_exchange], audiences: [${AUDIENCE}], scopes: [openapi, read] }
  - { id: agent, auth: client_secret_post, secret: { plain: agent-secret }, grants: [client_credentials], audiences: [${AUDIENCE}], scopes: [openapi] }
rules:
  - { client: gateway, actor: { clients: [agent] }, grant: { audiences: [${AUDIENCE}], scopes: [openapi, read] } }
`;

const FRAMEWORKS = ['fastify', 'express', 'hono', '@hono/node-server', '@modelcontextprotocol'];
const MOVED = 'Moving from express-oauth2-jwt-bearer';
const fileOf = (heading: string): string => heading.replaceAll(' ', '-');

test('the programs of the README run from the tarball, and accept tokens of a Cambio server', {
  timeout: 180_000,
}, async (t) => {
  const { folder, names } = await installPackage(t, 'resource-server', { dependencies: ['jose'], links: FRAMEWORKS });
  assert.deepEqual(names, ['@cambio', 'jose'], 'one dependency');
  const cambio = await start(t, server, { now: 'runs' });
  const programs = programsOf('packages/resource-server/README.md');
  assert.deepEqual([...programs.keys()], [...['Fastify', 'Express', 'Hono', 'MCP'], MOVED, 'Metadata']);
  const apis = new Map<string, string>();
  for (const [name, program] of programs) {
    const port = await freePort();
    const text = program.replaceAll('http://localhost:8080', cambio.issuer).replaceAll('8082', String(port));
    writeFileSync(join(folder, `${fileOf(name)}.mjs`), text);
    apis.set(name, `http://localhost:${port}`);
  }
  const imports = [...apis.keys()].map((name) => `await import('./${fileOf(name)}.mjs');`);
  writeFileSync(join(folder, 'all.mjs'), [...imports, "console.log('ready');"].join('\n'));
  const api = startProgram(t, [libraryNode, 'all.mjs'], { cwd: folder });
  await api.printed('ready');

  const obtain = async (form: Record<string, string>): Promise<string> =>
    String((await cambio.token({ client_id: 'gateway', client_secret: 'gateway-secret', ...form })).body.access_token);
  const credentials = { grant_type: 'client_credentials' };
  const subject_token = await obtain(credentials);
  const actor_token = await obtain({ ...credentials, client_id: 'agent', client_secret: 'agent-secret' });
  const types = { subject_token_type: type('access_token'), actor_token_type: type('access_token') };
  const token = await obtain({ grant_type: EXCHANGE, subject_token, actor_token, ...types });
  const narrow = await obtain({ ...credentials, scope: 'read' });
  const call = async (url: string, text?: string) => {
    const headers = text === undefined ? {} : { Authorization: `Bearer ${text}` };
    const response = await fetch(`${url}/v1/resource`, { headers });
    return {
      status: response.status,
      challenge: response.headers.get('www-authenticate') ?? '',
      text: await response.text(),
    };
  };
  for (const name of ['Fastify', 'Express', 'Hono']) {
    const url = apis.get(name) ?? '';
    const { status, text } = await call(url, token);
    assert.equal(status, 200, `${name}: ${text}`);
    assert.deepEqual(JSON.parse(text), { subject: 'gateway', actors: [{ iss: cambio.issuer, sub: 'agent' }] });
    const missing = await call(url);
    assert.equal(missing.status, 401);
    assert.match(missing.challenge, /^Bearer scope="openapi", DPoP scope="openapi", algs="/);
    assert.equal((await call(url, narrow)).status, 403);
    assert.equal((await call(url, `${token}x`)).status, 401);
  }
  const mcp = `${apis.get('MCP')}/mcp`;
  const use = async (tool: string, text: string) => {
    const program = [process.execPath, join(import.meta.dirname, 'mcp-client.mjs'), mcp, text, tool];
    return runProgram(t, program, { cwd: folder, env: { PATH: path } });
  };
  const whoami = await use('whoami', token);
  assert.equal(whoami.code, 0, whoami.stderr);
  const [content] = JSON.parse(whoami.stdout).content;
  assert.deepEqual(JSON.parse(content.text), { subject: 'gateway', actors: [{ iss: cambio.issuer, sub: 'agent' }] });
  assert.equal((await use('read', token)).code, 0);
  const opened = await obtain({ ...credentials, scope: 'openapi' });
  assert.match((await use('read', opened)).stderr, /InsufficientScopeError: Insufficient scope: required "read"/);
  const moved = apis.get(MOVED) ?? '';
  assert.deepEqual([(await call(moved, token)).status, (await call(moved, narrow)).status], [200, 403]);
  const agents = (text: string) => fetch(`${moved}/v1/agents`, { headers: { Authorization: `Bearer ${text}` } });
  assert.deepEqual(await (await agents(token)).json(), { sub: 'agent', iss: cambio.issuer });
  assert.equal((await agents(narrow)).status, 403);
  const described = apis.get('Metadata') ?? '';
  const document = `${described}/.well-known/oauth-protected-resource`;
  assert.ok((await call(described)).challenge.includes(`resource_metadata="${document}"`));
  assert.deepEqual(await (await fetch(document)).json(), {
    resource: described,
    authorization_servers: [cambio.issuer],
    bearer_methods_supported: ['header'],
  });
  assert.equal((await call(described, token)).status, 200);
});
