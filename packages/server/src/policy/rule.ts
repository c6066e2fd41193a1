// A rule: who may exchange whose token, for what. Read from the configuration, complete: nothing is looked up later.

import type { CompiledExpression } from '../expression/condition.ts';
import type { Targets } from '../model/resource.ts';
import type { Scope } from '../primitives/scope.ts';

/** What a rule asks of a subject or actor token; an absent part asks nothing. */
export interface PartyPattern {
  /** `iss` values. */
  readonly issuers?: ReadonlySet<string>;
  /** Short names of token types. */
  readonly types?: ReadonlySet<string>;
  /** Clients of ours that the token was issued to: names the origin of our own tokens. */
  readonly clients?: ReadonlySet<string>;
  readonly when?: CompiledExpression;
  /** Must a token that is bound to a key come with proof of it, and stay bound to it? */
  readonly constrained: 'prove' | 'accept';
}

export interface ActorPattern extends PartyPattern {
  readonly presence: 'required' | 'forbidden' | 'optional';
  /** May the actor's token itself say that somebody acts for the actor? */
  readonly delegated: 'allow' | 'refuse';
}

export interface Rule {
  readonly name: string;
  /** `audit`: it says what it would decide, and decides nothing. */
  readonly mode: 'enforce' | 'audit';
  readonly clients: ReadonlySet<string>;
  readonly subject: PartyPattern;
  readonly actor: ActorPattern;
  readonly when?: CompiledExpression;
  /** `client`: where no actor token is given, the calling client acts. */
  readonly act: 'client' | 'actor';
  /** `bearer`: what was exchanged for a bound token may be a bearer token. */
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
    /** Seconds of life of a refresh token. */
    readonly refreshLifetime: number;
    /** Actors in the issued token, at most. */
    readonly maxDepth: number;
    /** Claims to add, from verified facts. */
    readonly claims: readonly (readonly [name: string, value: CompiledExpression])[];
  };
}
