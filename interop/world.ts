// Starts the servers that the clients are tried against: Cambio, another issuer, and a browser that programs call over HTTP.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createBrowser, type Page } from '../packages/server/test/support/browser.ts';
import { freePort } from '../packages/server/test/support/harness.ts';
import { startIssuer } from '../packages/server/test/support/issuer.ts';
import { startNode } from '../packages/server/test/support/node.ts';
import { goThrough } from '../packages/server/test/support/people.ts';
import { selfIssued } from '../packages/server/test/support/tls-client.ts';
import { CALLBACK, type ClientKey, configurationOf, newClientKey } from './configuration.ts';

export interface World {
  readonly issuer: string;
  /** The variables that a program reads. */
  readonly env: Readonly<Record<string, string>>;
  /** Number of tokens that the client got by exchange. */
  readonly exchangesOf: (client: string) => number;
}

type Cleanup = { readonly after: (work: () => Promise<void>) => void };

/** @param folder for the files that programs read: keys, tokens, the certificate of the authority */
export async function startWorld(t: Cleanup, folder: string): Promise<World> {
  const platform = await startIssuer(t);
  const keys = (['ES256', 'RS256'] as const).map(newClientKey);
  const authority = await selfIssued({ name: 'CN=interop', authority: true });
  const { cert, key } = await authority.issue({ name: 'CN=localhost', names: [{ type: 'dns', value: 'localhost' }] });
  setDefaultCACertificates([...getCACertificates('default'), authority.cert]);
  const port = await freePort();
  const issuer = `https://localhost:${port}`;
  const home = mkdtempSync(join(tmpdir(), 'cambio-interop-server-'));
  writeFileSync(join(home, 'cert.pem'), cert);
  writeFileSync(join(home, 'key.pem'), key, { mode: 0o600 });
  const platformToken = (): string =>
    platform.sign({ sub: 'repo:example/shop', aud: issuer, exp: Math.floor(Date.now() / 1000) + 3000 });
  const helper = await startHelper(t, issuer, platformToken);
  const mcp = `${helper}/mcp`;
  await startNode(t, configurationOf({ issuer, platform: platform.url, mcp, keys }), { port, folder: home });
  const authorities = join(folder, 'ca.pem');
  writeFiles(folder, { issuer, keys, platformToken: platformToken(), authority: authority.cert });
  return {
    issuer,
    env: {
      ISSUER: issuer,
      HELPER: helper,
      MCP: mcp,
      FILES: folder,
      CALLBACK,
      NODE_EXTRA_CA_CERTS: authorities,
      SSL_CERT_FILE: authorities,
      REQUESTS_CA_BUNDLE: authorities,
    },
    exchangesOf: (client) => {
      const database = new DatabaseSync(join(home, 'cambio.db'), { readOnly: true });
      const rows = database.prepare('select event from audit').all();
      database.close();
      return rows
        .map(({ event }) => JSON.parse(String(event)) as Readonly<Record<string, unknown>>)
        .filter(
          ({ outcome, grant, client: who }) => outcome === 'issued' && who === client && /exchange/.test(String(grant)),
        ).length;
    },
  };
}

function writeFiles(
  folder: string,
  {
    issuer,
    keys,
    platformToken,
    authority,
  }: Readonly<Record<'issuer' | 'platformToken' | 'authority', string>> & {
    readonly keys: readonly ClientKey[];
  },
): void {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: unknown): void =>
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  for (const { alg, pem, privateJwk } of keys) {
    write(`${alg}.pem`, pem);
    write(`${alg}.json`, privateJwk);
  }
  write('ca.pem', authority);
  write('platform-token', platformToken);
  write('platform-token.json', { id_token: platformToken });
  write('platform-token-lf', `${platformToken}\n`);
  // A key file of zitadel/oidc.
  const rsa = keys.find(({ alg }) => alg === 'RS256');
  write('zitadel.json', { type: 'application', keyId: rsa?.kid, key: rsa?.pem, clientId: 'key-hour', issuer });
}

/** Answers programs of every language: a person who signs in, and tokens of the platform. */
async function startHelper(t: Cleanup, issuer: string, platformToken: () => string): Promise<string> {
  const ways: Readonly<Record<string, (url: string) => Promise<string>>> = {
    '/platform-token': async () => platformToken(),
    '/sign-in': signIn(issuer),
    '/visit': visit(issuer),
    '/approve': approve(issuer),
    // The metadata of an MCP server (RFC 9728).
    '/.well-known/oauth-protected-resource/mcp': async () =>
      JSON.stringify({ resource: `${home()}/mcp`, authorization_servers: [issuer], scopes_supported: ['read'] }),
  };
  const home = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const server = createServer(async (request: IncomingMessage, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://helper');
    if (pathname === '/mcp') {
      const challenge = `Bearer resource_metadata="${home()}/.well-known/oauth-protected-resource/mcp"`;
      const { authorization } = request.headers;
      response.writeHead(authorization === undefined ? 401 : 200, { 'www-authenticate': challenge }).end();
      return;
    }
    try {
      const text = await ways[pathname]?.(searchParams.get('url') ?? '');
      response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(text);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    server.closeAllConnections();
  });
  return home();
}

/** Signs in at an authorization URL, and returns the URL that the browser is sent back to. */
const signIn =
  (issuer: string) =>
  async (url: string): Promise<string> => {
    const browser = createBrowser(issuer);
    const { leftTo, text } = await goThrough(browser, await browser.get(url));
    if (leftTo === undefined) throw new Error(`not sent back: ${text}`);
    return leftTo.href;
  };

/** Visits a page of an application, signs in where it asks, and returns the status and the text of the last page. */
const visit =
  (issuer: string) =>
  async (url: string): Promise<string> => {
    const [there, here] = [createBrowser(url), createBrowser(issuer)];
    let page: Page = await there.get(url);
    if (page.leftTo?.origin === issuer) {
      const { leftTo, text } = await goThrough(here, await here.get(page.leftTo.href));
      if (leftTo === undefined) throw new Error(`not sent back: ${text}`);
      page = await there.get(leftTo.href);
    }
    return `${page.status} ${page.url}\n${page.text}`;
  };

/** Agrees to a device at the URL that the device shows. */
const approve =
  (issuer: string) =>
  async (url: string): Promise<string> => {
    const browser = createBrowser(issuer);
    const user_code = new URL(url).searchParams.get('user_code') ?? '';
    const compare = await browser.submit(await browser.get(url), { user_code });
    return (await goThrough(browser, await browser.submit(compare, { confirm: 'yes' }))).text;
  };
