// Which key does the caller prove to hold? New tokens are bound to it, and tokens that are bound to it are the caller's to use.
import { hash } from 'node:crypto';
import type { AuthenticationContext, PresentedCertificate } from '../client-auth/method.ts';
import type { SingleUse } from '../issuing/authorization.ts';
import type { Client } from '../model/client.ts';
import { type Confirmation, describeKey, sameKey } from '../primitives/confirmation.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type ProofContext, readProof } from './dpop.ts';

export interface Holder {
  /** What new tokens are bound to; undefined: they are bearer tokens. */
  readonly confirmation: Confirmation | undefined;
  /** The proof, which issuing uses up. */
  readonly uses: readonly SingleUse[];
}

/** What a request brings to prove a key with. */
export interface KeyEvidence {
  /** The DPoP header as it came; two of them come as one, with a comma between. */
  readonly dpop: string | undefined;
  readonly certificate: PresentedCertificate | undefined;
}

export interface HolderContext extends ProofContext {
  /** Has a single-use id been used up? */
  readonly isUsed: (id: string) => Promise<boolean>;
}

/** A DPoP proof comes before the certificate: whoever sends one asks for it. @throws Refusal dpop_…, certificate_missing */
export async function proveHolder(
  { dpop, certificate }: KeyEvidence,
  client: Client,
  context: HolderContext,
): Promise<Holder> {
  if (dpop !== undefined) {
    const { jkt, use } = readProof(dpop, context);
    // Before anything happens for its sake; of two at once, the commit lets one pass.
    if (await context.isUsed(use.id)) throw new Refusal(use.replayed);
    return { confirmation: { jkt }, uses: [use] };
  }
  if (client.dpopBoundAccessTokens) throw new Refusal('dpop_missing');
  if (!client.certificateBoundAccessTokens) return { confirmation: undefined, uses: [] };
  if (certificate === undefined) throw new Refusal('certificate_missing');
  return { confirmation: confirmCertificate(certificate), uses: [] };
}

/** A proof where nothing is issued with which it could be committed: it is used up at once. @throws Refusal dpop_… */
export async function useProof(
  text: string,
  { useOnce, ...context }: ProofContext & Pick<AuthenticationContext, 'useOnce'>,
): Promise<{ readonly jkt: string }> {
  const { jkt, use } = readProof(text, context);
  if (!(await useOnce(use.id, use.expiresAt))) throw new Refusal(use.replayed);
  return { jkt };
}

/** RFC 8705 section 3.1. Who issued it does not matter: that its key is held was proven. */
export const confirmCertificate = ({ x509 }: PresentedCertificate): Confirmation => ({
  'x5t#S256': hash('sha256', x509.raw, 'base64url'),
});

/** What was bound to a key is not for whoever has its text. @param bound undefined: to none @throws Refusal dpop_missing, dpop_other_key, refresh_token_bound */
export function requireKey(bound: Confirmation | undefined, proven: Confirmation | undefined): void {
  requireAnyKey(bound, proven);
  if (bound !== undefined && !sameKey(bound, proven))
    throw new Refusal('jkt' in bound ? 'dpop_other_key' : 'refresh_token_bound', {
      detail: `it is bound to ${describeKey(bound)}`,
    });
}

/** A client that authenticates may come with a new key, never with none (RFC 9449 section 5). @throws Refusal dpop_missing */
export function requireAnyKey(bound: Confirmation | undefined, proven: Confirmation | undefined): void {
  if (bound !== undefined && proven === undefined)
    throw new Refusal('dpop_missing', { detail: `it is bound to ${describeKey(bound)}` });
}
