// Defines a grant: a name, the parameters that it reads, and a decision. The token endpoint does everything else.
import type { AuditEvent } from '../audit/event.ts';
import type { Identified } from '../client-auth/stranger.ts';
import type { ExchangeServices } from '../exchange/exchange.ts';
import type { Authorization } from '../issuing/authorization.ts';
import type { SignInCodes } from '../model/agreement.ts';
import type { Client } from '../model/client.ts';
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Parameters } from '../primitives/parameters.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** One request of an authenticated client that may use the grant. */
export interface GrantRequest {
  readonly parameters: Parameters;
  readonly client: Client;
  readonly identified: Identified;
  /** Filled as facts become known. */
  readonly event: AuditEvent;
  /** Seconds since 1970. */
  readonly now: number;
  /** The key that the caller proved to hold. */
  readonly confirmation: Confirmation | undefined;
}

/** What all grants need from the server. A grant declares the part that it uses, and can access only that. */
export interface GrantServices extends ExchangeServices {
  /** The codes of people's agreements; undefined if sign-in is not enabled. */
  readonly signIn: SignInCodes | undefined;
  /** The id of this process. */
  readonly node: string;
}

export interface Grant {
  /** The short name in the configuration. */
  readonly name: string;
  /** A client with this grant may use it, too. */
  readonly impliedBy?: string;
  /** The value of `grant_type`. */
  readonly grantType: string;
  /** The form parameters that it reads. None of them may be repeated, except `audience` and `resource`. */
  readonly parameters: readonly string[];
  /** The parameter whose token identifies the client if the request does not name one (docs/guides/clients.md). */
  readonly standsForClient?: string;
  /** May an unauthenticated client use it: never, or if its entry has `publicExchange`? Undefined: like any other client. */
  readonly publicClients?: 'never' | 'publicExchange';
  /** @throws Refusal */
  readonly authorize: (request: GrantRequest, services: GrantServices) => Promise<Authorization>;
  /** Members of the response in addition to those of RFC 6749 section 5.1. */
  readonly answer?: (authorization: Authorization) => JsonObject;
}
