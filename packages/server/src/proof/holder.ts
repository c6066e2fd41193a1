// Determines the key that the caller holds. New tokens are bound to it, and the caller may use tokens that are bound to it.
import { hash } from 'node:crypto';
import type { AuthenticationContext, PresentedCertificate } from '../client-auth/method.ts';
import type { SingleUse } from '../issuing/authorization.ts';
import type { Client } from '../model/client.ts';
import { type Confirmation, describeKey, sameKey } from '../primitives/confirmation.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type ProofContext, readProof } from './dpop.ts';

export interface Holder {
  /** The key that new tokens are bound to; undefined for bearer tokens. */
  readonly confirmation: Confirmation | undefined;
  /** Single-use ids of the proof, consumed when a token is issued. */
  readonly uses: readonly SingleUse[];
}

/** The evidence for a key that a request carries. */
export interface KeyEvidence {
  /** The DPoP header as received; two headers are joined with a comma. */
  readonly dpop: string | undefined;
  readonly certificate: PresentedCertificate | undefined;
}

export interface HolderContext extends ProofContext {
  /** Was the single-use id used? */
  readonly isUsed: (id: string) => Promise<boolean>;
}

/** A DPoP proof takes precedence over the certificate. @throws Refusal dpop_…, certificate_missing */
export async function proveHolder(
  { dpop, certificate }: KeyEvidence,
  client: Client,
  context: HolderContext,
): Promise<Holder> {
  if (dpop !== undefined) {
    const { jkt, use } = readProof(dpop, context);
    // Checked before any work is done. Of two simultaneous requests, the commit accepts one.
    if (await context.isUsed(use.id)) throw new Refusal(use.replayed);
    return { confirmation: { jkt }, uses: [use] };
  }
  if (client.dpopBoundAccessTokens) throw new Refusal('dpop_missing');
  if (!client.certificateBoundAccessTokens) return { confirmation: undefined, uses: [] };
  if (certificate === undefined) throw new Refusal('certificate_missing');
  return { confirmation: confirmCertificate(certificate), uses: [] };
}

/** Verifies a proof and consumes it at once, where no token is issued with it. @throws Refusal dpop_… */
export async function useProof(
  text: string,
  { useOnce, ...context }: ProofContext & Pick<AuthenticationContext, 'useOnce'>,
): Promise<{ readonly jkt: string }> {
  const { jkt, use } = readProof(text, context);
  if (!(await useOnce(use.id, use.expiresAt))) throw new Refusal(use.replayed);
  return { jkt };
}

/** RFC 8705 section 3.1. The issuer of the certificate does not matter: the handshake proved its key. */
export const confirmCertificate = ({ x509 }: PresentedCertificate): Confirmation => ({
  'x5t#S256': hash('sha256', x509.raw, 'base64url'),
});

/** Requires the key that a token is bound to. @param bound undefined if it is not bound @throws Refusal dpop_missing, dpop_other_key, refresh_token_bound */
export function requireKey(bound: Confirmation | undefined, proven: Confirmation | undefined): void {
  requireAnyKey(bound, proven);
  if (bound !== undefined && !sameKey(bound, proven))
    throw new Refusal('jkt' in bound ? 'dpop_other_key' : 'refresh_token_bound', {
      detail: `it is bound to ${describeKey(bound)}`,
    });
}

/** Requires a key, if the token is bound: an authenticated client may change its key (RFC 9449 section 5). @throws Refusal dpop_missing */
export function requireAnyKey(bound: Confirmation | undefined, proven: Confirmation | undefined): void {
  if (bound !== undefined && proven === undefined)
    throw new Refusal('dpop_missing', { detail: `it is bound to ${describeKey(bound)}` });
}
