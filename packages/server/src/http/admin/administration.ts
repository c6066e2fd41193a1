// The dependencies of the admin API, besides those of every endpoint.
import type { z } from 'zod';
import type { AuditEvent } from '../../audit/event.ts';
import type { IssuedSpan, Overview } from '../../audit/overview.ts';
import type { AuditFilter, Coverage, FoundPage, NewEvents, RowMark } from '../../audit/search.ts';
import type { EventWithSiblings } from '../../audit/siblings.ts';
import type { Ancestry, Descendants, KnownToken } from '../../audit/token-history.ts';
import type { UseReader } from '../../audit/use.ts';
import type { RecentProof } from '../../audit-retention/recent-proof.ts';
import type { RegisteredClients, StoredClient } from '../../client-auth/registered-clients.ts';
import type { ConfigurationHistory } from '../../explain/decided-by.ts';
import type { DraftAnswer, DraftCaller, DraftQuestion, DraftTexts } from '../../explain/drafted.ts';
import type { OperatorRights } from '../../explain/last-operators.ts';
import type { UnsignedToken } from '../../explain/unsigned-token.ts';
import type { SigningAlgorithm } from '../../keys/algorithms.ts';
import type { KeySchedule } from '../../keys/key-sets.ts';
import type { KeyManagement } from '../../keys/manage.ts';
import type { JsonObject } from '../../primitives/strict-json.ts';
import type { FamilyPlace } from '../../store/audit-lineage.ts';
import type { NodeDescription } from '../../store/nodes.ts';
import type { ReplicaUse } from '../../store/replica.ts';
import type { Database } from '../../store/schema.ts';
import type { Faults } from './problem.ts';

/** The forms of entries of the file that operations take, too. */
export interface OperationForms {
  /** The entry of a client, without `id` and secrets. */
  readonly clientEntry: z.ZodObject;
  /** The facts of a subject token and of an actor token, as in tests of rules. */
  readonly subjectFacts: z.ZodType<UnsignedToken>;
  readonly actorFacts: z.ZodType<UnsignedToken>;
}

/** The section `rules` of a file. */
export interface RuleText {
  readonly path: string;
  readonly isMain: boolean;
  /** Absent if the file has no such section in block style. */
  readonly rules?: { readonly text: string; readonly line: number };
}

export interface Schemas {
  readonly configuration: JsonObject;
  readonly included: JsonObject;
  readonly expressions: {
    /** The facts of conditions of rules, with their types. */
    readonly variables: JsonObject;
    readonly functions: readonly string[];
    readonly macros: readonly string[];
  };
}

/** `replica` is undefined if none is configured. */
interface FromReplica {
  readonly replica: ReplicaUse | undefined;
}

export interface Administration extends OperationForms {
  /** The entries of the file, resolved, without secrets. */
  readonly entries: {
    readonly resources: readonly object[];
    readonly authorizationServers: readonly object[];
    readonly issuers: readonly object[];
    readonly rules: readonly object[];
  };
  /** The clients of the file by id, without secrets. */
  readonly fileClients: ReadonlyMap<string, JsonObject>;
  /** @returns the file and the line of a path in the configuration */
  readonly placeOf: (path: readonly (string | number)[]) => string;
  /** The files that a command left out: what has an unknown name may be in one of them. */
  readonly leftOut: readonly string[];
  /** May the file of the entry at the path name the audience? Files of teams have limits. */
  readonly mayName: (path: readonly (string | number)[], audience: string) => boolean;
  readonly registered: RegisteredClients;
  /** The faults of a configuration file that has this client. */
  readonly faultsOf: (id: string, stored: StoredClient) => Promise<Faults>;
  /** The names of the rules that name a client. */
  readonly rulesNaming: (clientId: string) => readonly string[];
  /**
   * Compares how many clients could change things through the admin API before and after this change.
   * @param after undefined: deleted
   */
  readonly operatorsAfter: (id: string, after: StoredClient | undefined) => 'none' | 'fewer' | 'as many';
  /** Who can change things through the admin API, and by which rules. */
  readonly operators: OperatorRights;
  /** Reads the registered clients. When it resolves, they are in force here. */
  readonly reread: () => Promise<void>;
  readonly keys: KeyManagement;
  readonly algorithms: readonly [SigningAlgorithm, ...SigningAlgorithm[]];
  /** Commits a change with its audit row. @throws Refusal store_unavailable */
  readonly commit: (event: AuditEvent, write: (database: Database) => Promise<void>) => Promise<void>;
  /** @throws Refusal store_unavailable */
  readonly searchEvents: (
    filter: AuditFilter,
    page: { readonly cursor?: string | undefined; readonly limit: number },
  ) => Promise<FoundPage>;
  /** The same in bounded time and from the replica, if there is one, which says how far it came. @throws Refusal store_unavailable */
  readonly searchEventsInTime: (
    filter: AuditFilter,
    page: { readonly cursor?: string | undefined; readonly limit: number },
  ) => Promise<FoundPage & Coverage & FromReplica>;
  /** The rows after one, in the order of writing. @throws Refusal store_unavailable */
  readonly searchAfter: (
    filter: AuditFilter,
    page: { readonly after: number; readonly limit: number },
  ) => Promise<NewEvents & FromReplica>;
  /** Reads which rights requests used since a time, in milliseconds since 1970. After some seconds, the rest is unknown. */
  readonly useSince: (since: number) => UseReader;
  /** The configurations that were in force on this database. @throws Refusal store_unavailable */
  readonly configurations: ConfigurationHistory;
  /** Counts the requests of a period. @throws Refusal store_unavailable */
  readonly overview: (period: {
    readonly since: number;
    readonly until: number;
    readonly top: number;
  }) => Promise<Overview>;
  /** Counts tokens by audience, in spans that cover a period. @throws Refusal store_unavailable */
  readonly issuedSpans: (period: { readonly since: number; readonly until: number }) => Promise<readonly IssuedSpan[]>;
  /** @returns undefined if no row names the token @throws Refusal store_unavailable */
  readonly findToken: (id: string) => Promise<KnownToken | undefined>;
  /** @throws Refusal store_unavailable */
  readonly findAncestors: (token: KnownToken) => Promise<Ancestry>;
  /** @throws Refusal store_unavailable */
  readonly findDescendants: (
    id: string,
    page: { readonly after: FamilyPlace | undefined; readonly limit: number },
  ) => Promise<Descendants>;
  /** @throws Refusal store_unavailable */
  readonly auditProgress: () => Promise<AuditProgress>;
  /** Verifies the newest signed rows. @param keys of this server @throws Refusal store_unavailable */
  readonly verifyRecent: (keys: readonly JsonObject[]) => Promise<RecentProof | undefined>;
  readonly keySchedule: KeySchedule;
  readonly storeKind: 'sqlite' | 'postgres';
  /** The nodes that reported lately. @throws Refusal store_unavailable */
  readonly nodes: () => Promise<readonly PresentNode[]>;
  /** The accounts of the file. */
  readonly accounts: readonly { readonly sub: string; readonly username: string }[];
  /** The times of the last sign-ins, in milliseconds since 1970. @throws Refusal store_unavailable */
  readonly lastSignIns: (subs: readonly string[]) => Promise<readonly (number | undefined)[]>;
  /** @returns undefined if no row has the id @throws Refusal store_unavailable */
  readonly findWithSiblings: (requestId: string) => Promise<EventWithSiblings | undefined>;
  readonly findEvent: (requestId: string) => Promise<AuditEvent | undefined>;
  /** Asks about a draft of the files in force. @throws DraftTooCostly, DraftsBusy */
  readonly askDraft: (texts: DraftTexts, question: DraftQuestion, caller: DraftCaller) => Promise<DraftAnswer>;
  /** The texts of the rules in force, by file. */
  readonly ruleTexts: () => readonly RuleText[];
  /** The JSON Schema of the file, and what expressions may read and call. */
  readonly schemas: () => Schemas;
}

/** How far the tables are that are made of audit rows. */
export interface AuditProgress {
  readonly indexedUpTo: RowMark;
  readonly countedUpTo: RowMark;
  readonly last: RowMark;
}

export interface PresentNode {
  readonly id: string;
  /** Digest of the kept form of its configuration; undefined from the previous version. */
  readonly digest: string | undefined;
  /** Milliseconds since 1970. */
  readonly seenAt: number;
  /** Undefined from the previous version. */
  readonly about: NodeDescription | undefined;
}
