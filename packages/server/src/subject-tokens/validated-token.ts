// The result of every token type's validator: a validated token, in one form for all types.
import type { TokenTrace } from '../audit/event.ts';
import type { Granted } from '../issuing/authorization.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { SignatureCache } from '../keys/signature-cache.ts';
import type { Client, ClientIndex, Clients } from '../model/client.ts';
import type { RefreshFamily } from '../model/refresh-family.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import type { Policy } from '../policy/policy.ts';
import { withoutOrigins } from '../primitives/principal.ts';
import type { Role } from '../primitives/refusal.ts';
import type { Elsewhere } from '../regions/elsewhere.ts';
import type { XmlLoader } from '../saml/document.ts';
import type { TrustedIssuers } from '../trust/issuer.ts';
import type { DecryptionKey, SamlIssuerEntry } from '../trust/saml-issuer.ts';
import type { SubjectNames } from '../trust/subject-names.ts';

declare const validated: unique symbol;

/** Only the validators in this folder create one. */
export type ValidatedToken = TokenFacts & { readonly [validated]: true };

export const asValidated = (facts: TokenFacts): ValidatedToken => facts as ValidatedToken;

/** What validators need: one version of the configuration, and state of the process. */
export interface ValidationServices {
  /** This server's issuer. */
  readonly issuer: string;
  readonly keys: KeyRing;
  readonly signatures: SignatureCache;
  readonly clients: Clients;
  readonly clientIndex: ClientIndex;
  readonly policy: Policy;
  readonly issuers: TrustedIssuers;
  /** The owners of subject names in our tokens. */
  readonly names: SubjectNames;
  /** SAML identity providers by entity id. */
  readonly saml: ReadonlyMap<string, SamlIssuerEntry>;
  readonly loadXml: XmlLoader;
  readonly samlDecryptionKeys: readonly DecryptionKey[];
  /** This server's URL, to which assertions must be addressed. */
  readonly tokenEndpoint: string;
  /** Finds the claims of an opaque token of this server, as JSON, by the hash of its text. */
  readonly findOpaque: (hash: string) => Promise<string | undefined>;
  /** Which records do other regions have? */
  readonly elsewhere: Elsewhere;
  readonly findFamily: (id: string) => Promise<RefreshFamily | undefined>;
  /** The key of the refresh tokens' MAC. */
  readonly refreshKey: string;
  /** What an access token for the family would be granted now, without requested limits. @throws Refusal */
  readonly regrant: (family: RefreshFamily, now: number) => Promise<Granted>;
}

export interface ValidationContext extends ValidationServices {
  /** The client that presents the token. */
  readonly client: Client;
  readonly role: Role;
  /** Seconds since 1970. */
  readonly now: number;
}

export interface SubjectTokenType {
  /** The short name in the configuration. */
  readonly name: string;
  /** @throws TokenRefusal */
  readonly validate: (token: string, context: ValidationContext) => Promise<ValidatedToken>;
}

export const traceOf = (token: TokenFacts, declaredType: string): TokenTrace => ({
  iss: token.principal.iss,
  sub: token.principal.sub,
  ...(token.account && { account: token.account }),
  id: token.id,
  declaredType,
  type: token.type,
  clientId: token.clientId,
  audiences: token.audiences,
  ...(token.scope !== 'unbounded' && { scope: [...token.scope] }),
  ...(token.agreedAudiences !== 'unbounded' && { agreedAudiences: token.agreedAudiences }),
  ...(typeof token.authentication.acr === 'string' && { acr: token.authentication.acr }),
  ...(token.confirmation && { confirmation: token.confirmation }),
  chain: withoutOrigins(token.chain),
  expiresAt: token.expiresAt,
  ...(Object.keys(token.unmapped ?? {}).length > 0 && { unmapped: token.unmapped }),
});
