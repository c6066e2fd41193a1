// What did a person agree to? What an authorization code or a device code stands for, until the client comes for its tokens.
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Principal } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Resource } from './resource.ts';

export interface Agreement {
  /** What lineage knows it by: everything that is issued for it derives from this. */
  readonly id: string;
  readonly clientId: string;
  /** Of the account. */
  readonly sub: string;
  /** Who they are at the provider that signed them in; undefined for an account of ours. */
  readonly origin: Principal | undefined;
  readonly scope: readonly string[];
  /** Audiences. */
  readonly targets: readonly string[];
  /** `acr`, `amr` and `auth_time`. */
  readonly authentication: JsonObject;
  readonly nonce?: string;
  /** What the account's entry says of the person. */
  readonly claims: JsonObject;
  /** The client that the person was told would act for them. */
  readonly actor?: string;
  /** The key that the client must prove when it comes for the tokens. */
  readonly confirmation: Confirmation | undefined;
  /** The session in which it was said: what lineage knows that by, and when it ends, in seconds since 1970. */
  readonly session: { readonly id: string; readonly expiresAt: number };
}

/** A code, whatever became of it. */
export interface Code {
  /** In the store. */
  readonly artifact: string;
  readonly id: string;
  readonly clientId: string;
  /** The last revocation of many tokens that was known when it was given; absent, an earlier version gave it. */
  readonly epoch: number | undefined;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly consumed: boolean;
}

/** RFC 6749 section 4.1, with RFC 7636. */
export interface AuthorizationCode extends Code {
  readonly redirectUri: string;
  readonly codeChallenge: string;
  readonly agreement: Agreement;
}

/** RFC 8628. */
export interface DeviceCode extends Code {
  /** What the person said, where they have said something. */
  readonly agreement: Agreement | 'refused' | undefined;
}

/** What the token endpoint asks of sign-in. */
export interface SignInCodes {
  /** What a token is for that only tells who somebody is: this server itself. */
  readonly own: Resource;
  readonly findAuthorizationCode: (text: string) => Promise<AuthorizationCode | undefined>;
  readonly findDeviceCode: (text: string) => Promise<DeviceCode | undefined>;
  /** A device asks again. */
  readonly poll: (code: DeviceCode) => Promise<'polled' | 'too soon'>;
  /** Is there still an account with this subject, of the same provider? */
  readonly hasAccount: (person: { readonly sub: string; readonly origin?: Principal | undefined }) => Promise<boolean>;
}
