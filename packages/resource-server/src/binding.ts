// Is the caller the one that the token is bound to? RFC 7800 `cnf`: a DPoP key (RFC 9449), a certificate (RFC 8705), both, or
// none. What says that it is bound to something else is refused, for nothing here could prove it.
import { createHash } from 'node:crypto';
import type { Credentials, ProtectedRequest } from './credentials.ts';
import { checkProof, type ProofSettings } from './dpop.ts';
import { Denial } from './refusal.ts';
import type { Claims } from './requirements.ts';

export interface BindingSettings {
  /** Undefined where it is not known which URL a proof should name. */
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
  // RFC 9449 section 7.2: a bound token is no bearer token, and a token that is not bound is not made so by a proof.
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
