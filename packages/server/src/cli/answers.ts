// The answers of the operations that commands read. Before a command sees an answer, the schema of its operation has checked it.
import type { ConfigurationContent } from '../audit/configuration.ts';
import type { AuditEvent, ConfigurationTrace } from '../audit/event.ts';
import type { Coverage } from '../audit/search.ts';
import type { Explanation } from '../explain/explain.ts';
import type { ReachableTarget } from '../explain/reach.ts';
import type { ChangedDecision } from '../explain/replay.ts';
import type { PossibleTarget } from '../explain/targets.ts';
import type { UnusedReport } from '../explain/unused.ts';

export interface ClientAnswer {
  readonly id: string;
  readonly source: string;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly secrets?: readonly { readonly id: string; readonly createdAt: string }[];
  readonly createdAt?: string;
  readonly updatedAt?: string;
}

/** A suspended party. */
export interface ActorAnswer {
  readonly subject: string;
  readonly issuer?: string;
  readonly reason?: string;
  readonly since: string;
  /** The other region that suspended it. */
  readonly region?: string;
}

export interface NodeAnswer {
  readonly id: string;
  readonly seenAt: string;
  readonly digest?: string;
  readonly version?: string;
  readonly host?: string;
  readonly pid?: number;
  readonly readAt?: string;
  readonly faults?: readonly { readonly kind: string; readonly details: readonly string[] }[];
}

export interface KeyAnswer
  extends Readonly<Record<'kid' | 'alg' | 'state' | 'createdAt' | 'activatesAt' | 'publishedUntil', string>> {
  readonly signsUntil?: string;
  readonly validTokens?: number;
}

export interface RotationPreview {
  readonly alg: string;
  readonly activatesAt: string;
  readonly replaces?: KeyAnswer;
  readonly replacedPublishedUntil: string;
  readonly published: readonly KeyAnswer[];
  readonly cachedForSeconds: number;
  readonly publishedForSeconds: number;
  readonly keySets: readonly string[];
  readonly audiences: readonly string[];
  readonly audienceCount: number;
}

export interface AppliedItem extends Partial<ConfigurationTrace> {
  readonly time: number;
  readonly requestId: string;
  readonly outcome: 'applied' | 'rejected';
}

interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** By the id of the operation. */
interface Answers {
  readonly 'get-client': ClientAnswer;
  readonly 'list-clients': Page<ClientAnswer>;
  readonly 'list-rules': Page<{ readonly name?: unknown }>;
  readonly 'list-actors': Page<ActorAnswer>;
  readonly 'list-nodes': Page<NodeAnswer>;
  readonly 'preview-rotation': RotationPreview;
  readonly 'list-keys': { readonly items: readonly KeyAnswer[] };
  readonly 'search-audit': Page<AuditEvent> & Coverage;
  readonly 'find-audit-event': AuditEvent;
  readonly 'list-configurations': Page<AppliedItem>;
  readonly 'get-configuration': ConfigurationContent & { readonly digest: string };
  readonly explain: Explanation;
  readonly 'unused-rights': UnusedReport;
  readonly 'list-reach': Page<ReachableTarget>;
  readonly 'replay-draft': Page<ChangedDecision> & {
    readonly counts: Readonly<Record<'changed' | 'same' | 'undecided' | 'withheld', number>>;
  };
  readonly targets: { readonly targets: readonly PossibleTarget[]; readonly refused?: Explanation };
}

export type AnswerOf<I extends string> = I extends keyof Answers ? Answers[I] : Readonly<Record<string, unknown>>;
