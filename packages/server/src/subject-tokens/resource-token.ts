// Tokens that a resource's own secret signed (HS256). The resource knows the secret and could have made such a token itself, so
// the token is proof to that resource alone. Its type is unlike that of a validated token: nothing else can take it.
import { type CompactJws, readCompact, verifyPresented } from '../keys/jws.ts';
import type { Resource } from '../model/resource.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { readOwnClaims } from './access-token.ts';
import type { ValidationContext } from './validated-token.ts';

declare const verified: unique symbol;

/** Only `readResourceToken` makes one. */
export interface ResourceToken {
  /** The resource whose secret signed it, and the only one that it says anything to. */
  readonly audience: string;
  /** The word of that resource, whoever they name. */
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
  if (first !== audience || others.length > 0) throw new TokenRefusal('audience', 'its aud is not its resource alone');
  if (jws.payload.iss !== context.issuer) throw new TokenRefusal('unknown_issuer');
  return { audience, facts: readOwnClaims(jws.payload, context) } as ResourceToken;
}

/** @returns the resource whose secret it is */
function verifyWithSecret(
  jws: CompactJws,
  { resources, signatures }: Pick<ValidationContext, 'signatures'> & { readonly resources: readonly Resource[] },
): Resource {
  if (jws.typ !== 'at+jwt') throw new TokenRefusal('wrong_type', 'its typ is not at+jwt');
  const resource = resources.find(({ token }) => token.secret !== undefined && token.secret.kid === jws.kid);
  if (resource?.token.secret === undefined) throw new TokenRefusal('unknown_key');
  verifyPresented(jws, resource.token.secret, signatures);
  return resource;
}
