// A protected resource: what a token can be for, and what its tokens look like.

import type { SigningAlgorithm } from '../keys/algorithms.ts';
import type { SecretKey } from '../keys/jws.ts';
import type { Scope } from '../primitives/scope.ts';

export interface Resource {
  /** The logical name: the `aud` of its tokens. */
  readonly audience: string;
  /** Absolute URIs; what lies under one of them by whole path segments is this resource (RFC 8707). */
  readonly locations: readonly string[];
  readonly scopes: Scope;
  /** What a scope allows, in words for the people who are asked for it. */
  readonly scopeNames: ReadonlyMap<string, string>;
  /** Authentication contexts of which the subject's must be one; empty: any will do. */
  readonly requiredAcr: ReadonlySet<string>;
  /** It takes no bearer tokens. */
  readonly requireSenderConstraint: boolean;
  readonly token: {
    readonly format: 'jwt' | 'opaque';
    /** Longest life of a token, in seconds. */
    readonly lifetime: number;
    readonly alg: SigningAlgorithm;
    /** The resource's own secret, instead of a key of ours. */
    readonly secret?: SecretKey;
  };
}

/** At least one. */
export type Targets = readonly [Resource, ...Resource[]];

/** The audience of the admin API: its tokens are those of the resource that the configuration has under this name. */
export const adminAudience = (issuer: string): string => `${issuer.replace(/\/$/, '')}/admin`;

/** Seconds for which a token lives that is for this server alone. */
export const OWN_LIFETIME = 3600;

/** This server itself: what a token is for that only tells who somebody is. */
export const ownResource = (issuer: string, alg: SigningAlgorithm): Resource => ({
  audience: issuer,
  locations: [],
  scopes: new Set(),
  scopeNames: new Map(),
  requiredAcr: new Set(),
  requireSenderConstraint: false,
  token: { format: 'jwt', lifetime: OWN_LIFETIME, alg },
});
