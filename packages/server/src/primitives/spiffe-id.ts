// Whose workload is this? SPIFFE ids, read strictly (SPIFFE ID sections 2.1 to 2.3).

const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]{1,255})(?:\/(?!\.{1,2}(?:\/|$))[\w.-]+)+$/;

/** The trust domain of a workload's id; undefined where it is none. */
export const trustDomainOf = (id: unknown): string | undefined =>
  typeof id === 'string' && id.length <= 2048 ? SPIFFE_ID.exec(id)?.[1] : undefined;

/** The entries that could mean an id, the closest first: the id itself, then every path above it, ending in `/*`. */
export function patternsOf(id: string): readonly string[] {
  const domain = trustDomainOf(id);
  if (domain === undefined) return [];
  const segments = id.slice(`spiffe://${domain}/`.length).split('/');
  const above = segments.map((_, index) => [`spiffe://${domain}`, ...segments.slice(0, index), '*'].join('/'));
  return [id, ...above.reverse()];
}
