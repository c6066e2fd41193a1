// A rule of the policy: which client may exchange which tokens for what. All references are resolved when the file is loaded.

import type { CompiledExpression } from '../expression/condition.ts';
import type { Targets } from '../model/resource.ts';
import type { Scope } from '../primitives/scope.ts';

/** Short names of the token types that a rule accepts, by issuer of the token. */
export interface TakenTypes {
  /** For our own tokens. */
  readonly own: ReadonlySet<string>;
  /** For tokens of other issuers. `accepted`: every type that the issuer's entry accepts. */
  readonly foreign: ReadonlySet<string> | 'accepted';
}

/** Applies to a rule without `types`. It accepts our ID tokens and refresh tokens only if it lists them. */
export const DEFAULT_TYPES: TakenTypes = { own: new Set(['access_token']), foreign: 'accepted' };

/** What a rule requires of a subject token or actor token. */
export interface PartyPattern {
  /** `iss` values. */
  readonly issuers: ReadonlySet<string> | 'any';
  readonly types: TakenTypes;
  /** Clients that our token was issued to. */
  readonly clients: ReadonlySet<string> | 'any';
  readonly when: CompiledExpression | 'always';
  /** `prove`: a token that is bound to a key needs a proof of possession, and the new token is bound to the same key. */
  readonly constrained: 'prove' | 'accept';
}

export interface ActorPattern extends PartyPattern {
  readonly presence: 'required' | 'forbidden' | 'optional';
  /** `allow`: the actor token may have an `act` claim of its own. */
  readonly delegated: 'allow' | 'refuse';
}

export interface Rule {
  readonly name: string;
  /** `audit`: the audit row records what the rule would decide; the rule decides nothing. */
  readonly mode: 'enforce' | 'audit';
  readonly clients: ReadonlySet<string>;
  readonly subject: PartyPattern;
  readonly actor: ActorPattern;
  readonly when: CompiledExpression | 'always';
  /** `client`: without an actor token, the calling client is the actor. */
  readonly act: 'client' | 'actor';
  /** `bearer`: a token that is bound to a key may be exchanged for a bearer token. */
  readonly rebind: 'bearer' | 'refuse';
  readonly grant: {
    /** The first is the default target. */
    readonly targets: Targets;
    readonly scopes: Scope;
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
