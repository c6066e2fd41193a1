// What does the admin API work with, beside what every endpoint has?
import type { z } from 'zod';
import type { AuditEvent } from '../../audit/event.ts';
import type { AuditFilter, FoundPage } from '../../audit/search.ts';
import type { RegisteredClients, StoredClient } from '../../client-auth/registered-clients.ts';
import type { SigningAlgorithm } from '../../keys/algorithms.ts';
import type { KeyManagement } from '../../keys/manage.ts';
import type { JsonObject } from '../../primitives/strict-json.ts';
import type { Database } from '../../store/schema.ts';
import type { Faults } from './problem.ts';

export interface Administration {
  /** As the file has them, resolved, without secrets. */
  readonly entries: {
    readonly resources: readonly object[];
    readonly issuers: readonly object[];
    readonly rules: readonly object[];
  };
  /** The clients of the file by id, likewise. */
  readonly fileClients: ReadonlyMap<string, JsonObject>;
  /** @returns the file and the line that a path of it leads to */
  readonly placeOf: (path: readonly (string | number)[]) => string;
  /** What a client may say of itself, without `id` and secrets. */
  readonly clientEntry: z.ZodObject;
  readonly registered: RegisteredClients;
  /** What a file with this client would be refused for. */
  readonly faultsOf: (id: string, stored: StoredClient) => Promise<Faults>;
  /** The names of the rules that name a client. */
  readonly rulesNaming: (clientId: string) => readonly string[];
  /** How many could change things through the admin API, once this client is so. @param after undefined: deleted */
  readonly operatorsAfter: (id: string, after: StoredClient | undefined) => 'none' | 'fewer' | 'as many';
  /** What was registered counts here from when this resolves. */
  readonly reread: () => Promise<void>;
  readonly keys: KeyManagement;
  readonly algorithms: readonly [SigningAlgorithm, ...SigningAlgorithm[]];
  /** Commits a change with the audit row that tells of it. @throws Refusal store_unavailable */
  readonly commit: (event: AuditEvent, write: (database: Database) => Promise<void>) => Promise<void>;
  /** @throws Refusal store_unavailable */
  readonly searchEvents: (
    filter: AuditFilter,
    page: { readonly cursor?: string | undefined; readonly limit: number },
  ) => Promise<FoundPage>;
  readonly findEvent: (requestId: string) => Promise<AuditEvent | undefined>;
}
