// What does every validator of a token type return? A token that proved itself, in one shape for all types.
import type { TokenTrace } from '../audit/event.ts';
import type { Client, ClientIndex, Clients } from '../client-auth/client.ts';
import type { RefreshFamily } from '../issuing/family.ts';
import type { Party } from '../issuing/party.ts';
import type { SecretKey } from '../keys/jws.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Principal } from '../primitives/principal.ts';
import type { Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { TrustedIssuers } from '../trust/issuer.ts';
import type { SamlIssuerEntry } from '../trust/saml-issuer.ts';

declare const validated: unique symbol;

export interface TokenFacts extends Party {
  /** The name that the subject has in our tokens. */
  readonly sub: string;
  /** Where a subject of foreign origin came from (RFC 9493 `iss_sub`). */
  readonly origin: Principal | undefined;
  /** What lineage knows the token by. */
  readonly id: string;
  /** The ids that it derives from. */
  readonly lineage: readonly string[];
  readonly actorLineage: readonly string[];
  /** What the token may do here; undefined where its type has no scope of ours, so that the rule's list counts. */
  readonly scope: Scope | undefined;
  /** Seconds since 1970; undefined where the token does not say. */
  readonly issuedAt: number | undefined;
  /** Seconds since 1970; always known: a token without an end is refused. */
  readonly expiresAt: number;
  /** The key that the token is bound to (`cnf`). */
  readonly confirmation: Confirmation | undefined;
  /** Who may act for the subject, with `iss` spelled out (RFC 8693 section 4.4). */
  readonly mayAct: JsonObject | undefined;
  /** `acr`, `amr`, `auth_time` where the token has them. */
  readonly authentication: JsonObject;
  /** Claims that the issuer's entry adds to our token. */
  readonly extraClaims: JsonObject;
  /** An id that issuing uses up, and until when it must stay used, in seconds since 1970. */
  readonly singleUse?: { readonly id: string; readonly expiresAt: number };
}

/** Only the validators of this folder make one. */
export type ValidatedToken = TokenFacts & { readonly [validated]: true };

export const asValidated = (facts: TokenFacts): ValidatedToken => facts as ValidatedToken;

/** What validators may ask. */
export interface ValidationContext {
  /** Our own issuer. */
  readonly issuer: string;
  readonly keys: KeyRing;
  readonly clients: Clients;
  readonly clientIndex: ClientIndex;
  /** Who presents the token. */
  readonly client: Client;
  readonly issuers: TrustedIssuers;
  /** SAML identity providers by entity id. */
  readonly saml: ReadonlyMap<string, SamlIssuerEntry>;
  /** Our own URL, to which assertions are addressed. */
  readonly tokenEndpoint: string;
  /**
   * The secret of a resource, by `kid`. Not for exchanges: the resource could have made the token itself, so that it proves
   * nothing to anybody else.
   */
  readonly secretOf?: (kid: string) => SecretKey | undefined;
  /** The claims of an opaque token of ours, as JSON, by the hash of its text. */
  readonly findOpaque: (hash: string) => Promise<string | undefined>;
  readonly findFamily: (id: string) => Promise<RefreshFamily | undefined>;
  /** The key of the refresh tokens' MAC. */
  readonly refreshKey: string;
  /** Seconds since 1970. */
  readonly now: number;
}

export interface SubjectTokenType {
  /** The short name, as the configuration says it. */
  readonly name: string;
  /** @throws TokenRefusal */
  readonly validate: (token: string, context: ValidationContext) => Promise<ValidatedToken>;
}

export const traceOf = (token: ValidatedToken, declaredType: string): TokenTrace => ({
  iss: token.principal.iss,
  sub: token.principal.sub,
  id: token.id,
  declaredType,
  type: token.type,
  clientId: token.clientId,
  audiences: token.audiences,
  scope: token.scope && [...token.scope],
  ...(typeof token.authentication.acr === 'string' && { acr: token.authentication.acr }),
  ...(token.confirmation && { confirmation: token.confirmation }),
  chain: token.chain,
  expiresAt: token.expiresAt,
});
