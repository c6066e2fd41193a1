// The client: exchanges tokens at one authorization server, and keeps those that it may.
import { alone, TokenCache } from './cache.ts';
import { checkMembers } from './check.ts';
import { type Connection, connect, type Fetch, type Pairs } from './connection.ts';
import { type Credentials, none } from './credentials.ts';
import { createFinder, type Finder } from './discovery.ts';
import { ExchangeError } from './errors.ts';
import { quietly } from './events.ts';
import { askFor, createGet, type Digest, type Get } from './grants.ts';
import { createMcpProvider, type McpAuthProvider } from './mcp.ts';
import { type Calling, createOnBehalfOf, type OnBehalfOf } from './on-behalf-of.ts';
import { type CheckedOptions, type ClientOptions, checkOptions } from './options.ts';
import { createProofs } from './proofs.ts';
import {
  CREDENTIALS_GRANT,
  EXCHANGE_GRANT,
  type ExchangeRequest,
  type IdentityRequest,
  REPEATED,
  type RedeemOptions,
  type RedeemPlace,
  readExchange,
  readIdentity,
  readRedeem,
  readTarget,
  type TargetRequest,
  valuesOf,
  type Wanted,
} from './request.ts';
import { resolveToken, type TokenLike, type TokenSource, textOf } from './source.ts';
import { claimsOf, type Token } from './token.ts';

export interface Client {
  /** Exchanges a token (RFC 8693). Cached; concurrent calls for the same token share one request. @throws ExchangeError */
  readonly exchange: (subject: TokenSource, request?: ExchangeRequest) => Promise<Token>;
  /** A function that exchanges for one API, and has a `fetch`. */
  readonly onBehalfOf: (request: Omit<ExchangeRequest, 'signal'>) => OnBehalfOf;
  /** A token for this client itself (RFC 6749 section 4.4). Cached. @throws ExchangeError */
  readonly clientCredentials: (request?: TargetRequest) => Promise<Token>;
  /** An assertion about the person for another authorization server (ID-JAG). Never cached. @throws ExchangeError */
  readonly identityAssertion: (subject: TokenSource, request: IdentityRequest) => Promise<Token>;
  /** Gets an access token for an assertion, at the authorization server that the assertion is for (RFC 7523). @throws ExchangeError */
  readonly redeem: (assertion: TokenSource, options?: RedeemOptions) => Promise<Token>;
  /** The `authProvider` of a transport of the MCP SDK. */
  readonly mcp: (subject: TokenSource, request: Omit<ExchangeRequest, 'signal'>) => McpAuthProvider;
  /** Revokes a token at the server (RFC 7009), and forgets it. @throws ExchangeError */
  readonly revoke: (token: TokenLike, options?: { readonly signal?: AbortSignal | undefined }) => Promise<void>;
  /** Forgets a token, all that was exchanged for it, and for that. Where the runtime hashes at once, it is done when this returns. */
  readonly forget: (token: TokenLike) => Promise<void>;
}

/** Maximum number of other authorization servers that are remembered. */
const MAX_PEERS = 100;

/** @throws TypeError that names the option and says what to write */
export function createClient(options: ClientOptions, digest: Digest): Client {
  const checked = checkOptions(options);
  const { clock = Date.now } = checked;
  const cache = new TokenCache(checked.max, { now: clock, elapsed: () => performance.now() });
  const outbound: Fetch = checked.auth.fetch ?? checked.fetch ?? ((input, init) => globalThis.fetch(input, init));
  const proofs = checked.dpop && createProofs(checked.dpop);
  const { timeoutMs } = checked;
  const connectTo: Connect = ({ find, clientId, auth }) =>
    connect({ find, clientId, credentials: auth, proofs, timeoutMs, fetch: auth.fetch ?? outbound });
  const parties = createParties(checked, (issuer, { fetch = outbound }) => createFinder({ issuer, fetch, timeoutMs }));
  const own = connectTo(parties({}));
  const on = quietly(checked.on);
  const getFrom = (connection: Connection): Get =>
    createGet({ cache, connection, digest, on, now: clock, isBound: proofs !== undefined });
  const get = getFrom(own);
  const callingFor = (wanted: Wanted): Calling => ({
    hold: holder(get, wanted),
    drop: ({ key, token }) => {
      cache.drop(key, token);
      on?.({ type: 'forgotten', grant: EXCHANGE_GRANT, audience: valuesOf(wanted.pairs, 'audience') });
    },
    proofs,
    fetch: outbound,
  });
  const forget = async (token: TokenLike): Promise<void> => {
    // What was exchanged for the token may have been exchanged in turn.
    for (let texts: readonly string[] = [textOf(token, 'subject')]; texts.length > 0; ) {
      const names = texts.map(digest);
      const isReady = names.every((name) => typeof name === 'string');
      texts = cache.forget(texts, isReady ? names : await Promise.all(names));
    }
  };
  return {
    exchange: async (subject, request = {}) => {
      const { signal } = request;
      return (await holder(get, readExchange(request))(subject, signal)).token;
    },
    onBehalfOf: (request) => createOnBehalfOf(callingFor(readExchange(request, REPEATED))),
    clientCredentials: async (request = {}) => {
      const pairs: Pairs = [['grant_type', CREDENTIALS_GRANT], ...readTarget(request)];
      return (await get(askFor(pairs, 'yes'), [], request.signal)).token;
    },
    identityAssertion: async (subject, request) => {
      const { token } = await holder(get, readIdentity(request))(subject, request.signal);
      return checkIdentityAssertion(token);
    },
    redeem: async (assertion, options = {}) => {
      const text = await resolveToken(assertion, 'subject', options.signal);
      const { pairs, ...where } = readRedeem(options, claimsOf(text), checked.issuer);
      const getThere = getFrom(connectTo(parties(where)));
      return (await getThere(askFor(pairs, 'no'), [['assertion', text]], options.signal)).token;
    },
    mcp: (subject, request) => {
      if (proofs !== undefined)
        throw new TypeError('the MCP SDK sends bearer tokens: leave out dpop, or use onBehalfOf(...).fetch');
      return createMcpProvider(callingFor(readExchange(request, REPEATED)), subject);
    },
    revoke: async (token, options = {}) => {
      checkMembers('options', options, ['signal']);
      const pairs = [['token', textOf(token, 'subject')]] as const;
      try {
        const sending = { endpoint: 'revocation_endpoint', repeatable: true } as const;
        await alone((controller) => own.send(pairs, { ...sending, controller }), options.signal);
      } finally {
        // At the end: what was exchanged meanwhile is revoked, too.
        await forget(token);
      }
    },
    forget,
  };
}

function holder(get: Get, { pairs, actor, keep }: Wanted): Calling['hold'] {
  const ask = askFor(pairs, keep);
  return async (subject, signal) => {
    const text = resolveToken(subject, 'subject', signal);
    const tokens: (readonly [string, string])[] = [['subject_token', typeof text === 'string' ? text : await text]];
    const acting = actor === undefined ? undefined : resolveToken(actor, 'actor', signal);
    if (acting !== undefined) tokens.push(['actor_token', typeof acting === 'string' ? acting : await acting]);
    return get(ask, tokens, signal);
  };
}

/** @throws ExchangeError invalid_answer: such an assertion is not an access token (ID-JAG section 4.3) */
function checkIdentityAssertion(token: Token): Token {
  const { tokenType, requestId } = token;
  if (tokenType === 'N_A') return token;
  const text = `the answer has token_type ${tokenType}, not N_A`;
  throw new ExchangeError('invalid_answer', 'server', text, { status: 200, requestId });
}

/** A client of an authorization server: this one, or another. */
interface Party {
  readonly find: Finder;
  readonly clientId: string;
  readonly auth: Credentials;
}

type Connect = (party: Party) => Connection;

/** No other authorization server sees a secret of this one. Its metadata is asked for once. */
function createParties(
  { issuer: own, clientId: ownId, auth: ownAuth, metadata }: CheckedOptions,
  createFind: (issuer: string, auth: Credentials) => Finder,
): (where: RedeemPlace) => Party {
  const server = metadata && { ...metadata, issuer: own };
  const ownFind: Finder = server === undefined ? createFind(own, ownAuth) : async () => server;
  const peers = new Map<string, Finder>();
  const findAt = (issuer: string, auth: Credentials): Finder => {
    const known = peers.get(issuer);
    if (known !== undefined) return known;
    const find = createFind(issuer, auth);
    const [oldest] = peers.size < MAX_PEERS ? [] : peers.keys();
    if (oldest !== undefined) peers.delete(oldest);
    peers.set(issuer, find);
    return find;
  };
  return ({ issuer = own, clientId = ownId, auth: given }) => {
    const auth = given ?? (issuer === own || ownAuth.portable ? ownAuth : none());
    return { find: issuer === own ? ownFind : findAt(issuer, auth), clientId, auth };
  };
}
