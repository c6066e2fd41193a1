// Verifies DPoP proofs (RFC 9449 sections 4.3 and 7).
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

/** A proof is accepted for this long; clocks may differ by the leeway. The token endpoint uses the same values. */
const PROOF_LIFETIME_SECONDS = 60;
const LEEWAY_SECONDS = 30;
const MAX_ID_CHARACTERS = 1024;

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
    age <= PROOF_LIFETIME_SECONDS + LEEWAY_SECONDS &&
    age >= -LEEWAY_SECONDS &&
    typeof jti === 'string' &&
    jti.length > 0 &&
    jti.length <= MAX_ID_CHARACTERS;
  if (!good) throw new Denial('invalid_dpop_proof');
  if (nonces !== undefined && !nonces.accepts(nonce)) throw new Denial('use_dpop_nonce', { nonce: nonces.current() });
  // The proof is valid, but for another token or by another key.
  if (ath !== sha256(token) || thumbprint !== jkt) throw new Denial('invalid_token');
  if (
    !(await isNew(
      replay,
      sha256(`${thumbprint} ${jti}`),
      clock() + (PROOF_LIFETIME_SECONDS + 2 * LEEWAY_SECONDS) * 1000,
    ))
  ) {
    throw new Denial('invalid_dpop_proof');
  }
}

type ProofClaims = JWTPayload & { readonly htm?: unknown; readonly htu?: unknown };

async function readProof(
  proof: string,
  { algorithms, clock }: ProofSettings,
): Promise<{ readonly claims: ProofClaims; readonly thumbprint: string }> {
  try {
    const { payload, protectedHeader } = await verifyJwt<ProofClaims>(proof, withStrongKeys(EmbeddedJWK, 'caller'), {
      typ: 'dpop+jwt',
      algorithms: [...algorithms],
      requiredClaims: ['jti', 'htm', 'htu', 'iat', 'ath'],
      currentDate: new Date(clock()),
    });
    return { claims: payload, thumbprint: await calculateJwkThumbprint(protectedHeader.jwk ?? {}) };
  } catch (cause) {
    // Importing the key is part of verifying the proof: a key that cannot be imported is the caller's fault.
    throw new Denial('invalid_dpop_proof', { cause });
  }
}

/** Normalizes a URL (RFC 3986 sections 6.2.2 and 6.2.3) without its query. @returns undefined if it is not a URL */
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
