// Reads the unverified header and claims of a refused JWT, for the explanation of the refusal.

import { formatTime } from '../primitives/duration.ts';
import { type Sent, TokenRefusal } from '../primitives/refusal.ts';
import { trustDomainOf } from '../primitives/spiffe-id.ts';
import { readCompact } from './jws.ts';

/** A longer token is not read a second time: parsing costs the server time and the caller nothing. */
const MAX_CHARACTERS = 8192;

/** @returns an empty object if the text is not a JWT */
export function presentedClaims(text: string): Sent {
  if (text.length > MAX_CHARACTERS) return {};
  try {
    const { alg, kid, typ, payload } = readCompact(text);
    const { iss, sub, aud, exp, nbf, iat } = payload;
    // The trust domain decides about a JWT-SVID. The rest of its `sub` is not recorded.
    const trust_domain = trustDomainOf(sub);
    return { iss, trust_domain, aud, kid, alg, typ, exp: timeOf(exp), nbf: timeOf(nbf), iat: timeOf(iat) };
  } catch (error) {
    if (error instanceof TokenRefusal) return {};
    throw error;
  }
}

/** Formats a time for people. A value that is not a time is unchanged. */
const timeOf = (value: unknown): unknown =>
  typeof value === 'number' && Math.abs(value) < 1e11 ? formatTime(Math.floor(value)) : value;
