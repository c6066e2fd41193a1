// Does the caller hold the key that the token is bound to? A DPoP proof, RFC 9449 sections 4.3 and 7.
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload } from 'jose';
import { type ProtectedRequest, valuesOf } from './credentials.ts';
import { verifyJwt } from './jwt.ts';
import { withStrongKeys } from './keys.ts';
import type { Nonces } from './nonce.ts';
import { Denial } from './refusal.ts';
import type { ReplayStore } from './replay.ts';

export interface ProofSettings {
  readonly baseUrl: string;
  readonly algorithms: readonly string[];
  readonly replay: ReplayStore;
  readonly nonces: Nonces | undefined;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** Seconds for which a proof is good, and by which the caller's clock may be wrong; as at the token endpoint. */
const LIFE = 60;
const LEEWAY = 30;
/** Characters. */
const MAX_ID = 1024;

/** @param jkt the thumbprint of the key that the token is bound to @throws Denial */
export async function checkProof(
  request: ProtectedRequest,
  { token, jkt }: { readonly token: string; readonly jkt: string },
  settings: ProofSettings,
): Promise<void> {
  const { nonces, replay, clock } = settings;
  const [proof, another] = valuesOf(request.headers, 'dpop');
  if (proof === undefined || another !== undefined) throw new Denial('invalid_dpop_proof');
  const { claims, thumbprint } = await readProof(proof, settings);
  const { htm, htu, iat, jti, ath, nonce } = claims;
  const age = typeof iat === 'number' ? clock() / 1000 - iat : Number.NaN;
  const url = normalize(settings.baseUrl.replace(/\/$/, '') + request.path.replace(/[?#].*$/s, ''));
  const good =
    htm === request.method &&
    url !== undefined &&
    normalize(htu) === url &&
    age <= LIFE + LEEWAY &&
    age >= -LEEWAY &&
    typeof jti === 'string' &&
    jti.length > 0 &&
    jti.length <= MAX_ID;
  if (!good) throw new Denial('invalid_dpop_proof');
  if (nonces !== undefined && !nonces.accepts(nonce)) throw new Denial('use_dpop_nonce', { nonce: nonces.current() });
  // A good proof, of another token or of another's key.
  if (ath !== sha256(token) || thumbprint !== jkt) throw new Denial('invalid_token');
  if (!(await isNew(replay, sha256(`${thumbprint} ${jti}`), clock() + (LIFE + 2 * LEEWAY) * 1000))) {
    throw new Denial('invalid_dpop_proof');
  }
}

type ProofClaims = JWTPayload & { readonly htm?: unknown; readonly htu?: unknown };

async function readProof(
  proof: string,
  { algorithms, clock }: ProofSettings,
): Promise<{ readonly claims: ProofClaims; readonly thumbprint: string }> {
  try {
    const { payload, protectedHeader } = await verifyJwt<ProofClaims>(proof, withStrongKeys(EmbeddedJWK), {
      typ: 'dpop+jwt',
      algorithms: [...algorithms],
      requiredClaims: ['jti', 'htm', 'htu', 'iat', 'ath'],
      currentDate: new Date(clock()),
    });
    return { claims: payload, thumbprint: await calculateJwkThumbprint(protectedHeader.jwk ?? {}) };
  } catch (cause) {
    // Nothing but the proof itself has a part in this: a key that cannot be imported is the caller's, too.
    throw new Denial('invalid_dpop_proof', { cause });
  }
}

/** RFC 3986 sections 6.2.2 and 6.2.3. @returns undefined where it is no URL, or has the query that a proof leaves out */
function normalize(htu: unknown): string | undefined {
  if (typeof htu !== 'string' || /[?#]/.test(htu) || !URL.canParse(htu)) return undefined;
  return new URL(htu).href.replace(/%[\da-f]{2}/gi, (octet) => {
    const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16));
    return /[\w\-.~]/.test(character) ? character : octet.toUpperCase();
  });
}

async function isNew(replay: ReplayStore, id: string, until: number): Promise<boolean> {
  try {
    return await replay.remember(id, until);
  } catch (cause) {
    throw new Denial('temporarily_unavailable', { cause });
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');
