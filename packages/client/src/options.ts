// The options of a client, checked when it is created.
import { checkMembers, checkText, secureUrl } from './check.ts';
import type { Credentials } from './credentials.ts';
import type { ServerMetadata } from './discovery.ts';
import type { Listener } from './events.ts';
import type { KeyPair } from './proofs.ts';

export interface ClientOptions {
  /** Of the authorization server, as its metadata has it. */
  readonly issuer: string;
  /** Not with `workload()`: there the subject token names the client. */
  readonly clientId?: string;
  /** How the client authenticates: `clientSecret(...)`, `privateKeyJwt(...)`, `none()` … */
  readonly auth: Credentials;
  /** A key to which tokens are bound by DPoP. Its private key should not be extractable. */
  readonly dpop?: KeyPair;
  /** `max`: how many tokens are kept. Default 8192; 0 keeps none. */
  readonly cache?: { readonly max: number };
  /** Milliseconds for a request, with its repetitions and the reading of credentials. Default 5000. */
  readonly timeout?: number;
  /** Called for each event. An error that it throws is ignored. */
  readonly on?: Listener;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** The endpoints of a server that publishes no metadata. */
  readonly metadata?: ServerMetadata;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number;
}

const OPTIONS = ['issuer', 'clientId', 'auth', 'dpop', 'cache', 'timeout', 'on', 'fetch', 'metadata', 'clock'];
const DEFAULT_MAX = 8192;
const DEFAULT_TIMEOUT_MS = 5000;

export interface CheckedOptions extends ClientOptions {
  readonly clientId: string;
  readonly max: number;
  readonly timeoutMs: number;
}

/** @throws TypeError that names the option and says what to write */
export function checkOptions(options: ClientOptions): CheckedOptions {
  checkMembers('options', options, OPTIONS);
  const { issuer, auth, dpop, cache = { max: DEFAULT_MAX }, timeout = DEFAULT_TIMEOUT_MS, fetch, metadata } = options;
  const url = secureUrl('issuer', issuer);
  if (url.search !== '' || url.hash !== '') throw new TypeError('issuer has a query or a fragment: leave it out');
  if (typeof auth?.authenticate !== 'function')
    throw new TypeError(
      `auth is ${auth === undefined ? 'missing' : 'not a credential'}: write clientSecret(...), privateKeyJwt(...), or none() for a public client`,
    );
  if (auth.fetch !== undefined && fetch !== undefined)
    throw new TypeError('mtls(...) has a fetch of its own: leave out the option fetch');
  if (dpop !== undefined && (dpop?.privateKey?.type !== 'private' || dpop?.publicKey?.type !== 'public'))
    throw new TypeError('dpop must be a pair of CryptoKeys: { privateKey, publicKey }');
  for (const name of ['on', 'fetch', 'clock'] as const)
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw new TypeError(`${name} is not a function`);
  checkMembers('cache', cache, ['max']);
  const { max } = cache;
  if (!Number.isSafeInteger(max) || max < 0) throw new TypeError(`cache.max is ${max}: it must be a number, 0 or more`);
  if (!(timeout > 0 && timeout < 2 ** 31))
    throw new TypeError(`timeout is ${timeout}: it must be milliseconds, above 0`);
  if (metadata !== undefined) secureUrl('metadata.token_endpoint', metadata.token_endpoint);
  const clientId = auth.isNamedBySubject ? UNNAMED : checkText('clientId', options.clientId);
  return { ...options, clientId, max, timeoutMs: timeout };
}

/** The library needs a name, and a workload does not send it. */
const UNNAMED = 'workload';
