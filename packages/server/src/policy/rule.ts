// A rule: who may exchange whose token, for what. Read from the configuration, complete: nothing is looked up later.
import type { Targets } from '../issuing/resource.ts';
import type { Scope } from '../primitives/scope.ts';

/** What a rule asks of a subject or actor token; an absent part asks nothing. */
export interface PartyPattern {
  /** `iss` values. */
  readonly issuers?: ReadonlySet<string>;
  /** Short names of token types. */
  readonly types?: ReadonlySet<string>;
  /** Clients that the token was issued to: names the origin of our own tokens. */
  readonly clients?: ReadonlySet<string>;
}

export interface ActorPattern extends PartyPattern {
  readonly presence: 'required' | 'forbidden' | 'optional';
  /** May the actor's token itself say that somebody acts for the actor? */
  readonly delegated: 'allow' | 'refuse';
}

export interface Rule {
  readonly name: string;
  readonly clients: ReadonlySet<string>;
  readonly subject: PartyPattern;
  readonly actor: ActorPattern;
  readonly grant: {
    /** The first is the default target. */
    readonly targets: Targets;
    readonly scopes: Scope;
    /** Short names of requested token types. */
    readonly types: ReadonlySet<string>;
    /** Seconds. */
    readonly lifetime: number | undefined;
    /** Actors in the issued token, at most. */
    readonly maxDepth: number;
  };
}

export interface Policy {
  /** The issuer that `self` means. */
  readonly issuer: string;
  readonly rules: readonly Rule[];
}
