// What must a verifier know? Of whom, for whom; the rest has a default that is safe.
import type { JSONWebKeySet } from 'jose';
import type { IntrospectionOptions } from './introspection.ts';
import type { ReplayStore } from './replay.ts';
import type { ResourceMetadata } from './resource-metadata.ts';

/** What Cambio signs with. `Ed25519` and not `EdDSA` (RFC 9864); ML-DSA (RFC 9964) where Node has it, from 24.7 on. */
export const ALGORITHMS: readonly string[] = [
  'ES256',
  'ES384',
  'RS256',
  'PS256',
  'Ed25519',
  'ML-DSA-44',
  'ML-DSA-65',
  'ML-DSA-87',
];

/** Of the keys of clients, which choose for themselves. */
export const PROOF_ALGORITHMS: readonly string[] = [
  ...ALGORITHMS,
  'ES512',
  'RS384',
  'RS512',
  'PS384',
  'PS512',
  'EdDSA',
];

export interface VerifierOptions {
  /** The `issuer` of the Cambio server. */
  readonly issuer: string;
  /** The audience of this API. */
  readonly audience: string;
  /** Where the keys are: default `<issuer>/.well-known/jwks.json`. */
  readonly jwksUri?: string;
  /** The keys themselves, or what fetches them, instead of `jwksUri`. */
  readonly jwks?: JSONWebKeySet | (() => Promise<JSONWebKeySet>);
  /** What may sign tokens. Default: whatever Cambio signs with. Asymmetric alone: nobody but the issuer makes tokens. */
  readonly algorithms?: readonly string[];
  /** What may sign DPoP proofs. Default: whatever Cambio binds tokens to. */
  readonly proofAlgorithms?: readonly string[];
  /** For opaque tokens, and for what was revoked. */
  readonly introspection?: IntrospectionOptions;
  /**
   * What stands before the path of a request as clients write it, for DPoP proofs name the whole URL. Default: the audience,
   * where it is an http or https URL; else no DPoP. It is never taken from the Host header, which the caller writes.
   */
  readonly baseUrl?: string;
  /** `required`: a token that is bound to no key and no certificate is refused. Default `optional`: it is a bearer token. */
  readonly senderConstraint?: 'required' | 'optional';
  /** Asks for a nonce in every DPoP proof (RFC 9449 section 9). Nodes of one API share the secret. */
  readonly nonceSecret?: string;
  /** Remembers the proofs that were used. Default: in memory, for one process. */
  readonly replay?: ReplayStore;
  /** Of `describeResource`: challenges then name its URL (RFC 9728 section 5.1). */
  readonly metadata?: ResourceMetadata;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}
