// A rule of the policy: which client may exchange which tokens for what. All references are resolved when the file is loaded.

import type { CompiledExpression } from '../expression/condition.ts';
import type { Resource, Targets } from '../model/resource.ts';
import type { Scope, ScopeMap } from '../primitives/scope.ts';
import { isRedeemed } from '../primitives/token-type.ts';

/** Short names of the token types that a rule accepts, by issuer of the token. */
export interface TakenTypes {
  /** For our own tokens. `accepted`: every type; only in a rule that denies. */
  readonly own: ReadonlySet<string> | 'accepted';
  /** For tokens of other issuers. `accepted`: every type that `accepts` of the issuer's entry lists. */
  readonly foreign: ReadonlySet<string> | 'accepted';
}

/** Applies to a rule without `types`. It accepts our ID tokens and refresh tokens only if it lists them. */
export const DEFAULT_TYPES: TakenTypes = { own: new Set(['access_token']), foreign: 'accepted' };

/** The types of a rule that denies, if it names none: whatever the token is. */
export const ALL_TYPES: TakenTypes = { own: 'accepted', foreign: 'accepted' };

/** A rule that allows takes an assertion of the jwt-bearer grant only if it lists the type: `accepts` lists none. */
export function takesForeign({ own, foreign }: TakenTypes, type: string): boolean {
  if (foreign !== 'accepted') return foreign.has(type);
  return own === 'accepted' || !isRedeemed(type);
}

/** What a rule matches of a subject token or actor token. */
export interface PartyNames {
  /** `iss` values. */
  readonly issuers: ReadonlySet<string> | 'any';
  readonly types: TakenTypes;
  /** Clients that our token was issued to. */
  readonly clients: ReadonlySet<string> | 'any';
  /** More of them, as patterns; only of an actor. */
  readonly clientPatterns: readonly string[];
  /** Patterns of the subject at its issuer; only of an actor. */
  readonly subjects: readonly string[] | 'any';
  /** The condition on claims; only of an actor. */
  readonly claims: CompiledExpression | 'always';
  readonly when: CompiledExpression | 'always';
}

export interface PartyPattern extends PartyNames {
  /** `prove`: a token that is bound to a key needs a proof of possession, and the new token is bound to the same key. */
  readonly constrained: 'prove' | 'accept';
}

interface Presence {
  readonly presence: 'required' | 'forbidden' | 'optional';
}

export interface ActorPattern extends PartyPattern, Presence {
  /** `allow`: the actor token may have an `act` claim of its own. */
  readonly delegated: 'allow' | 'refuse';
}

/** What rules of both effects have in common. */
interface Common {
  readonly name: string;
  /** Its index among the rules of the file, of both effects. */
  readonly position: number;
  /** `audit`: the audit row records what the rule would decide; the rule decides nothing. */
  readonly mode: 'enforce' | 'audit';
  readonly when: CompiledExpression | 'always';
}

/** A rule that refuses what it matches, whatever other rules allow. */
export interface DenyRule extends Common {
  readonly effect: 'deny';
  readonly clients: ReadonlySet<string> | 'any';
  readonly subject: PartyNames;
  readonly actor: PartyNames & Presence;
  /** One requested target is enough to match. */
  readonly targets: ReadonlySet<Resource> | 'any';
  /** Why, in the words of the file: for the audit row and `explain`. */
  readonly because: string | undefined;
}

/** A rule that allows what it matches. */
export interface Rule extends Common {
  readonly effect: 'allow';
  readonly clients: ReadonlySet<string>;
  /**
   * Those of `clients` that belong to another team than the rule. A request of theirs must name its target: otherwise the rule could
   * take the place of a rule of theirs.
   */
  readonly guests: ReadonlySet<string>;
  readonly subject: PartyPattern;
  readonly actor: ActorPattern;
  /** `client`: without an actor token, the calling client is the actor. */
  readonly act: 'client' | 'actor';
  /** `bearer`: a token that is bound to a key may be exchanged for a bearer token. */
  readonly rebind: 'bearer' | 'refuse';
  readonly grant: {
    /** The first is the default target. */
    readonly targets: Targets;
    /** In the order of the file. */
    readonly scopes: Scope;
    /** How the scope of the subject token is renamed. Its values are `scopes`. */
    readonly scopeMap: ScopeMap;
    /** Short names of requested token types. */
    readonly types: ReadonlySet<string>;
    /** Seconds. */
    readonly lifetime: number | undefined;
    /** `beside`: an access token comes with a refresh token. */
    readonly refreshToken: 'beside' | 'none';
    /** Seconds. */
    readonly refreshLifetime: number;
    /** Maximum number of actors in the issued token. */
    readonly maxDepth: number;
    /** Claims to add, computed from verified facts. */
    readonly claims: readonly (readonly [name: string, value: CompiledExpression])[];
  };
}

export type AnyRule = Rule | DenyRule;
