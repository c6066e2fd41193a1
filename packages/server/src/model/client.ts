// A client of the server, from the configuration or registered at run time.

import type { Bound, Scope } from '../primitives/scope.ts';
import type { SecretDigest } from '../primitives/secret.ts';
import { patternsOf } from '../primitives/spiffe-id.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { ClientDocument } from './client-document.ts';
import type { LeashLimits } from './leash.ts';

/** The public keys of a client, or their location. */
export type ClientKeys =
  | { readonly jwks: JsonObject }
  | { readonly jwksUri: string; readonly network: 'public' | 'private' };

/** The subject that the client's certificate must have (RFC 8705 section 2.1.2). */
export interface TlsSubject {
  readonly kind: 'dn' | 'dns' | 'uri' | 'ip' | 'email';
  readonly value: string;
}

/** Which tokens of another issuer identify a client: what is not undefined must match. */
export interface Workload {
  readonly issuer: string;
  /** A member of `aud`. */
  readonly audience?: string | undefined;
  /** Patterns of `sub`. */
  readonly subjects?: readonly string[] | undefined;
  /** Claims, each with the words that it may have. */
  readonly claims?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface Client {
  readonly id: string;
  /** Its name for people. Two clients may have the same one. */
  readonly name?: string | undefined;
  /** Its logo, as a `data:` URI of an image. */
  readonly logo?: string | undefined;
  /** Its home page. */
  readonly uri?: string | undefined;
  /** The client's authentication method, a name from client-auth/index.ts; or both methods that send its secret. */
  readonly auth: readonly string[];
  /** Two while a secret is being rotated. */
  readonly secrets: readonly SecretDigest[];
  /** For private_key_jwt and self_signed_tls_client_auth. */
  readonly keys?: ClientKeys | undefined;
  /** For private_key_jwt. `legacy`: the `aud` of an assertion may also be the token endpoint. */
  readonly assertionAudience?: 'legacy' | undefined;
  /** For private_key_jwt: longest time until the `exp` of an assertion, in seconds. */
  readonly assertionLifetime?: number | undefined;
  /** For tls_client_auth. */
  readonly tlsSubject?: TlsSubject | undefined;
  /** For spiffe_jwt: a SPIFFE ID, or a prefix of its path followed by `/*`. */
  readonly spiffeId?: string | undefined;
  /** For none: anyone who knows the client id may exchange tokens. */
  readonly publicExchange?: boolean;
  /** For none: a token of such a workload identifies the client if the request has no client_id. */
  readonly workload?: Workload | undefined;
  /** Short names of grants. */
  readonly grants: ReadonlySet<string>;
  /** The targets of client_credentials; the first is the default. */
  readonly audiences: readonly string[];
  /** Limits every grant. `unbounded`: only the rule limits an exchange; other grants give no scope. */
  readonly scopes: Bound<Scope>;
  /** The audience of the API, if the client is one. */
  readonly resource: string | undefined;
  /** The client as a SAML service provider. */
  readonly saml: { readonly entityId: string; readonly acs: string } | undefined;
  /** The kinds of party that it is, such as `ai_agent`: `sub_profile` where a token is about it, or it acts. */
  readonly subProfile?: readonly string[] | undefined;
  /** Every token request needs a DPoP proof (RFC 9449 section 5.2). */
  readonly dpopBoundAccessTokens: boolean;
  /** Tokens are bound to the client's TLS certificate (RFC 8705 section 3.4). */
  readonly certificateBoundAccessTokens: boolean;
  /** Where a browser may be redirected with a code. */
  readonly redirectUris: readonly string[];
  /** A redirect URI on `http://localhost` may have any port, as one on 127.0.0.1. */
  readonly anyLocalhostPort?: boolean;
  /** Its redirect URI is a page of this server: compared exactly, and the person is not asked whether to share with it. */
  readonly ownPage?: true;
  /** Does an authorization request need a code_challenge? */
  readonly pkce: 'required' | 'optional';
  /** Where a browser may be redirected after sign-out. */
  readonly postLogoutRedirectUris: readonly string[];
  /** Lifetime in seconds of refresh tokens that a person agreed to. */
  readonly refreshLifetime: number;
  readonly disabled: boolean;
  /** If the client describes itself, at the URL that is its id or when it registered. */
  readonly document?: ClientDocument;
  /** Of all tokens in which it takes part. */
  readonly limits: Bound<LeashLimits>;
}

/** It proves nothing: anyone can send its id. */
export const isPublic = ({ auth }: Pick<Client, 'auth'>): boolean => auth.includes('none');

const CLIENT_ID = /^[\x20-\x7e]{1,256}$/;

/** Is the text a valid client id (RFC 6749 appendix A.1) of at most 256 characters? */
export const isClientId = (text: string): boolean => text.length <= 256 && CLIENT_ID.test(text);

export type Clients = ReadonlyMap<string, Client>;

/** All clients. `get` also returns a client that describes itself, once `find` has returned it; `has` is true of each that may. */
export interface ClientDirectory extends Clients {
  /** May a client without an entry describe itself? */
  readonly describeThemselves: boolean;
  /** Why the id of an unknown client names no document, in words; undefined if it is not a URL, or no client describes itself. */
  readonly whyNotDescribed: (id: string) => string | undefined;
  /** Is it the id of a client without an entry that describes itself? */
  readonly isDescribed: (id: string) => boolean;
  /**
   * Reads the description of a client that describes itself.
   * @param seen the digest of the one that a person saw: an older copy is not used
   * @throws Refusal client_document_…, store_unavailable
   */
  readonly find: (id: string, seen?: string) => Promise<Client | undefined>;
}

/** Finds clients by an identity other than their id. */
export interface ClientIndex {
  readonly bySpiffeId: (id: string) => Client | undefined;
  /** The clients with a workload of this issuer. */
  readonly ofWorkloads: (issuer: string) => readonly Client[];
}

export function indexClients(clients: Clients): ClientIndex {
  const spiffeIds = new Map([...clients.values()].map((client) => [client.spiffeId, client]));
  const workloads = Map.groupBy(clients.values(), ({ workload }) => workload?.issuer);
  return {
    bySpiffeId: (id) =>
      patternsOf(id)
        .map((pattern) => spiffeIds.get(pattern))
        .find((client) => client !== undefined),
    ofWorkloads: (issuer) => workloads.get(issuer) ?? [],
  };
}
