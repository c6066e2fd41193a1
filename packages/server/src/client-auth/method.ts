// What is a way to authenticate a client? It recognises its credentials in a request, and proves them against an entry.
import type { Parameters } from '../primitives/parameters.ts';
import type { Client } from './client.ts';

export interface AuthenticationRequest {
  /** The Authorization header as it came. */
  readonly authorization: string | undefined;
  readonly parameters: Parameters;
  /** Where the request came from. */
  readonly address: string;
}

export interface Credentials {
  /** The ids that the request may mean, likeliest first. */
  readonly clientIds: readonly string[];
  /** Constant time in what the caller sent. */
  readonly prove: (client: Client) => boolean;
}

export interface ClientAuthMethod {
  /** The name in the OAuth registry of token endpoint authentication methods, and in the configuration. */
  readonly name: string;
  /** The form parameters that it reads beside `client_id`. */
  readonly parameters: readonly string[];
  /** @returns undefined where the request holds no such credentials. @throws Refusal where they cannot be read */
  readonly read: (request: AuthenticationRequest) => Credentials | undefined;
}
