// The tokens of the fake server: signed, and remembered until they expire or are revoked.

export type Claims = Readonly<Record<string, unknown>>;

export interface Tokens {
  /** @param expiresIn seconds */
  readonly sign: (claims: Claims, expiresIn?: number) => Promise<string>;
  /** The claims of a token of this server that is valid now. */
  readonly read: (token: string) => Claims | undefined;
  /** Revokes it with all that was exchanged for it, unless it is of another client (RFC 7009 section 2.1). */
  readonly revoke: (token: string, clientId: string) => void;
  readonly jwks: () => Promise<{ readonly keys: readonly object[] }>;
}

const KID = 'fake';
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
export const LIFETIME_SECONDS = 3600;

const encode = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const encodeJson = (value: unknown): string => encode(new TextEncoder().encode(JSON.stringify(value)));

export function createTokens(issuer: string, clock: () => number): Tokens {
  const issued = new Map<string, Claims>();
  const revoked = new Set<unknown>();
  let made: ReturnType<typeof makeKeys> | undefined;
  const makeKeys = async () => crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']);
  const keys = () => {
    made ??= makeKeys();
    return made;
  };
  return {
    sign: async (claims, expiresIn = LIFETIME_SECONDS) => {
      const iat = Math.floor(clock() / 1000);
      const all = { iss: issuer, iat, exp: iat + expiresIn, jti: crypto.randomUUID(), ...claims };
      const input = `${encodeJson({ alg: 'ES256', typ: 'at+jwt', kid: KID })}.${encodeJson(all)}`;
      const signature = await crypto.subtle.sign(ALGORITHM, (await keys()).privateKey, new TextEncoder().encode(input));
      const token = `${input}.${encode(new Uint8Array(signature))}`;
      issued.set(token, all);
      return token;
    },
    read: (token) => {
      const claims = issued.get(token);
      if (claims === undefined || Number(claims.exp) * 1000 <= clock()) return undefined;
      return [claims.jti, ...[claims.lineage ?? []].flat()].some((id) => revoked.has(id)) ? undefined : claims;
    },
    revoke: (token, clientId) => {
      const { jti, client_id = clientId } = issued.get(token) ?? {};
      if (jti !== undefined && client_id === clientId) revoked.add(jti);
    },
    jwks: async () => {
      const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', (await keys()).publicKey);
      return { keys: [{ kty, crv, x, y, kid: KID, alg: 'ES256', use: 'sig' }] };
    },
  };
}
