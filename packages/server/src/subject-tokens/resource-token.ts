// Validates tokens signed by a resource's own secret (HS256). The resource could have made such a token itself, so it proves
// something to that resource only. It has a type of its own, so that it is never used as a validated token.
import { requireAccessToken } from '../issuing/access-token-form.ts';
import { type CompactJws, readCompact, verifyPresented } from '../keys/jws.ts';
import type { Resource } from '../model/resource.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { readOwnClaims } from './access-token.ts';
import type { ValidationContext } from './validated-token.ts';

declare const verified: unique symbol;

/** Only `readResourceToken` creates one. */
export interface ResourceToken {
  /** The resource whose secret signed it: the only one that it is valid for. */
  readonly audience: string;
  /** Vouched for by that resource only. */
  readonly facts: TokenFacts;
  readonly [verified]: true;
}

/** @throws TokenRefusal */
export function readResourceToken(
  text: string,
  context: ValidationContext & { readonly resources: readonly Resource[] },
): ResourceToken {
  const jws = readCompact(text);
  const { audience } = verifyWithSecret(jws, context);
  const { aud } = jws.payload;
  const [first, ...others] = Array.isArray(aud) ? aud : [aud];
  if (first !== audience || others.length > 0)
    throw new TokenRefusal('audience', 'its aud is not exactly the resource whose secret signed it');
  if (jws.payload.iss !== context.issuer) throw new TokenRefusal('unknown_issuer');
  return { audience, facts: readOwnClaims(jws.payload, context) } as ResourceToken;
}

/** @returns the resource whose secret signed the token */
function verifyWithSecret(
  jws: CompactJws,
  { resources, signatures }: Pick<ValidationContext, 'signatures'> & { readonly resources: readonly Resource[] },
): Resource {
  requireAccessToken(jws);
  const resource = resources.find(({ token }) => token.secret !== undefined && token.secret.kid === jws.kid);
  if (resource?.token.secret === undefined) throw new TokenRefusal('unknown_key');
  verifyPresented(jws, resource.token.secret, signatures);
  return resource;
}
