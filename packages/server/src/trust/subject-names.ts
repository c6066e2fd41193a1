// Whose is a name that a subject has in our tokens? A client's, an account's, or a person's of one issuer: never two of these.
import type { Clients } from '../model/client.ts';
import { type Principal, prefixOf, voucherEntry } from '../primitives/principal.ts';

export interface SubjectNames {
  /** What stands before the subjects of an issuer here, for each of its entries; empty for one that is not trusted. */
  readonly namesOf: (iss: string) => readonly string[];
  /** Is the issuer trusted for which this stands in `actor_lineage`? */
  readonly isTrustedVoucher: (word: string) => boolean;
  /** @returns whose the name is, in words, where it is a client's or an account's of ours */
  readonly ownerHere: (name: string) => string | undefined;
  /** The provider at which people sign in: each is called by its name and their `sub`. */
  readonly upstream: { readonly issuer: string; readonly name: string } | undefined;
  /**
   * @param by who would be called so: the name of the issuer that says it, and the subject there
   * @returns who else has the name, in words; undefined where nobody has
   */
  readonly otherOwner: (
    name: string,
    by: { readonly name: string; readonly principal: Principal },
  ) => string | undefined;
}

/** @param issuers the names that stand before their subjects here, whichever kind of issuer they are */
export function indexSubjectNames(owners: {
  readonly clients: Clients;
  readonly accounts: readonly { readonly sub: string }[];
  readonly upstream: { readonly issuer: string; readonly name: string } | undefined;
  readonly issuers: readonly ({ readonly name: string } & (
    | { readonly issuer: string }
    | { readonly entityId: string }
  ))[];
}): SubjectNames {
  const { clients, upstream } = owners;
  const accounts = new Set(owners.accounts.map(({ sub }) => sub));
  const issuers = new Set(owners.issuers.map(({ name }) => name));
  const byIss = Map.groupBy(
    [
      ...(upstream ? [upstream] : []),
      ...owners.issuers.map((one) => ({ name: one.name, issuer: 'issuer' in one ? one.issuer : one.entityId })),
    ],
    ({ issuer }) => issuer,
  );
  /**
   * People of the provider are known here by its name and theirs, from both of its entries. A SAML entry may have the same id, and
   * has another name: a NameID is not a `sub`.
   */
  const isOfUpstream = (name: string, by: { readonly name: string; readonly principal: Principal }): boolean =>
    by.name === upstream?.name &&
    by.principal.iss === upstream.issuer &&
    name === `${upstream.name}:${by.principal.sub}`;
  let words: ReadonlySet<string> | undefined;
  const ownerHere = (name: string): string | undefined =>
    clients.has(name) ? 'a client' : accounts.has(name) ? 'an account' : undefined;
  return {
    isTrustedVoucher: (word) => {
      words ??= new Set([...byIss.keys()].map(voucherEntry));
      return words.has(word);
    },
    ownerHere,
    namesOf: (iss) => (byIss.get(iss) ?? []).map(({ name }) => name),
    upstream,
    otherOwner: (name, by) => {
      const here = ownerHere(name);
      if (here !== undefined) return here;
      const before = prefixOf(name);
      if (before === upstream?.name) return isOfUpstream(name, by) ? undefined : 'a person of upstream';
      return issuers.has(before) && before !== by.name ? `the issuer ${before}` : undefined;
    },
  };
}
