// What did the caller present? RFC 6750 section 2.1, RFC 9449 section 7.1: one Authorization header, one scheme, one token.
import { Denial, type Scheme } from './refusal.ts';

/** A request, as far as an access token depends on it. */
export interface ProtectedRequest {
  readonly method: string;
  /** As the client wrote it, below `baseUrl`; a query is ignored. */
  readonly path: string;
  /** Each header with its name; a name may come several times. */
  readonly headers: Iterable<readonly [name: string, value: string]>;
  /** What the client showed in TLS, in DER. */
  readonly certificate?: Uint8Array | undefined;
}

export interface Credentials {
  readonly scheme: Scheme;
  readonly token: string;
}

const SCHEMES: readonly Scheme[] = ['Bearer', 'DPoP'];

/** @throws Denial missing, invalid_request */
export function readCredentials(headers: ProtectedRequest['headers'], offered: readonly Scheme[]): Credentials {
  const [header, another] = valuesOf(headers, 'authorization');
  if (another !== undefined) throw new Denial('invalid_request');
  const [, name = '', rest = ''] = /^([^ ]*) *(.*)$/.exec(header ?? '') ?? [];
  const scheme = SCHEMES.find((one) => one.toLowerCase() === name.toLowerCase());
  // Another scheme is no attempt to use a token.
  if (scheme === undefined || !offered.includes(scheme)) throw new Denial('missing');
  if (!/^[\w\-.~+/]+=*$/.test(rest)) throw new Denial('invalid_request');
  return { scheme, token: rest };
}

export const valuesOf = (headers: ProtectedRequest['headers'], name: string): readonly string[] =>
  [...headers].filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
