// Who calls? A client as the configuration knows it.
import type { Bound, Scope } from '../primitives/scope.ts';
import type { SecretDigest } from '../primitives/secret.ts';
import { patternsOf } from '../primitives/spiffe-id.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** Where the public keys of a client are. */
export type ClientKeys =
  | { readonly jwks: JsonObject }
  | { readonly jwksUri: string; readonly network: 'public' | 'private' };

/** What its certificate must say (RFC 8705 section 2.1.2). */
export interface TlsSubject {
  readonly kind: 'dn' | 'dns' | 'uri' | 'ip' | 'email';
  readonly value: string;
}

export interface Client {
  readonly id: string;
  /** The one method that it authenticates with: a name from the list in index.ts. */
  readonly auth: string;
  /** Two while a secret is being rotated. */
  readonly secrets: readonly SecretDigest[];
  /** Of private_key_jwt and self_signed_tls_client_auth. */
  readonly keys?: ClientKeys | undefined;
  /** Of private_key_jwt: `legacy` may address its assertions to the token endpoint too. */
  readonly assertionAudience?: 'legacy' | undefined;
  /** Of tls_client_auth. */
  readonly tlsSubject?: TlsSubject | undefined;
  /** Of spiffe_jwt: an id, or a part of its path and `/*`. */
  readonly spiffeId?: string | undefined;
  /** Of none: may anybody who knows its id exchange? */
  readonly publicExchange?: boolean;
  /** Of none: tokens of this issuer with this audience stand for the client where the request names none. */
  readonly workload?: { readonly issuer: string; readonly audience: string } | undefined;
  /** Short names of grants. */
  readonly grants: ReadonlySet<string>;
  /** What client_credentials may ask for; the first is the default. */
  readonly audiences: readonly string[];
  /** Bounds every grant. `unbounded`: an exchange is bounded by its rule alone, and other grants give no scope. */
  readonly scopes: Bound<Scope>;
  /** The audience of the API that this client is, where it is one. */
  readonly resource: string | undefined;
  /** What it is called as a SAML service provider. */
  readonly saml: { readonly entityId: string; readonly acs: string } | undefined;
  /** No token without a DPoP proof (RFC 9449 section 5.2). */
  readonly dpopBoundAccessTokens: boolean;
  /** Its tokens are bound to the TLS certificate that it presents (RFC 8705 section 3.4). */
  readonly certificateBoundAccessTokens: boolean;
  /** Where a browser may be sent back to, with a code or after signing out. */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  /** Seconds for which a refresh token lives that a person's agreement gave. */
  readonly refreshLifetime: number;
  readonly disabled: boolean;
}

const CLIENT_ID = /^[\x20-\x7e]{1,256}$/;

/** Can a client be called so (RFC 6749 appendix A.1)? The bound holds for everything that keeps an id. */
export const isClientId = (text: string): boolean => text.length <= 256 && CLIENT_ID.test(text);

export type Clients = ReadonlyMap<string, Client>;

/** The clients by what else than their id may name them. */
export interface ClientIndex {
  readonly bySpiffeId: (id: string) => Client | undefined;
  /** @param issuer as its tokens say it */
  readonly byWorkload: (issuer: string, audience: string) => Client | undefined;
}

export function indexClients(clients: Clients): ClientIndex {
  const spiffeIds = new Map([...clients.values()].map((client) => [client.spiffeId, client]));
  const workloads = new Map([...clients.values()].map((client) => [client.workload && keyOf(client.workload), client]));
  return {
    bySpiffeId: (id) =>
      patternsOf(id)
        .map((pattern) => spiffeIds.get(pattern))
        .find((client) => client !== undefined),
    byWorkload: (issuer, audience) => workloads.get(keyOf({ issuer, audience })),
  };
}

const keyOf = ({ issuer, audience }: { issuer: string; audience: string }): string =>
  JSON.stringify([issuer, audience]);
