// A rule: who may exchange whose token, for what. Read from the configuration, complete: nothing is looked up later.

import type { CompiledExpression } from '../expression/condition.ts';
import type { Targets } from '../model/resource.ts';
import type { Scope } from '../primitives/scope.ts';

/** Short names of the token types that a rule takes, by who issued the token. */
export interface TakenTypes {
  /** Of our own tokens. */
  readonly own: ReadonlySet<string>;
  /** Of other issuers' tokens. `accepted`: every type that the issuer's entry accepts. */
  readonly foreign: ReadonlySet<string> | 'accepted';
}

/** The types of a rule that names none. An ID token or a refresh token of ours is taken only where the rule says so. */
export const DEFAULT_TYPES: TakenTypes = { own: new Set(['access_token']), foreign: 'accepted' };

/** What a rule asks of a subject or actor token. */
export interface PartyPattern {
  /** `iss` values. */
  readonly issuers: ReadonlySet<string> | 'any';
  readonly types: TakenTypes;
  /** Clients of ours that the token was issued to: names the origin of our own tokens. */
  readonly clients: ReadonlySet<string> | 'any';
  readonly when: CompiledExpression | 'always';
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
  readonly when: CompiledExpression | 'always';
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
