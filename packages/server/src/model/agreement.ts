// The agreement of a person at sign-in. An authorization code or device code refers to it until the client redeems the code.
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Principal } from '../primitives/principal.ts';
import type { Bound, Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Client } from './client.ts';
import type { Resource } from './resource.ts';

export interface Agreement {
  /** The id in the lineage of every token that is issued for the agreement. */
  readonly id: string;
  readonly clientId: string;
  /** The subject of the account. */
  readonly sub: string;
  /** The person's identity at the upstream provider; undefined for an account of the configuration. */
  readonly origin: Principal | undefined;
  readonly scope: readonly string[];
  /** Audiences. */
  readonly targets: readonly string[];
  /** `acr`, `amr` and `auth_time`. */
  readonly authentication: JsonObject;
  readonly nonce?: string;
  /** The digest of the client's document, as the person saw it. */
  readonly document: string | undefined;
  /** Claims about the person, from the account. */
  readonly claims: JsonObject;
  /** The client that will act for the person, as the consent page said. */
  readonly actor?: string;
  /** The key that the client must prove to redeem the code. */
  readonly confirmation: Confirmation | undefined;
  /** The session in which the person agreed: its id in lineage, and its end in seconds since 1970. */
  readonly session: { readonly id: string; readonly expiresAt: number };
}

/** A code in any state. */
export interface Code {
  /** Its id in the store. */
  readonly artifact: string;
  readonly id: string;
  readonly clientId: string;
  /** The last bulk revocation known when the code was issued; undefined if an earlier version issued it. */
  readonly epoch: number | undefined;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly consumed: boolean;
}

/** RFC 6749 section 4.1, with RFC 7636. */
export interface AuthorizationCode extends Code {
  readonly redirectUri: string;
  /** Absent if the authorization request had none. */
  readonly codeChallenge: string | undefined;
  readonly agreement: Agreement;
}

/** RFC 8628. */
export interface DeviceCode extends Code {
  /** The person's answer; undefined until they answer. */
  readonly agreement: Agreement | 'refused' | 'failed' | undefined;
  /** If it failed: the fault of the request, as the person's page said it. */
  readonly fault: string | undefined;
}

/**
 * What a person may do with the admin API now, by their subject. `unbounded`: the subject is a client, so its token alone says
 * it. @throws Refusal store_unavailable
 */
export type PersonRights = (sub: string) => Promise<Bound<Scope>>;

/** What the token endpoint needs from sign-in. */
export interface SignInCodes {
  /** This server as a resource: the target of tokens that only identify a person. */
  readonly own: Resource;
  /** Undefined without a console: then the admin API has no entries of people. */
  readonly operators: PersonRights | undefined;
  readonly findAuthorizationCode: (text: string) => Promise<AuthorizationCode | undefined>;
  readonly findDeviceCode: (text: string) => Promise<DeviceCode | undefined>;
  /** Records that a device polled. */
  readonly poll: (code: DeviceCode) => Promise<'polled' | 'too soon'>;
  /** Does an account with this subject and provider still exist? */
  readonly hasAccount: (person: { readonly sub: string; readonly origin?: Principal | undefined }) => Promise<boolean>;
  /** The client, with a document that is no older than the one that a person saw. @param seen its digest @throws Refusal client_document_… */
  readonly findClient: (id: string, seen: string) => Promise<Client | undefined>;
}
