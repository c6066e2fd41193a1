// Finds the owner of a subject name in our tokens: a client, an account, or a person of one issuer, never two of these.
import type { Clients } from '../model/client.ts';
import { grantVoucherEntry, type Principal, prefixOf, voucherEntry } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { redeemedTypes } from '../primitives/token-type.ts';
import type { IssuerEntry } from './issuer.ts';

export interface SubjectNames {
  /** The prefixes of an issuer's subjects in our tokens, one for each of its entries; empty if the issuer is not trusted. */
  readonly namesOf: (iss: string) => readonly string[];
  /** Is the issuer of this entry of `actor_lineage` still trusted, for the kind of grant that the entry may name? */
  readonly isTrustedVoucher: (entry: string) => boolean;
  /** @returns the owner, in words, if the name belongs to a client or an account of ours */
  readonly ownerHere: (name: string) => string | undefined;
  readonly isAccount: (sub: string) => boolean;
  /** @returns the `sub` of the only account with this address; undefined if there is none, or several */
  readonly accountOfEmail: (email: string) => string | undefined;
  /** The provider where people sign in. A person's name is the name of the provider and their `sub`. */
  readonly upstream: { readonly issuer: string; readonly name: string } | undefined;
  /**
   * @param by the party that would get the name: the name of the issuer that says it, and the subject there
   * @returns the other owner of the name, in words; undefined if there is none
   */
  readonly otherOwner: (
    name: string,
    by: { readonly name: string; readonly principal: Principal },
  ) => string | undefined;
}

/** @param issuers of any kind, with the prefixes of their subjects */
export function indexSubjectNames(owners: {
  readonly clients: Clients;
  readonly accounts: readonly { readonly sub: string; readonly claims: JsonObject }[];
  readonly upstream: { readonly issuer: string; readonly name: string } | undefined;
  readonly issuers: readonly ({ readonly name: string } & (
    | Pick<IssuerEntry, 'issuer' | 'grants'>
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
   * People of the provider have the same name through both of its entries. A SAML entry may have the same id, and has another name:
   * a NameID is not a `sub`.
   */
  const isOfUpstream = (name: string, by: { readonly name: string; readonly principal: Principal }): boolean =>
    by.name === upstream?.name &&
    by.principal.iss === upstream.issuer &&
    name === `${upstream.name}:${by.principal.sub}`;
  let vouchers: ReadonlySet<string> | undefined;
  const ownerHere = (name: string): string | undefined =>
    clients.has(name) ? 'a client' : accounts.has(name) ? 'an account' : undefined;
  return {
    isAccount: (sub) => accounts.has(sub),
    accountOfEmail: (email) => {
      const [found, another] = owners.accounts.filter(({ claims }) => claims.email === email);
      return another === undefined ? found?.sub : undefined;
    },
    isTrustedVoucher: (entry) => {
      vouchers ??= new Set([
        ...[...byIss.keys()].map(voucherEntry),
        ...owners.issuers.flatMap((one) => ('issuer' in one ? grantVouchersOf(one) : [])),
      ]);
      return vouchers.has(entry);
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

const grantVouchersOf = ({ issuer, grants }: Pick<IssuerEntry, 'issuer' | 'grants'>): readonly string[] =>
  redeemedTypes.filter((kind) => grants[kind] !== undefined).map((kind) => grantVoucherEntry(issuer, kind));
