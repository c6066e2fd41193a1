// What was asked, and what was told? The ledger of the load, kept outside of the server: every request before it is sent,
// its answer when it comes, and what is known of each token since.
import type { Form } from '../support/harness.ts';

export type Kind = 'own' | 'exchange' | 'single-use' | 'code' | 'assertion' | 'refresh' | 'revoke' | 'introspect';

/** What of these is good once: the parameter that holds it. */
export const once: Partial<Record<Kind, string>> = {
  'single-use': 'subject_token',
  code: 'code',
  assertion: 'client_assertion',
};

/**
 * What an answer may be. `good`: 200, or 503 while something of ours fails. `redeem`: the same, for a token that must be good;
 * it is asked again until it is 200. `dead`: refused, for the token was revoked or used up. `race`: whatever others left of it.
 */
export type Expectation = 'good' | 'redeem' | 'dead' | 'race';

export interface Told {
  readonly status: number;
  readonly requestId: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Attempt {
  readonly kind: Kind;
  /** Where it was sent. */
  readonly url: string;
  readonly form: Form;
  readonly expects: Expectation;
  /** Milliseconds of the harness's own clock. */
  readonly sentAt: number;
  took?: number;
  /** Absent where no answer came. */
  told?: Told;
  /** Why none came, where that is what the fault does. */
  excused?: boolean;
  /** What a verifier said of the token in the answer, where it did not like it. */
  unverified?: string;
}

/** A refresh token and what became of it. */
export interface Family {
  /** As they were received; the last is the head. */
  readonly tokens: string[];
  /** Access tokens that came beside. */
  readonly accessTokens: string[];
  state: 'active' | 'revoked' | 'uncertain';
  /** The head was presented, and no answer came. */
  lostAt?: number;
  /** Does a life still use it? */
  held: boolean;
  examined: boolean;
}

export interface Violation {
  readonly invariant: string;
  readonly what: string;
  /** Where the audit tells more. */
  readonly requestId?: string;
}

export interface Ledger {
  readonly attempts: Attempt[];
  readonly families: Family[];
  /** Access tokens whose revocation got its 200, where and when. */
  readonly revoked: { readonly token: string; readonly url: string; readonly at: number }[];
  /** Broken invariants that were seen while they broke. */
  readonly seen: Violation[];
}

export const openLedger = (): Ledger => ({ attempts: [], families: [], revoked: [], seen: [] });

export const isAcknowledged = ({ told }: Attempt): boolean => told?.status === 200;

/** The refresh token beside an access token, or undefined. */
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
