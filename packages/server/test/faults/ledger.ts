// The ledger of the load, kept outside of the server: every request before it is sent, its answer, and what is known of each
// token since.
import type { Form } from '../support/harness.ts';

export type Kind = 'own' | 'exchange' | 'single-use' | 'code' | 'assertion' | 'refresh' | 'revoke' | 'introspect';

/** The parameter that holds the token or code for single use, by kind. */
export const once: Partial<Record<Kind, string>> = {
  'single-use': 'subject_token',
  code: 'code',
  assertion: 'client_assertion',
};

/**
 * The expected answer. `good`: 200, or 503 while a dependency fails. `redeem`: the same, for a token that must be valid; it is
 * repeated until it is 200. `dead`: refused, because the token was revoked or used. `race`: depends on other requests.
 */
export type Expectation = 'good' | 'redeem' | 'dead' | 'race';

export interface Told {
  readonly status: number;
  readonly requestId: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Attempt {
  readonly kind: Kind;
  /** The server that it was sent to. */
  readonly url: string;
  readonly form: Form;
  readonly expects: Expectation;
  /** Milliseconds by the clock of the harness. */
  readonly sentAt: number;
  took?: number;
  /** Absent if no answer came. */
  told?: Told;
  /** Why none came, if the fault causes that. */
  excused?: boolean;
  /** The complaint of a verifier about the token in the answer. */
  unverified?: string;
}

/** A refresh family, as the load knows it. */
export interface Family {
  /** In order of receipt; the last is the current one. */
  readonly tokens: string[];
  /** Access tokens that were issued with them. */
  readonly accessTokens: string[];
  state: 'active' | 'revoked' | 'uncertain';
  /** The current token was presented, and no answer came. */
  lostAt?: number;
  /** Does a life still use it? */
  held: boolean;
  examined: boolean;
}

export interface Violation {
  readonly invariant: string;
  readonly what: string;
  /** The request in the audit, for details. */
  readonly requestId?: string;
}

export interface Ledger {
  readonly attempts: Attempt[];
  readonly families: Family[];
  /** Access tokens whose revocation was answered with 200, where and when. */
  readonly revoked: { readonly token: string; readonly url: string; readonly at: number }[];
  /** Violations that were observed while they happened. */
  readonly seen: Violation[];
}

export const openLedger = (): Ledger => ({ attempts: [], families: [], revoked: [], seen: [] });

export const isAcknowledged = ({ told }: Attempt): boolean => told?.status === 200;

/** The refresh token of the answer, or undefined. */
export const refreshTokenIn = (told: Told | undefined): string | undefined =>
  told?.status === 200 && typeof told.body.refresh_token === 'string' ? told.body.refresh_token : undefined;

export const accessTokenIn = (told: Told | undefined): string | undefined =>
  told?.status === 200 && typeof told.body.access_token === 'string' ? told.body.access_token : undefined;

/** A new family, held by the client that requested it. */
export function openFamily(ledger: Ledger, told: Told | undefined): Family | undefined {
  const token = refreshTokenIn(told);
  if (token === undefined) return undefined;
  const family: Family = {
    tokens: [token],
    accessTokens: [accessTokenIn(told) ?? ''],
    state: 'active',
    held: true,
    examined: false,
  };
  ledger.families.push(family);
  return family;
}

export const headOf = ({ tokens }: Family): string => tokens.at(-1) ?? '';
