// Verifies DPoP proofs: the caller holds the key, and signed this request now (RFC 9449 section 4.3).
import type { SingleUse } from '../issuing/authorization.ts';
import { type CompactJws, type Key, readCompact, verifyCompact } from '../keys/jws.ts';
import { thumbprint } from '../keys/thumbprint.ts';
import { checkTimes } from '../primitives/claims.ts';
import { formatDuration } from '../primitives/duration.ts';
import { isName } from '../primitives/principal.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { readKeySet } from '../trust/key-set.ts';
import type { Nonces } from './nonces.ts';

/** The request that the proof must be made for. */
export interface ProofContext {
  readonly method: string;
  /** From the configured issuer: a Host header is not trusted. */
  readonly url: string;
  /** Seconds since 1970. */
  readonly now: number;
  /** Undefined if nonces are not required. */
  readonly nonces: Nonces | undefined;
  /** The access token that is sent with the proof; undefined at the token endpoint. */
  readonly accessToken?: string;
}

export interface Proof {
  /** The thumbprint of the key (RFC 7638). */
  readonly jkt: string;
  readonly use: SingleUse;
}

/** Maximum age of a proof. */
const MAX_AGE_SECONDS = 60;
/** Tolerated difference between the clocks of caller and server. */
const LEEWAY_SECONDS = 30;

/** @throws Refusal dpop_… */
export function readProof(text: string, context: ProofContext): Proof {
  const jws = readJws(text);
  const jkt = verifyKey(jws);
  const { htm, htu, iat, jti, nonce, ath } = jws.payload;
  if (!isName(jti)) throw malformed('jti is missing or malformed');
  if (typeof iat !== 'number') throw malformed('iat is missing');
  if (htm !== context.method)
    throw new Refusal('dpop_request', { detail: `htm is not ${context.method}`, sent: { htm } });
  const url = normalUrl(context.url);
  if (url === undefined || typeof htu !== 'string' || normalUrl(htu) !== url)
    throw new Refusal('dpop_request', { detail: `htu is not ${context.url}`, sent: { htu } });
  checkTimeClaims(jws.payload, context.now);
  if (!(iat > context.now - MAX_AGE_SECONDS - LEEWAY_SECONDS && iat < context.now + LEEWAY_SECONDS))
    throw new Refusal('dpop_time', { detail: describeAge(Math.round(context.now - iat)) });
  if (context.accessToken !== undefined && ath !== sha256(context.accessToken)) throw new Refusal('dpop_access_token');
  if (context.nonces !== undefined && !context.nonces.isValid(nonce)) throw new Refusal('dpop_nonce');
  const expiresAt = Math.ceil(iat) + MAX_AGE_SECONDS + LEEWAY_SECONDS;
  return { jkt, use: { id: sha256(JSON.stringify(['dpop', jkt, jti])), expiresAt, replayed: 'dpop_replayed' } };
}

function readJws(text: string): CompactJws {
  try {
    const jws = readCompact(text);
    if (jws.typ !== 'dpop+jwt') throw malformed('its typ is not dpop+jwt');
    return jws;
  } catch (error) {
    throw error instanceof TokenRefusal ? malformed(error.message) : error;
  }
}

/** @param age in seconds; negative if the caller's clock is ahead */
const describeAge = (age: number): string =>
  age < 0
    ? `iat is ${formatDuration(-age)} ahead of the clock of this server; ${LEEWAY_SECONDS} s are tolerated`
    : `it was made ${formatDuration(age)} ago; a proof is valid for ${MAX_AGE_SECONDS} s, and ${LEEWAY_SECONDS} s are tolerated`;

/** A proof needs neither `exp` nor `nbf`, but they are checked if present (RFC 7519 section 4.1). */
function checkTimeClaims({ exp, nbf }: JsonObject, now: number): void {
  try {
    checkTimes({ exp: exp === undefined ? now : exp, nbf }, now, LEEWAY_SECONDS);
  } catch (error) {
    throw error instanceof TokenRefusal ? new Refusal('dpop_time', { detail: error.detail, cause: error }) : error;
  }
}

const malformed = (detail: string): Refusal => new Refusal('dpop_malformed', { detail });

/** Verifies with the key in the header, which must be a public key of a known kind. @returns its thumbprint */
function verifyKey(jws: CompactJws): string {
  const key = findKey(jws);
  try {
    verifyCompact(jws, key);
  } catch (error) {
    throw error instanceof TokenRefusal ? new Refusal('dpop_signature', { cause: error }) : error;
  }
  // Exported by Node, so that one key has one thumbprint however its JWK is written.
  return thumbprint({ ...key.key.export({ format: 'jwk' }) });
}

function findKey({ header, alg }: CompactJws): Key {
  const { kid: _kid, ...jwk } = (header.jwk ?? {}) as JsonObject;
  const keys = readKeySet({ keys: [jwk] });
  if (typeof keys === 'string') throw new Refusal('dpop_key', { detail: keys });
  const key = keys.find({ alg, kid: undefined });
  if (key === undefined) throw new Refusal('dpop_key', { detail: 'its jwk is not a public key for its alg' });
  return key;
}

/** The characters of a URL without query and fragment. */
const PLAIN_URL = /^https?:\/\/[\w\-.~:/[\]@!$&'()*+,;=%]+$/i;
const UNRESERVED = /[\w\-.~]/;

/** RFC 3986 sections 6.2.2 and 6.2.3. @returns undefined if the text is not an http or https URL without query and fragment */
function normalUrl(text: string): string | undefined {
  if (!PLAIN_URL.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).href.replace(/%[0-9a-f]{2}/gi, (octet) => {
    const char = String.fromCharCode(Number.parseInt(octet.slice(1), 16));
    return UNRESERVED.test(char) ? char : octet.toUpperCase();
  });
}
