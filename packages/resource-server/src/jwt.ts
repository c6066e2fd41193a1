// Verifies JWTs with jose, and first refuses those that parsers could read differently.
import {
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import { parseJson } from './json.ts';
import { decodeUtf8 } from './utf8.ts';

/**
 * Also refuses base64url that is not canonical, bytes that are not UTF-8, duplicate members, and unencoded payloads, listed
 * in `crit` or not (RFC 7797 section 7).
 * @throws JOSEError, and the errors of `findKey`
 */
export async function verifyJwt<Claims = JWTPayload>(
  token: string,
  findKey: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult<Claims>> {
  const [header = '', payload = '', signature = ''] = token.split('.');
  decode(signature);
  parse(payload);
  if ('b64' in Object(parse(header))) throw new errors.JWTInvalid('a JWT has no unencoded payload');
  return jwtVerify<Claims>(token, findKey, options);
}

/** RFC 7515 section 2. */
function decode(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw new errors.JWTInvalid('a part is not canonical base64url');
  return bytes;
}

function parse(part: string): unknown {
  const bytes = decode(part);
  try {
    return parseJson(decodeUtf8(bytes));
  } catch (cause) {
    throw new errors.JWTInvalid('a part is not unambiguous JSON', { cause });
  }
}
