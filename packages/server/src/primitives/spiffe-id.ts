// Parses SPIFFE IDs strictly (SPIFFE ID sections 2.1 to 2.3).

const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]{1,255})(?:\/(?!\.{1,2}(?:\/|$))[\w.-]+)+$/;

/** @returns the trust domain of a SPIFFE ID, or undefined if the value is not a SPIFFE ID */
export const trustDomainOf = (id: unknown): string | undefined =>
  typeof id === 'string' && id.length <= 2048 ? SPIFFE_ID.exec(id)?.[1] : undefined;

/** The patterns that match an id, the most specific first: the id itself, then every parent path followed by `/*`. */
export function patternsOf(id: string): readonly string[] {
  const domain = trustDomainOf(id);
  if (domain === undefined) return [];
  const segments = id.slice(`spiffe://${domain}/`.length).split('/');
  const above = segments.map((_, index) => [`spiffe://${domain}`, ...segments.slice(0, index), '*'].join('/'));
  return [id, ...above.reverse()];
}
