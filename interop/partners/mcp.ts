// The MCP client of TypeScript: it gets an ID-JAG from one of our servers, and redeems it at another.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configuration as basic, client } from '../../packages/server/test/support/basics.ts';
import { added, changed, entries } from '../../packages/server/test/support/configuration.ts';
import { claimsOf, freePort, start } from '../../packages/server/test/support/harness.ts';
import { web } from '../../packages/server/test/support/people.ts';
import { trial } from '../typescript/trial.ts';
import { type Cleanup, startCompany, withCleanup } from './company.ts';

const PARTNER = '@modelcontextprotocol/client';
const ASSISTANT = 'company-assistant';

/** What is used of the package, which is installed outside the repository. */
interface Sdk {
  readonly auth: (provider: Provider, options: { serverUrl: string; scope?: string }) => Promise<string>;
  readonly CrossAppAccessProvider: new (options: object) => Provider;
  readonly discoverAndRequestJwtAuthGrant: (options: object) => Promise<{ readonly jwtAuthGrant: string }>;
}
interface Provider {
  readonly tokens: () => { readonly access_token: string } | undefined;
}
interface Context {
  readonly authorizationServerUrl: string;
  readonly resourceUrl: string;
  readonly scope?: string;
  readonly fetchFn: typeof fetch;
}

/** Publishes the metadata of an MCP server (RFC 9728). @returns the URL of the MCP server */
async function publishMetadata(t: Cleanup, port: number, authorizationServer: string): Promise<string> {
  const resource = `http://127.0.0.1:${port}/mcp`;
  const metadata = { resource, authorization_servers: [authorizationServer], scopes_supported: ['read'] };
  const server = createServer((request, response) => {
    const found = request.url === '/.well-known/oauth-protected-resource/mcp';
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(metadata));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    server.closeAllConnections();
  });
  return resource;
}

await withCleanup(async (t) => {
  const entry = join(process.cwd(), 'node_modules', PARTNER, 'dist', 'index.mjs');
  const sdk = (await import(pathToFileURL(entry).href)) as Sdk;
  const [companyPort, vendorPort, mcpPort] = [await freePort(), await freePort(), await freePort()];
  const company = `http://127.0.0.1:${companyPort}`;
  const mcp = await publishMetadata(t, mcpPort, `http://127.0.0.1:${vendorPort}`);
  const redeeming = changed(basic, {
    resources: added({ audience: mcp, scopes: ['read'] }),
    clients: added(
      client(ASSISTANT, {
        auth: 'client_secret_basic',
        grants: ['jwt_bearer'],
        audiences: undefined,
        scopes: ['read'],
      }),
    ),
    issuers: [{ issuer: company, name: 'company', grants: { id_jag: {} }, allowPrivateNetwork: true }],
    rules: entries([
      {
        name: 'people of the company',
        client: ASSISTANT,
        subject: { issuer: 'company', types: ['id_jag'] },
        grant: { audiences: [mcp], scopes: ['read'] },
      },
    ]),
  });
  const vendor = await start(t, redeeming, { port: vendorPort });
  const here = await startCompany(t, { issuer: vendor.issuer, clientId: ASSISTANT, api: mcp, port: companyPort });

  const ask = async (idToken: string, scope?: string): Promise<Record<string, unknown>> => {
    const provider = new sdk.CrossAppAccessProvider({
      clientId: ASSISTANT,
      clientSecret: `${ASSISTANT}-secret`,
      expectedIssuer: vendor.issuer,
      assertion: async ({ authorizationServerUrl, resourceUrl, scope: wanted, fetchFn }: Context) => {
        here.server.clock.now = Date.now();
        vendor.clock.now = Date.now();
        const { jwtAuthGrant } = await sdk.discoverAndRequestJwtAuthGrant({
          idpUrl: company,
          audience: authorizationServerUrl,
          resource: resourceUrl,
          idToken,
          clientId: web.client_id,
          clientSecret: web.client_secret,
          scope: wanted,
          fetchFn,
        });
        return jwtAuthGrant;
      },
    });
    assert.equal(await sdk.auth(provider, { serverUrl: mcp, ...(scope && { scope }) }), 'AUTHORIZED');
    return claimsOf(provider.tokens()?.access_token);
  };
  await trial(PARTNER, 'CrossAppAccessProvider, a vendor at which nobody signs in', () => ask(here.idToken, 'read'), {
    fails: /authorization_endpoint/,
    because: 'it requires `authorization_endpoint` in the metadata of the vendor: see the row below',
  });
  await vendor.reload(
    changed(redeeming, {
      clients: added(client('people', { grants: ['authorization_code'], redirectUris: ['http://127.0.0.1/callback'] })),
      accounts: [{ username: 'grace', password: { plain: 'hopper' } }],
    }),
  );
  const setting = 'file of the vendor: a client with `authorization_code`';
  for (const scope of ['read', undefined])
    await trial(
      PARTNER,
      `CrossAppAccessProvider, ${scope ? 'with' : 'without'} a scope, both servers ours`,
      async () => {
        const { iss, aud, sub, client_id, scope: given } = await ask(here.idToken, scope);
        assert.deepEqual(
          { iss, aud, sub, client_id, given },
          { iss: vendor.issuer, aud: mcp, sub: 'company:ada', client_id: ASSISTANT, given: 'read' },
        );
      },
      { setting },
    );
  await trial(
    PARTNER,
    'CrossAppAccessProvider, an ID token that was changed',
    () => ask(`${here.idToken.slice(0, -8)}AAAAAAAA`),
    { fails: /subject token is invalid/, because: 'the signature of the ID token is wrong' },
  );
});
