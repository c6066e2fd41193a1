// Converts names of token types (RFC 8693 section 3): short in the configuration and in rules, a URN in requests and answers.

const PREFIX = 'urn:ietf:params:oauth:token-type:';

/** The short names that the URN spells in another way. */
const SPELLINGS: readonly (readonly [name: string, spelled: string])[] = [['id_jag', 'id-jag']];

export const tokenTypeUri = (name: string): string =>
  PREFIX + (SPELLINGS.find(([short]) => short === name)?.[1] ?? name);

/** @returns undefined if the text is not such a URN; names are compared exactly */
export function tokenTypeName(uri: string): string | undefined {
  if (!uri.startsWith(PREFIX)) return undefined;
  const spelled = uri.slice(PREFIX.length);
  // `id_jag` in a URN is not the type.
  if (SPELLINGS.some(([short]) => short === spelled)) return undefined;
  return SPELLINGS.find(([, other]) => other === spelled)?.[0] ?? spelled;
}

/** The types of assertions that the jwt-bearer grant redeems (RFC 7523 section 2.1). They are never exchanged. */
export const redeemedTypes = ['id_jag', 'chaining_grant', 'workload'] as const;
export type RedeemedTypeName = (typeof redeemedTypes)[number];

const redeemed: ReadonlySet<string> = new Set(redeemedTypes);

export const isRedeemed = (type: string): type is RedeemedTypeName => redeemed.has(type);
