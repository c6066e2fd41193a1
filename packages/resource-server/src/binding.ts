// Checks that the caller holds the key that the token is bound to (RFC 7800 `cnf`): a DPoP key (RFC 9449), a certificate
// (RFC 8705) or both. An unknown kind of binding is refused, because nothing here could prove it.
import { createHash } from 'node:crypto';
import type { Credentials, ProtectedRequest } from './credentials.ts';
import { checkProof, type ProofSettings } from './dpop.ts';
import { Denial } from './refusal.ts';
import type { Claims } from './requirements.ts';

export interface BindingSettings {
  /** The URL that a proof must name; undefined if it is not known. */
  readonly proofs: ProofSettings | undefined;
  readonly senderConstraint: 'required' | 'optional';
}

/** @throws Denial */
export async function checkBinding(
  request: ProtectedRequest,
  { scheme, token }: Credentials,
  { cnf }: Claims,
  { proofs, senderConstraint }: BindingSettings,
): Promise<void> {
  const { jkt, 'x5t#S256': certificate } = readConfirmation(cnf);
  // RFC 9449 section 7.2: a bound token is refused as a bearer token, and a proof does not bind an unbound token.
  if ((jkt !== undefined) !== (scheme === 'DPoP')) throw new Denial('invalid_token');
  if (senderConstraint === 'required' && cnf === undefined) throw new Denial('invalid_token');
  if (certificate !== undefined && certificate !== certificateThumbprint(request)) throw new Denial('invalid_token');
  if (jkt === undefined) return;
  if (proofs === undefined) throw new Denial('invalid_token');
  await checkProof(request, { token, jkt }, proofs);
}

interface Confirmation {
  readonly jkt?: string;
  readonly 'x5t#S256'?: string;
}

function readConfirmation(cnf: unknown): Confirmation {
  if (cnf === undefined) return {};
  const members = typeof cnf === 'object' && cnf !== null ? Object.entries(cnf) : [];
  const known = members.every(([name, value]) => /^(jkt|x5t#S256)$/.test(name) && typeof value === 'string');
  if (members.length === 0 || !known) throw new Denial('invalid_token');
  return cnf as Confirmation;
}

/** RFC 8705 section 3.1. */
const certificateThumbprint = ({ certificate }: ProtectedRequest): string | undefined =>
  certificate && createHash('sha256').update(certificate).digest('base64url');
