// Implements the authorization_code grant (RFC 6749 section 4.1.3) with PKCE (RFC 7636).

import { timingSafeEqual } from 'node:crypto';
import { authorize } from '../issuing/authorization.ts';
import type { AuthorizationCode } from '../model/agreement.ts';
import type { Client } from '../model/client.ts';
import { noteWanted, readTargets } from '../narrowing/wanted.ts';
import { formatDuration } from '../primitives/duration.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import { refuseOtherRegion } from '../regions/elsewhere.ts';
import { type CodeServices, decideAgreed } from './agreed.ts';
import type { Grant, GrantRequest } from './grant.ts';
import { refuseReused } from './reused-code.ts';

export const authorizationCode = {
  name: 'authorization_code',
  grantType: 'authorization_code',
  parameters: ['code', 'redirect_uri', 'code_verifier', 'audience', 'resource'],
  authorize: async (request: GrantRequest, services: CodeServices) => {
    const { parameters, client, event, now } = request;
    const { revocations, signIn, targeting } = services;
    const text = parameters.get('code');
    if (text === undefined) throw new Refusal('parameter_missing', { parameter: 'code' });
    const wanted = readTargets(parameters);
    noteWanted(event, { ...wanted, scope: undefined }, targeting);
    const code = await signIn?.findAuthorizationCode(text);
    if (signIn === undefined || code === undefined) {
      refuseOtherRegion(services.elsewhere.regionOfCode(text));
      throw new Refusal('code_unknown');
    }
    const { agreement } = code;
    event.agreement = agreement.id;
    if (code.clientId !== client.id)
      throw new Refusal('code_client', { detail: `it was issued to ${code.clientId}, and ${client.id} sent it` });
    await refuseReused(code, event, revocations);
    if (code.expiresAt <= now)
      throw new Refusal('code_expired', { detail: `it expired ${formatDuration(now - code.expiresAt)} ago` });
    checkSameRequest(code, parameters, client);
    return authorize(await decideAgreed(agreement, code, wanted, request, services));
  },
} as const satisfies Grant;

/**
 * RFC 7636 section 4.6. OAuth 2.1 does not require redirect_uri here; if it is sent, it is compared. Without PKCE it is required: then
 * it alone ties the request to the authorization request (RFC 6749 section 4.1.3).
 */
function checkSameRequest(
  { redirectUri, codeChallenge }: AuthorizationCode,
  parameters: Parameters,
  { pkce }: Client,
): void {
  const uri = parameters.get('redirect_uri');
  if (uri !== undefined && uri !== redirectUri) {
    const detail = `the authorization request had ${redirectUri}`;
    throw new Refusal('code_redirect_uri', { detail, sent: { redirect_uri: uri } });
  }
  const verifier = parameters.get('code_verifier') ?? '';
  if (codeChallenge === undefined) {
    if (pkce === 'required') throw new Refusal('code_verifier', { detail: 'the authorization request had no PKCE' });
    // RFC 9700 section 4.8.2: the challenge may have been removed on the way.
    if (verifier !== '')
      throw new Refusal('code_verifier', { detail: 'the authorization request had no code_challenge' });
    if (uri === undefined) throw new Refusal('parameter_missing', { parameter: 'redirect_uri' });
    return;
  }
  if (/^[\w.~-]{43,128}$/.test(verifier) && isSame(sha256(verifier), codeChallenge)) return;
  const detail = verifier === '' ? 'it is missing' : `it has ${verifier.length} characters, and its SHA-256 is another`;
  throw new Refusal('code_verifier', { detail });
}

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
