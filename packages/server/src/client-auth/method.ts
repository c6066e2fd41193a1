// The interface of a client authentication method: it reads its credentials in a request, and proves them against a client's
// entry.
import type { X509Certificate } from 'node:crypto';
import type { Client, ClientDirectory, ClientIndex } from '../model/client.ts';
import type { Clock } from '../primitives/clock.ts';
import type { Parameters } from '../primitives/parameters.ts';
import type { Freshness } from '../store/freshness.ts';
import type { TrustedIssuers } from '../trust/issuer.ts';
import type { KeySource } from '../trust/key-cache.ts';
import type { DecoyKeys } from './decoy-keys.ts';
import type { FailureLimit } from './failure-limit.ts';
import type { RequestLimit } from './request-limit.ts';

export interface AuthenticationRequest {
  /** The Authorization header as it was sent. */
  readonly authorization: string | undefined;
  readonly parameters: Parameters;
  /** The address of the caller. */
  readonly address: string;
  readonly certificate: PresentedCertificate | undefined;
  /** The subject token of the request, which may identify a client that is not named. */
  readonly subjectToken?: string | undefined;
  /** The grants of which the client needs one, if the subject token identifies it. */
  readonly grants?: readonly string[];
}

/** A TLS client certificate. The caller proved that it has the key, to us or to a proxy that we trust (RFC 8705). */
export interface PresentedCertificate {
  readonly x509: X509Certificate;
  /** Did one of the configured authorities issue it? It may have expired since. Costs a signature check. */
  readonly isTrusted: () => boolean;
}

/** The dependencies of methods, from the configuration in force and from the process. */
export interface AuthenticationContext {
  /** Our issuer. */
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly clients: ClientDirectory;
  readonly clientIndex: ClientIndex;
  /** The keys of a client, if it has any. */
  readonly keysOf: (client: Client) => KeySource | undefined;
  readonly decoyKeys: DecoyKeys;
  readonly issuers: TrustedIssuers;
  readonly clock: Clock;
  /** Checks that the clients are up to date: they change at run time. */
  readonly freshness: Freshness;
  readonly failures: FailureLimit;
  readonly requests: RequestLimit;
  /**
   * Uses up an id, on all nodes.
   * @param expiresAt the time until which it must stay used, in seconds since 1970
   * @returns true on the first use @throws Refusal store_unavailable
   */
  readonly useOnce: (id: string, expiresAt: number) => Promise<boolean>;
}

export interface Credentials {
  /** The client ids that the request may mean, the most likely first. */
  readonly clientIds: readonly string[];
  /** Texts that may be a secret. If one is the id of a client, id and secret were swapped. */
  readonly secrets?: readonly string[];
  /** Takes constant time in the caller's input. @throws Refusal with the `client` answer if the credentials are wrong */
  readonly prove: (client: Client, context: AuthenticationContext) => ClientProof | Promise<ClientProof>;
}

export interface ClientProof {
  /** The name in the audit row, if it is not the name of the method. */
  readonly as?: string;
  /** An id that the proof uses up, and the time until which it must stay used, in seconds since 1970. */
  readonly singleUse?: { readonly id: string; readonly expiresAt: number };
}

export interface ClientAuthMethod {
  /** The name in the OAuth registry of token endpoint authentication methods, and in the configuration. */
  readonly name: string;
  /** The form parameters that it reads, besides `client_id`. */
  readonly parameters: readonly string[];
  /**
   * Keys of the client's entry: it needs one of the first, and may have the others. Entries with other methods have none of them.
   */
  readonly keys: { readonly oneOf: readonly ClientKey[]; readonly others?: readonly ClientKey[] };
  /**
   * `credentials`: the request has credentials of the method for no other purpose. `entry`: the client's entry selects the method,
   * since a certificate may only be there to bind tokens to it.
   */
  readonly recognizedBy: 'credentials' | 'entry';
  /** The method needs callers that can present certificates. */
  readonly over?: 'tls';
  /** @returns undefined if the request has no such credentials. @throws Refusal if they cannot be read */
  readonly read: (request: AuthenticationRequest, context: AuthenticationContext) => Credentials | undefined;
}

/** The keys of a client's entry that belong to methods. */
export type ClientKey =
  | 'secret'
  | 'jwks'
  | 'jwksUri'
  | 'assertionAudience'
  | 'assertionLifetime'
  | 'tlsSubject'
  | 'spiffeId'
  | 'publicExchange'
  | 'workload';
