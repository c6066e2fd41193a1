// A fake issuer over real HTTP or HTTPS on loopback: discovery, keys, introspection, and every way to misbehave.
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { type AlgorithmName, algorithms } from '../../src/keys/algorithms.ts';
import { API, BACKEND, configuration } from './basics.ts';
import { type Configuration, changed, type Entry, entries, parsed } from './configuration.ts';
import { base64url } from './harness.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface FakeKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  /** The published key. A test may damage it. */
  jwk: Record<string, unknown>;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

export interface FakeIssuer {
  /** Its `iss`, and the base of its URLs. */
  readonly url: string;
  /** The keys of its key set. The first signs by default. */
  readonly keys: FakeKey[];
  /** Other answers than the usual ones, by path. */
  readonly instead: Map<string, Behaviour>;
  /** Introspection answers (RFC 7662) by token text. Other tokens are inactive. */
  readonly opaque: Map<string, Claims>;
  readonly seen: Seen[];
  /** Number of requests to the path. */
  readonly count: (path: string) => number;
  /** Signs exactly these claims as a compact JWS. */
  readonly signAll: (claims: Claims | string, options?: SignOptions) => string;
  /** Signs these claims, with defaults for `iss`, `sub`, `aud`, `iat`, `exp` and `jti`; undefined omits one. */
  readonly sign: (claims?: Claims, options?: SignOptions) => string;
  readonly close: () => Promise<void>;
}

export interface SignOptions {
  readonly key?: FakeKey;
  /** Members that add to or replace `alg`, `typ: JWT` and `kid`; undefined omits one. */
  readonly header?: Claims;
}

export const DISCOVERY = '/.well-known/openid-configuration';
export const METADATA = '/.well-known/oauth-authorization-server';
export const JWKS = '/jwks';
export const INTROSPECT = '/introspect';

/** The audience in the entries of `trusting`. */
export const US = 'https://cambio.example';

/** @param tls certificate for HTTPS @param path path of the issuer's URL */
export async function startIssuer(
  t: Pick<TestContext, 'after'>,
  { tls, path = '' }: { tls?: ServerOptions; path?: string } = {},
): Promise<FakeIssuer> {
  const keys = [newKey()];
  /** The clock of a test server stands still, so tokens are issued at about its start. */
  const iat = Math.floor(Date.now() / 1000);
  const seen: Seen[] = [];
  const instead = new Map<string, Behaviour>();
  const opaque = new Map<string, Claims>();
  const answer: RequestListener = async (request, response) => {
    const { method = '', url: asked = '', headers } = request;
    const body = await text(request);
    seen.push({ method, path: asked, headers, body });
    const otherwise = instead.get(asked);
    if (otherwise !== undefined) return otherwise(request, response);
    if (asked === path + DISCOVERY) return json({ issuer: url, jwks_uri: url + JWKS })(request, response);
    if (asked === path + JWKS) return json({ keys: keys.map(({ jwk }) => jwk) })(request, response);
    if (asked === path + INTROSPECT) {
      const token = new URLSearchParams(body).get('token') ?? '';
      return json(opaque.get(token) ?? { active: false })(request, response);
    }
    status(404)(request, response);
  };
  const server = tls === undefined ? createHttp(answer) : createHttps(tls, answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  t.after(close);
  const signAll: FakeIssuer['signAll'] = (claims, { key = keys[0], header = {} } = {}) => {
    if (key === undefined) throw new Error('the issuer has no key');
    const head = { alg: key.alg, typ: 'JWT', kid: key.kid, ...header };
    return signJws(head, typeof claims === 'string' ? claims : JSON.stringify(claims), key);
  };
  return {
    url,
    keys,
    instead,
    opaque,
    seen,
    count: (one) => seen.filter((request) => request.path === path + one).length,
    signAll,
    sign: (claims, options) => signAll({ iss: url, ...lifeOf(Date.now()), iat, ...claims }, options),
    close,
  };
}

/** Claims of a token that is valid now. */
export const lifeOf = (now: number): Claims => ({
  sub: 'ada',
  aud: US,
  iat: Math.floor(now / 1000),
  exp: Math.floor(now / 1000) + 300,
  jti: randomUUID(),
});

/** @param alg an algorithm that the server accepts */
export function newKey(alg = 'ES256', kid: string = randomUUID(), bits = 2048): FakeKey {
  const privateKey =
    bits === 2048
      ? algorithms[alg as AlgorithmName].newKey()
      : generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
  const { d, p, q, dp, dq, qi, priv, ...jwk } = privateKey.export({ format: 'jwk' }) as Record<string, unknown>;
  return { kid, alg, privateKey, jwk: { ...jwk, kid, alg, use: 'sig' } };
}

/** Signs with the algorithm of the key, whatever the header says. */
export function signJws(header: Claims | string, payload: string | Uint8Array, { alg, privateKey }: FakeKey): string {
  const { digest, options } = algorithms[alg as AlgorithmName];
  const input = `${base64url(typeof header === 'string' ? header : JSON.stringify(header))}.${base64url(payload)}`;
  return `${input}.${base64url(sign(digest, Buffer.from(input), { key: privateKey, ...options }))}`;
}

/** HMAC over the header and payload, with any text as key. */
export function hmacJws(header: Claims, payload: string, secret: string | Uint8Array): string {
  const input = `${base64url(JSON.stringify(header))}.${base64url(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** The private key in the published form, which no issuer should publish. */
export const privateJwk = ({ privateKey, jwk }: FakeKey): Record<string, unknown> => ({
  ...jwk,
  ...privateKey.export({ format: 'jwk' }),
});

export const json =
  (body: unknown, headers: Record<string, string> = {}): Behaviour =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

export const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  (_request, response) => {
    response.writeHead(code, { 'content-type': 'text/html', ...headers }).end('<html>nothing here</html>');
  };

/** Answers a request with exactly these bytes. */
export const bytes =
  (...parts: readonly (string | Uint8Array)[]): Behaviour =>
  (_request, response) => {
    for (const part of parts) response.socket?.write(part);
    response.socket?.end();
  };

/** Sends something every 50 ms, without end. @param start written before */
export const forever =
  (start: string, part: string): Behaviour =>
  ({ socket }) => {
    socket.write(start);
    const timer = setInterval(() => socket.write(part), 50);
    socket.on('error', () => undefined).on('close', () => clearInterval(timer));
  };

/** Accepts connections, and sends nothing. */
export const silence: Behaviour = () => undefined;

/** An entry of `issuers`: an OIDC issuer on loopback called `idp`. YAML members add to it or replace. */
export function entry(
  { url }: Pick<FakeIssuer, 'url'>,
  members: Readonly<Record<string, string | undefined>> = {},
): Configuration {
  const good = { issuer: url, name: 'idp', accepts: ['jwt'], audiences: [US], allowPrivateNetwork: true };
  return changed(good, parsed(members));
}

export const FOREIGN_RULE: Configuration = {
  name: 'foreign',
  client: 'gateway',
  subject: { issuer: ['idp'] },
  grant: { audiences: [API, BACKEND], scopes: ['read', 'write'], types: ['access_token', 'jwt'] },
};

/** The base configuration with other issuers and rules. */
export const trusting = (issuers: Entry | readonly Entry[], rules: readonly Entry[] = [FOREIGN_RULE]): Configuration =>
  changed(configuration, { issuers: entries([issuers].flat()), rules: entries(rules) });
