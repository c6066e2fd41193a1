// Who calls? A client as the configuration knows it.
import type { Scope } from '../primitives/scope.ts';
import type { SecretDigest } from '../primitives/secret.ts';

export interface Client {
  readonly id: string;
  /** The one method that it authenticates with: a name from the list in index.ts. */
  readonly auth: string;
  /** Two while a secret is being rotated. */
  readonly secrets: readonly SecretDigest[];
  /** Short names of grants. */
  readonly grants: ReadonlySet<string>;
  /** What client_credentials may ask for; the first is the default. */
  readonly audiences: readonly string[];
  /** Bounds every grant; absent, an exchange is bounded by its rule alone. */
  readonly scopes: Scope | undefined;
  /** The audience of the API that this client is, where it is one. */
  readonly resource: string | undefined;
  /** What it is called as a SAML service provider. */
  readonly saml: { readonly entityId: string; readonly acs: string } | undefined;
  /** No token without a DPoP proof (RFC 9449 section 5.2). */
  readonly dpopBoundAccessTokens: boolean;
  /** Its tokens are bound to the TLS certificate that it presents (RFC 8705 section 3.4). */
  readonly certificateBoundAccessTokens: boolean;
  readonly disabled: boolean;
}

export type Clients = ReadonlyMap<string, Client>;
