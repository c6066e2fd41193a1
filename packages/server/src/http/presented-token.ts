// Verifies the access token of a request and the proof of its key, for every endpoint that takes access tokens (RFC 6750 section
// 2.1, RFC 9449 section 7.1, RFC 8705 section 3).
import { algorithmNames } from '../keys/algorithms.ts';
import { presentedClaims } from '../keys/presented.ts';
import { seconds } from '../primitives/clock.ts';
import { type Confirmation, sameKey, tokenTypeOf } from '../primitives/confirmation.ts';
import { isUndecided, type Reason, Refusal, type Sent } from '../primitives/refusal.ts';
import { formatScope, listedNames } from '../primitives/scope.ts';
import { confirmCertificate, useProof } from '../proof/holder.ts';
import { findOwnAccessToken } from '../subject-tokens/own-token.ts';
import type { ValidatedToken } from '../subject-tokens/validated-token.ts';
import type { Exchange } from './endpoint.ts';

const CREDENTIALS = /^(Bearer|DPoP) +([\w.~+/=-]+)$/i;
type Scheme = 'Bearer' | 'DPoP';

/** @throws Refusal access_token_missing, access_token_invalid, access_token_nonce, store_unavailable */
export async function readPresentedToken({ request, services }: Asked): Promise<ValidatedToken> {
  const [, named, text] = CREDENTIALS.exec(request.headers.authorization ?? '') ?? [];
  if (named === undefined || text === undefined)
    throw refuseToken('access_token_missing', `Bearer, ${challenge('DPoP')}`);
  const scheme: Scheme = named.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer';
  try {
    const token = await findOwnAccessToken(text, { ...services, now: seconds(services.clock) });
    if (token === undefined) throw new Refusal('access_token_invalid');
    const proven = scheme === 'DPoP' ? await proveKey(text, request, services) : certificateOf(request, services);
    const { confirmation } = token;
    // A bound token must come with its key, and any other token as a bearer token.
    const fits = confirmation === undefined ? scheme === 'Bearer' : sameKey(confirmation, proven);
    if (!fits) throw new Refusal('access_token_invalid', { detail: 'it is bound to another key, or to none' });
    return token;
  } catch (error) {
    if (!(error instanceof Refusal) || isUndecided(error)) throw error;
    const reason = error.reason === 'dpop_nonce' ? 'access_token_nonce' : 'access_token_invalid';
    const code = reason === 'access_token_nonce' ? 'use_dpop_nonce' : 'invalid_token';
    throw refuseToken(reason, challenge(scheme, code), { cause: error, sent: presentedClaims(text) });
  }
}

type Asked = Pick<Exchange, 'request' | 'services'>;

/** The URL has our origin, whatever the Host header says, and the path of the request. */
const proveKey = (
  accessToken: string,
  { method, path, headers }: Asked['request'],
  { issuer, clock, nonces, useOnce }: Asked['services'],
): Promise<Confirmation> =>
  useProof(headers.dpop?.toString() ?? '', {
    method,
    url: new URL(issuer).origin + path,
    now: seconds(clock),
    nonces,
    useOnce,
    accessToken,
  });

function certificateOf(request: Asked['request'], { readCertificate }: Asked['services']): Confirmation | undefined {
  const certificate = readCertificate?.(request);
  return certificate && confirmCertificate(certificate);
}

/** RFC 6750 section 3, RFC 9449 section 7.1. */
function challenge(scheme: Scheme, error?: string): string {
  const attributes = error === undefined ? [] : [`error="${error}"`];
  if (scheme === 'DPoP') attributes.push(`algs="${algorithmNames.join(' ')}"`);
  return `${scheme} ${attributes.join(', ')}`;
}

/** The token is valid, but lacks the scope. */
export const refuseScope = ({ confirmation, scope: has }: ValidatedToken, scope: string): Refusal =>
  refuseToken('access_token_scope', `${tokenTypeOf(confirmation)} error="insufficient_scope", scope="${scope}"`, {
    detail: `it has ${formatScope(listedNames(has)) || 'no scope'}, and this needs ${scope}`,
  });

interface Explained {
  readonly cause?: Refusal;
  readonly detail?: string;
  readonly sent?: Sent;
}

/** Without credentials, the challenge only names the schemes. */
export function refuseToken(reason: Reason, wanted: string, { cause, detail, sent }: Explained = {}): Refusal {
  const why = detail ?? cause?.detail ?? (cause?.reason === reason ? undefined : cause?.reason);
  return new Refusal(reason, {
    headers: { 'WWW-Authenticate': wanted },
    ...(why !== undefined && { detail: why }),
    ...(sent && { sent }),
    ...(cause && { cause }),
  });
}
