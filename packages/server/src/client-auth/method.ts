// What is a way to authenticate a client? It recognises its credentials in a request, and proves them against an entry.
import type { X509Certificate } from 'node:crypto';
import type { Client, ClientIndex, Clients } from '../model/client.ts';
import type { Clock } from '../primitives/clock.ts';
import type { Parameters } from '../primitives/parameters.ts';
import type { Freshness } from '../store/freshness.ts';
import type { TrustedIssuers } from '../trust/issuer.ts';
import type { KeySource } from '../trust/key-cache.ts';
import type { DecoyKeys } from './decoy-keys.ts';
import type { FailureLimit } from './failure-limit.ts';
import type { RequestLimit } from './request-limit.ts';

export interface AuthenticationRequest {
  /** The Authorization header as it came. */
  readonly authorization: string | undefined;
  readonly parameters: Parameters;
  /** Where the request came from. */
  readonly address: string;
  readonly certificate: PresentedCertificate | undefined;
  /** A token that the request is about, which may stand for a client that it does not name. */
  readonly subjectToken?: string | undefined;
}

/** A TLS client certificate: that the caller has its key was proven, to us or to a proxy that we trust (RFC 8705). */
export interface PresentedCertificate {
  readonly x509: X509Certificate;
  /** Was it issued under one of the configured authorities? It may have expired since. Costs a signature check. */
  readonly isTrusted: () => boolean;
}

/** What methods prove with: one reading of the configuration, and what the process keeps. */
export interface AuthenticationContext {
  /** Our own. */
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly clients: Clients;
  readonly clientIndex: ClientIndex;
  /** The keys of a client that has any. */
  readonly keysOf: (client: Client) => KeySource | undefined;
  readonly decoyKeys: DecoyKeys;
  readonly issuers: TrustedIssuers;
  readonly clock: Clock;
  /** Of the clients: they change at run time. */
  readonly freshness: Freshness;
  readonly failures: FailureLimit;
  readonly requests: RequestLimit;
  /**
   * Uses an id up, on all nodes.
   * @param expiresAt until when it must stay used, in seconds since 1970
   * @returns whether this was its first use @throws Refusal store_unavailable
   */
  readonly useOnce: (id: string, expiresAt: number) => Promise<boolean>;
}

export interface Credentials {
  /** The ids that the request may mean, likeliest first. */
  readonly clientIds: readonly string[];
  /** What may be a secret of the client: where it is the id of one, id and secret stand in each other's place. */
  readonly secrets?: readonly string[];
  /** Constant time in what the caller sent. @throws Refusal with the `client` answer where they prove nothing */
  readonly prove: (client: Client, context: AuthenticationContext) => ClientProof | Promise<ClientProof>;
}

export interface ClientProof {
  /** What the audit row calls the method, where not by its name. */
  readonly as?: string;
  /** An id that the proof uses up, and until when it must stay used, in seconds since 1970. */
  readonly singleUse?: { readonly id: string; readonly expiresAt: number };
}

export interface ClientAuthMethod {
  /** The name in the OAuth registry of token endpoint authentication methods, and in the configuration. */
  readonly name: string;
  /** The form parameters that it reads beside `client_id`. */
  readonly parameters: readonly string[];
  /** Keys of the client's entry: it has one of the first, and may have the others; other methods have none of them. */
  readonly keys: { readonly oneOf: readonly ClientKey[]; readonly others?: readonly ClientKey[] };
  /**
   * `credentials`: what it reads stands in the request for no other reason. `entry`: the client's entry says that the method
   * is meant, for a certificate may be there to bind tokens to.
   */
  readonly recognizedBy: 'credentials' | 'entry';
  /** It is of use only where callers can show certificates. */
  readonly over?: 'tls';
  /** @returns undefined where the request holds no such credentials. @throws Refusal where they cannot be read */
  readonly read: (request: AuthenticationRequest, context: AuthenticationContext) => Credentials | undefined;
}

/** The keys of a client's entry that belong to methods. */
export type ClientKey =
  | 'secret'
  | 'jwks'
  | 'jwksUri'
  | 'assertionAudience'
  | 'tlsSubject'
  | 'spiffeId'
  | 'publicExchange'
  | 'workload';
