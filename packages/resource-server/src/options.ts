// The options of a verifier. Only issuer and audience are required; the defaults of the others are safe.
import type { JSONWebKeySet } from 'jose';
import type { IntrospectionOptions } from './introspection.ts';
import type { ReplayStore } from './replay.ts';
import type { ResourceMetadata } from './resource-metadata.ts';

/** The algorithms that Cambio signs with. `Ed25519`, not `EdDSA` (RFC 9864). ML-DSA (RFC 9964) needs Node 24.7. */
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

/** Algorithms for the keys of clients, which clients choose. */
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
  /** URL of the keys. Default `<issuer>/.well-known/jwks.json`. A resource with a key set of its own needs `<issuer>/keys/<name>`. */
  readonly jwksUri?: string;
  /** The key set, or a function that fetches it, instead of `jwksUri`. */
  readonly jwks?: JSONWebKeySet | (() => Promise<JSONWebKeySet>);
  /** Accepted algorithms of tokens. Default: all that Cambio signs with. Only asymmetric ones, so that only the issuer can sign. */
  readonly algorithms?: readonly string[];
  /** Accepted algorithms of DPoP proofs. Default: all that Cambio binds tokens to. */
  readonly proofAlgorithms?: readonly string[];
  /** For opaque tokens, and to refuse revoked tokens. */
  readonly introspection?: IntrospectionOptions;
  /**
   * The URL before the path of a request, as clients write it: a DPoP proof names the whole URL. Default: the audience if it is
   * an http or https URL, else DPoP is off. The Host header is never used, because the caller writes it.
   */
  readonly baseUrl?: string;
  /** `required`: a token that is not bound to a key or certificate is refused. Default `optional`: it is a bearer token. */
  readonly senderConstraint?: 'required' | 'optional';
  /** Requires a nonce in every DPoP proof (RFC 9449 section 9). All nodes of an API need the same secret. */
  readonly nonceSecret?: string;
  /** Remembers used proofs. Default: in memory, for one process. */
  readonly replay?: ReplayStore;
  /** The result of `describeResource`: challenges then name its URL (RFC 9728 section 5.1). */
  readonly metadata?: ResourceMetadata;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}
