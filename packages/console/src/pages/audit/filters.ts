// The filters of the audit: their names in the URL, in words and in the admin API, and how a text in the search field becomes one.
import type { UrlState } from '../../frame/define-page.ts';
import { looksLikeToken } from '../../shared/token-text.ts';
import type { page } from './page.ts';

export type AuditState = UrlState<(typeof page)['readers']>;
export type FilterName = Exclude<keyof AuditState, 'request' | 'live'>;
/** Filters that are not empty. */
export type Filter = Partial<Record<FilterName, string>>;

/** In the order of the form. */
export const FILTER_WORDS: Readonly<Record<FilterName, string>> = {
  client: 'Client',
  subject: 'Subject',
  actor: 'Actor',
  chain: 'At any position',
  target: 'Target',
  outcome: 'Outcome',
  reason: 'Reason',
  rule: 'Rule',
  token: 'Token id',
  issuer: 'Issuer of the party',
  since: 'From',
  until: 'Until',
};

export const FILTER_NAMES = Object.keys(FILTER_WORDS) as readonly FilterName[];

/** The names in the admin API, where they differ. */
const API_NAMES: Partial<Record<FilterName, string>> = { chain: 'party', target: 'audience' };

export const filterOf = (state: AuditState): Filter =>
  Object.fromEntries(FILTER_NAMES.filter((name) => state[name] !== '').map((name) => [name, state[name]]));

/** The filter as query parameters of `GET /audit`. */
export const queryOf = (filter: Filter): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(filter).map(([name, value]) => [API_NAMES[name as FilterName] ?? name, value]));

/** UUIDs of version 7 are ids of requests. Those of tokens have another version. */
const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** A UUID, a digest, or an id of this server: 36 random characters. Letters of both cases tell it from a name of that length. */
const TOKEN_ID = /^(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?=.*[a-z])(?=.*[A-Z])[\w-]{36}|[\w-]{43})$/;
const PAIR = /(\w+):("[^"]*"|\S+)/g;

/**
 * What a text in the search field means: the id of a request opens its row, the id of a token is a filter, `actor:agent subject:ada` are
 * filters, and any other text is a party at any position. @returns undefined for a token: its text does not belong into a URL
 */
export function readSearch(typed: string): Partial<AuditState> | undefined {
  // The key that leads to the field may have been pressed in it.
  const text = typed.trim().replace(/^\/?(?:urn:uuid:)?/i, '');
  if (looksLikeToken(text)) return undefined;
  if (REQUEST_ID.test(text.toLowerCase())) return { request: text.toLowerCase() };
  if (TOKEN_ID.test(text)) return { token: text };
  const pairs = [...text.matchAll(PAIR)].flatMap(([pair, name = '', value = '']) =>
    name in FILTER_WORDS || name === 'request' ? [{ pair, name, value: value.replaceAll('"', '') }] : [],
  );
  const set = pairs.map(({ name, value }) => [name, name === 'since' || name === 'until' ? readTime(value) : value]);
  const rest = pairs.reduce((left, { pair }) => left.replace(pair, ''), text).trim();
  return { ...Object.fromEntries(set), ...(rest !== '' && { chain: rest }) };
}

const HOUR_MS = 3_600_000;
export const PERIODS: Readonly<Record<string, number>> = {
  'Last hour': HOUR_MS,
  'Last 24 hours': 24 * HOUR_MS,
  'Last 7 days': 7 * 24 * HOUR_MS,
  'Last 30 days': 30 * 24 * HOUR_MS,
};

/** @returns an ISO time, of a full minute */
export const timeBefore = (milliseconds: number, now = Date.now()): string =>
  `${new Date(now - milliseconds).toISOString().slice(0, 16)}:00Z`;

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS };

/** `7d` is seven days ago. Any other text is for the server to read. */
function readTime(text: string): string {
  const [, count = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const size = UNITS_MS[unit];
  return size === undefined ? text : timeBefore(Number(count) * size);
}

/** The value of a field of the type `datetime-local`. */
export function toLocal(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return '';
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export const fromLocal = (local: string): string =>
  local === '' ? '' : new Date(local).toISOString().replace('.000Z', 'Z');

const SHORT = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

/** The value of a filter, for a person: times in the local zone, and any other as it is. */
export function describeValue(name: FilterName, value: string): string {
  const time = name === 'since' || name === 'until' ? new Date(value) : undefined;
  return time === undefined || Number.isNaN(time.getTime()) ? value : SHORT.format(time);
}
