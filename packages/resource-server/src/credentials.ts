// Reads the token from a request: one Authorization header, one scheme, one token (RFC 6750 section 2.1, RFC 9449 section 7.1).
import { Denial, type Scheme } from './refusal.ts';

/** The parts of a request that the check of an access token needs. */
export interface ProtectedRequest {
  readonly method: string;
  /** The path as the client wrote it, below `baseUrl`. A query is ignored. */
  readonly path: string;
  /** Each header with its name. A name may occur several times. */
  readonly headers: Iterable<readonly [name: string, value: string]>;
  /** The TLS certificate of the client, in DER. */
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
  // Another scheme counts as a request without a token.
  if (scheme === undefined || !offered.includes(scheme)) throw new Denial('missing');
  if (!/^[\w\-.~+/]+=*$/.test(rest)) throw new Denial('invalid_request');
  return { scheme, token: rest };
}

export const valuesOf = (headers: ProtectedRequest['headers'], name: string): readonly string[] =>
  [...headers].filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
