// Exports everything that a program needs to exchange tokens, in any runtime.
import { digest } from '#digest';
import { type Client, createClient } from './client.ts';
import type { ClientOptions } from './options.ts';

/** @throws TypeError that names the option and says what to write */
export const cambio = (options: ClientOptions): Client => createClient(options, digest);

export type { Client } from './client.ts';
export {
  type Credentials,
  clientSecret,
  type Dispatcher,
  mtls,
  none,
  platformAssertion,
  privateKeyJwt,
  type SigningKey,
  spiffe,
  workload,
} from './credentials.ts';
export type { ServerMetadata } from './discovery.ts';
export { type About, ExchangeError } from './errors.ts';
export type { ClientEvent, Listener } from './events.ts';
export type { McpAuthProvider } from './mcp.ts';
export type { OnBehalfOf } from './on-behalf-of.ts';
export type { ClientOptions } from './options.ts';
export { githubActions, type TokenUrlOptions, tokenUrl } from './platform.ts';
export type { KeyPair } from './proofs.ts';
export type { ExchangeRequest, IdentityRequest, RedeemOptions, TargetRequest } from './request.ts';
export type { TokenLike, TokenSource } from './source.ts';
export type { Token, TokenScheme } from './token.ts';
export type { TokenType } from './token-types.ts';
