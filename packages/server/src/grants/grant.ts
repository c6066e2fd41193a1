// What is a grant? A name, the parameters that it reads, and a decision. Everything else, the endpoint does for all.
import type { AuditEvent } from '../audit/event.ts';
import type { ExchangeContext } from '../exchange/exchange.ts';
import type { Authorization } from '../issuing/authorization.ts';
import type { Client } from '../model/client.ts';
import type { Parameters } from '../primitives/parameters.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

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
  /** The client is authenticated and may use this grant. @throws Refusal */
  readonly authorize: (
    parameters: Parameters,
    client: Client,
    event: AuditEvent,
    context: ExchangeContext,
  ) => Promise<Authorization>;
  /** Members of the answer beside those of RFC 6749 section 5.1. */
  readonly answer?: (authorization: Authorization) => JsonObject;
}
