// The agent: an MCP client with a page, for one person. It describes itself at /client.json, and nobody registered it. It runs in a
// process of its own, as agents do.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import {
  Client,
  createPrivateKeyJwtAuth,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type OAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';

const port = Number(process.env.AGENT_PORT || 8083);
const home = `http://localhost:${port}`;
const id = `${home}/client.json`;
const issuer = `http://localhost:${process.env.PORT || 8080}`;
const notes = `http://localhost:${process.env.MCP_PORT || 8082}/mcp`;

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const publicKey = await crypto.subtle.exportKey('jwk', pair.publicKey);
const privateKey = { ...(await crypto.subtle.exportKey('jwk', pair.privateKey)), alg: 'ES256' };

const description = {
  client_id: id,
  client_name: 'Notes agent',
  redirect_uris: [`${home}/callback`],
  grant_types: ['authorization_code', EXCHANGE],
  response_types: ['code'],
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [{ kty: publicKey.kty, crv: publicKey.crv, x: publicKey.x, y: publicKey.y, alg: 'ES256' }] },
};

const prove = createPrivateKeyJwtAuth({ issuer: id, subject: id, privateKey, alg: 'ES256', audience: issuer });

/** The sign-in of the one person. */
const signIn: {
  state: string;
  verifier: string;
  at: string;
  tokens?: OAuthTokens;
  /** The authorization server that the person was sent to: the code goes to no other. */
  discovered?: OAuthDiscoveryState;
} = { state: '', verifier: '', at: '' };

const provider: OAuthClientProvider = {
  redirectUrl: `${home}/callback`,
  clientMetadata: description,
  clientInformation: () => ({ client_id: id }),
  addClientAuthentication: prove,
  state: () => {
    signIn.state = randomUUID();
    return signIn.state;
  },
  tokens: () => signIn.tokens,
  saveTokens: (tokens) => {
    signIn.tokens = tokens;
  },
  saveCodeVerifier: (verifier) => {
    signIn.verifier = verifier;
  },
  codeVerifier: () => signIn.verifier,
  discoveryState: () => signIn.discovered,
  saveDiscoveryState: (state) => {
    signIn.discovered = state;
  },
  redirectToAuthorization: (url) => {
    signIn.at = url.href;
  },
};

/** Exchanges the person's token for one in which this agent acts (RFC 8693). */
async function exchange(token: string): Promise<string> {
  const form = new URLSearchParams({ grant_type: EXCHANGE, subject_token: token, subject_token_type: ACCESS_TOKEN });
  const headers = new Headers();
  await prove(headers, form, `${issuer}/oauth/token`);
  const response = await fetch(`${issuer}/oauth/token`, { method: 'POST', body: form, headers });
  const body = (await response.json()) as { readonly access_token: string; readonly error_description?: string };
  if (!response.ok) throw new Error(body.error_description);
  return body.access_token;
}

/** Requests for the MCP server have the exchanged token. */
const fetchAsActor: typeof fetch = async (input, init) => {
  const headers = new Headers(init?.headers);
  const [, token] = /^Bearer (.*)$/.exec(headers.get('authorization') ?? '') ?? [];
  if (String(input) === notes && token !== undefined) headers.set('authorization', `Bearer ${await exchange(token)}`);
  return fetch(input, { ...init, headers });
};

/** The call that waits for the person, and its connection. */
let waiting: { readonly path: string; readonly transport: StreamableHTTPClientTransport } | undefined;

/** Calls a tool. @returns its text, or where the person must go first */
async function call(path: string, name: string, input: Record<string, string>): Promise<{ text: string } | URL> {
  const transport = new StreamableHTTPClientTransport(new URL(notes), { authProvider: provider, fetch: fetchAsActor });
  const client = new Client({ name: 'notes-agent', version: '1.0.0' });
  try {
    await client.connect(transport);
    const { content } = await client.callTool({ name, arguments: input });
    await client.close();
    return { text: content.map((part) => ('text' in part ? part.text : '')).join('') };
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    waiting = { path, transport };
    return new URL(signIn.at);
  }
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', home);
  const json = (body: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  const redirect = (to: string) => response.writeHead(303, { location: to }).end();
  try {
    if (url.pathname === '/client.json') return json(description);
    if (url.pathname === '/callback') {
      if (waiting === undefined || url.searchParams.get('state') !== signIn.state) throw new Error('no sign-in began');
      await waiting.transport.finishAuth(url.searchParams);
      return redirect(waiting.path);
    }
    const note = url.searchParams.get('add');
    const result = await (note === null
      ? call('/', 'list_notes', {})
      : call(url.pathname + url.search, 'add_note', { text: note }));
    return result instanceof URL ? redirect(result.href) : response.end(`${result.text}\n`);
  } catch (error) {
    return response.writeHead(403).end(`${(error as Error).message}\n`);
  }
});

server.listen(port, 'localhost', () => console.log(`The agent is ready: ${home}/`));
process.on('SIGTERM', () => {
  server.closeAllConnections();
  server.close();
});
