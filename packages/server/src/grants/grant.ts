// What is a grant? A name, the parameters that it reads, and a decision. Everything else, the endpoint does for all.
import type { AuditEvent } from '../audit/event.ts';
import type { ExchangeServices } from '../exchange/exchange.ts';
import type { Authorization } from '../issuing/authorization.ts';
import type { SignInCodes } from '../model/agreement.ts';
import type { Client } from '../model/client.ts';
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Parameters } from '../primitives/parameters.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** One request: its client is authenticated and may use the grant. */
export interface GrantRequest {
  readonly parameters: Parameters;
  readonly client: Client;
  /** Filled as facts become known. */
  readonly event: AuditEvent;
  /** Seconds since 1970. */
  readonly now: number;
  /** The key that the caller proved to hold. */
  readonly confirmation: Confirmation | undefined;
}

/** What all grants together use of the server. A grant declares the part that it uses, and sees no more. */
export interface GrantServices extends ExchangeServices {
  /** Codes that people's agreements gave; undefined where nobody signs in. */
  readonly signIn: SignInCodes | undefined;
  /** Names this process. */
  readonly node: string;
}

export interface Grant {
  /** The short name, as the configuration says it. */
  readonly name: string;
  /** The value of `grant_type`. */
  readonly grantType: string;
  /** Form parameters that it reads; those of them that stand twice are refused, but `audience` and `resource`. */
  readonly parameters: readonly string[];
  /** The parameter whose token may stand for a client that the request does not name (docs/guides/clients.md). */
  readonly standsForClient?: string;
  /** May a client that proves nothing use it: never, or where its entry says `publicExchange`? Absent: as any other. */
  readonly publicClients?: 'never' | 'publicExchange';
  /** @throws Refusal */
  readonly authorize: (request: GrantRequest, services: GrantServices) => Promise<Authorization>;
  /** Members of the answer beside those of RFC 6749 section 5.1. */
  readonly answer?: (authorization: Authorization) => JsonObject;
}
