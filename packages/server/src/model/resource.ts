// A protected resource: a target of tokens, and the format of its tokens.

import type { SigningAlgorithm } from '../keys/algorithms.ts';
import type { SecretKey } from '../keys/jws.ts';
import type { Scope } from '../primitives/scope.ts';
import type { AuthorizationServer } from './authorization-server.ts';

/** A text for people, or one for each language of the pages. */
export type Words = string | Readonly<Partial<Record<string, string>>>;

export interface Resource {
  /** Logical name, and `aud` of its tokens. */
  readonly audience: string;
  /** Absolute URIs. A URI below one of them, by whole path segments, names this resource (RFC 8707). */
  readonly locations: readonly string[];
  readonly scopes: Scope;
  /** Descriptions of scopes for the consent page. */
  readonly scopeNames: ReadonlyMap<string, Words>;
  /** Accepted values of the subject's `acr`; empty: any or none. */
  readonly requiredAcr: ReadonlySet<string>;
  /** Tokens must be bound to a key: bearer tokens are refused. */
  readonly requireSenderConstraint: boolean;
  /** The other authorization server whose target it is: only grants for that server are issued. Absent: ours. */
  readonly server?: AuthorizationServer;
  readonly token: {
    readonly format: 'jwt' | 'opaque';
    /** Maximum lifetime of a token, in seconds. */
    readonly lifetime: number;
    readonly alg: SigningAlgorithm;
    /** The `typ` of its JWTs, instead of `at+jwt`. */
    readonly typ?: 'JWT' | undefined;
    /** The secret that signs its tokens (HS256), instead of our signing key. */
    readonly secret?: SecretKey;
    /** The path of the key set that publishes the keys of its tokens; absent: the main set. */
    readonly jwks?: string | undefined;
  };
}

/** At least one. */
export type Targets = readonly [Resource, ...Resource[]];

/** Returns the audience of the admin API. The configuration must have a resource with this audience. */
export const adminAudience = (issuer: string): string => `${issuer.replace(/\/$/, '')}/admin`;

/** Lifetime of tokens whose only target is this server. */
export const OWN_LIFETIME_SECONDS = 3600;

/** This server as a resource: the target of tokens that only identify a person. */
export const ownResource = (issuer: string, alg: SigningAlgorithm): Resource => ({
  audience: issuer,
  locations: [],
  scopes: new Set(),
  scopeNames: new Map(),
  requiredAcr: new Set(),
  requireSenderConstraint: false,
  token: { format: 'jwt', lifetime: OWN_LIFETIME_SECONDS, alg },
});
