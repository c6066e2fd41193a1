// Signs and verifies JWS, and reads compact serializations strictly. No other file creates or verifies a JWT signature.
import { createHmac, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';
import { decodeBase64url, encodeBase64url } from '../primitives/base64url.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { type JsonObject, parseJsonObject } from '../primitives/strict-json.ts';
import { step } from '../primitives/tracing.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';
import { type AlgorithmName, algorithms } from './algorithms.ts';
import type { SignatureCache } from './signature-cache.ts';

export interface Key {
  readonly kid: string;
  readonly alg: AlgorithmName;
  readonly key: KeyObject;
}

/** A secret shared with one resource (RFC 7518 section 3.2). The resource could sign with it too. */
export interface SecretKey {
  readonly kid: string;
  readonly alg: 'HS256';
  readonly key: KeyObject;
}

/** A JWS in compact serialization (RFC 7515 section 7.1): parsed, not verified. */
export interface CompactJws {
  readonly header: JsonObject;
  readonly alg: string;
  readonly kid: string | undefined;
  /** The media type without `application/`, in lower case (RFC 8725 section 3.11). */
  readonly typ: string | undefined;
  readonly payload: JsonObject;
  readonly signingInput: string;
  readonly signature: Buffer;
  /** The whole token, as received. */
  readonly text: string;
}

/** A longer token is refused before it is parsed. */
const MAX_TOKEN_CHARACTERS = 65_536;

export function signCompact(typ: string, payload: JsonObject, key: Key | SecretKey): string {
  return step('sign', () => writeCompact(typ, payload, key));
}

function writeCompact(typ: string, payload: JsonObject, key: Key | SecretKey): string {
  const { alg, kid } = key;
  const input = `${encodeBase64url(JSON.stringify({ alg, typ, kid }))}.${encodeBase64url(JSON.stringify(payload))}`;
  return `${input}.${encodeBase64url(key.alg === 'HS256' ? mac(input, key) : signWith(input, key))}`;
}

const mac = (input: string, { key }: SecretKey): Buffer => createHmac('sha256', key).update(input).digest();

function signWith(input: string, { alg, key }: Key): Buffer {
  const { digest, options } = algorithms[alg];
  return sign(digest, Buffer.from(input), { key, ...options });
}

/**
 * Reads header and claims without verifying them. Refuses everything that two parsers could read differently: other
 * serializations, padding, duplicate members, header extensions (RFC 7515 section 4.1.11, RFC 8725 section 3).
 * @throws TokenRefusal malformed, critical_header
 */
export function readCompact(token: string, maxCharacters = MAX_TOKEN_CHARACTERS): CompactJws {
  const parts = token.length > maxCharacters ? [] : token.split('.');
  const [headerPart, payloadPart, signaturePart] = parts;
  if (parts.length !== 3 || !headerPart || !payloadPart || !signaturePart) {
    throw new TokenRefusal('malformed', mistakeIn(token) ?? countParts(token));
  }
  const header = decodeObject(headerPart);
  const payload = decodeObject(payloadPart);
  const signature = decodeBase64url(signaturePart);
  if (!header || !payload || !signature)
    throw new TokenRefusal('malformed', mistakeIn(token) ?? 'a part is not canonical base64url of unambiguous JSON');
  if ('crit' in header || 'b64' in header)
    throw new TokenRefusal('critical_header', `the header has ${'crit' in header ? 'crit' : 'b64'}`);
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string') throw new TokenRefusal('malformed', 'the header has no alg');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > 1024))
    throw new TokenRefusal('malformed', 'kid is not a short string');
  if (typ !== undefined && typeof typ !== 'string') throw new TokenRefusal('malformed', 'typ is not a string');
  return {
    header,
    alg,
    kid,
    typ: typ?.toLowerCase().replace(/^application\//, ''),
    payload,
    signingInput: token.slice(0, headerPart.length + 1 + payloadPart.length),
    signature,
    text: token,
  };
}

/**
 * Is the text a JWS or JWE in compact serialization, intact or damaged: parts with dots between them, of which the first is an object?
 * A random text is not, even if it has dots.
 */
export function isJose(text: string): boolean {
  const end = text.indexOf('.');
  if (end < 0) return false;
  // Node ignores other characters: a damaged header is recognised, too.
  return (
    decodeUtf8(Buffer.from(text.slice(0, end), 'base64url'))
      ?.trimStart()
      .startsWith('{') === true
  );
}

/** Common mistakes in the text of a token. */
function mistakeIn(token: string): string | undefined {
  if (/^(?:Bearer|DPoP|Basic)\s/i.test(token)) {
    const [scheme = ''] = token.split(/\s/, 1);
    return `it begins with “${scheme}”, which belongs in a header: send only the text of the token`;
  }
  if (/\n$/.test(token)) return 'it ends in a line feed: send the token without it';
  if (/\s$/.test(token)) return 'it ends with white space';
  if (/^\s/.test(token)) return 'it begins with white space';
  if (/^["']|["']$/.test(token)) return 'it is in quotes: send only the text of the token';
  if (token.startsWith('{')) return 'it is JSON: send only the value of its member access_token or id_token';
  return undefined;
}

function countParts(token: string): string {
  if (token.length > MAX_TOKEN_CHARACTERS) return `it is longer than ${MAX_TOKEN_CHARACTERS} characters`;
  const parts = token.split('.', 6).length;
  if (parts === 5) return 'it has five parts, so it is encrypted (JWE): only signed tokens are accepted';
  return `it is not three base64url parts with dots between them${parts < 3 ? `, but ${parts}` : ''}`;
}

const decodeObject = (part: string): JsonObject | undefined => {
  const bytes = decodeBase64url(part);
  const text = bytes && decodeUtf8(bytes);
  return text === undefined ? undefined : parseJsonObject(text);
};

const wrongAlgorithm = ({ alg }: Key | SecretKey): TokenRefusal =>
  new TokenRefusal('algorithm', `its key is for ${alg}`);

type Signed = Pick<CompactJws, 'alg' | 'signingInput' | 'signature'>;

/** Verifies with the key's algorithm, which the token's must equal. @throws TokenRefusal algorithm, signature */
export function verifyCompact(jws: Signed, key: Key | SecretKey): void {
  if (jws.alg !== key.alg) throw wrongAlgorithm(key);
  const verified = step('verify', () => (key.alg === 'HS256' ? verifyMac(jws, key) : verifyWith(jws, key)));
  if (!verified) throw new TokenRefusal('signature');
}

/** Like `verifyCompact`, for tokens that are presented repeatedly. @throws TokenRefusal algorithm, signature */
export function verifyPresented(jws: CompactJws, key: Key | SecretKey, { verifyOnce }: SignatureCache): void {
  if (jws.alg !== key.alg) throw wrongAlgorithm(key);
  verifyOnce(jws.text, key.key, () => verifyCompact(jws, key));
}

function verifyMac({ signingInput, signature }: Signed, key: SecretKey): boolean {
  const expected = mac(signingInput, key);
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}

function verifyWith({ signingInput, signature }: Signed, { alg, key }: Key): boolean {
  const { digest, options } = algorithms[alg];
  return verify(digest, Buffer.from(signingInput), { key, ...options }, signature);
}
