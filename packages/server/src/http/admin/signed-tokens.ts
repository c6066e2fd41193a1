// Estimates how many valid tokens each signing key has signed, from the counts of tokens by audience.
import type { IssuedSpan } from '../../audit/overview.ts';
import type { SigningAlgorithm } from '../../keys/algorithms.ts';
import type { HeldKey } from '../../keys/manage.ts';
import type { Resource } from '../../model/resource.ts';

interface Issuing {
  readonly resources: readonly Resource[];
  /** Signs tokens for other audiences, such as grants for other servers. */
  readonly defaultAlgorithm: SigningAlgorithm;
  /** The longest lifetime of a token, in milliseconds. */
  readonly keepAfter: number;
  readonly now: number;
}

/**
 * A token for an audience is counted until the longest lifetime of that audience has passed, under each key that signed in the
 * span of its issuance. So the number is seldom too small: ID tokens are not counted.
 */
export function estimateValid(
  { alg, activatesAt, signsUntil = Number.POSITIVE_INFINITY }: HeldKey,
  spans: readonly IssuedSpan[],
  { resources, defaultAlgorithm, keepAfter, now }: Issuing,
): number {
  const byAudience = new Map(resources.map(({ audience, token }) => [audience, token]));
  const signed = spans.filter(({ audience, from, until }) => {
    const token = byAudience.get(audience);
    if (token?.format === 'opaque' || token?.secret !== undefined) return false;
    const lifetime = token === undefined ? keepAfter : token.lifetime * 1000;
    return (
      (token?.alg ?? defaultAlgorithm) === alg && until > now - lifetime && until > activatesAt && from < signsUntil
    );
  });
  return signed.reduce((sum, { count }) => sum + count, 0);
}
