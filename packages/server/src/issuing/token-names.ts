// Finds the names under which many tokens are revoked or suspended at once: of the subject, the client and the actors of a token.
import {
  actingName,
  actingPrincipal,
  type Chain,
  digestOf,
  isVoucherEntry,
  type Principal,
  voucherEntry,
} from '../primitives/principal.ts';
import { shortName } from '../primitives/short-name.ts';
import type { ManyRevoked } from '../store/revocations.ts';

/** The parties of a token, present and past. */
export interface TokenParties {
  readonly actorLineage: readonly string[];
  /** Issuer and subject, as its issuer states them. */
  readonly principal: Principal;
  /** The subject's name in our tokens. */
  readonly sub: string;
  /** Issuer and subject at the issuer that a foreign subject came from. */
  readonly origin?: Principal | undefined;
  readonly clientId: string | undefined;
  readonly chain: Chain;
}

/** The tokens of a party: of a subject, by its name here or at its issuer, or of a client. */
export type PartyName = { readonly subject: string } | { readonly principal: Principal } | { readonly client: string };

/** The tokens of a bulk revocation: of a party, all of this server that depend on the word of an issuer, or all of this server. */
export type BulkRevocation = PartyName | { readonly issuer: string } | { readonly all: true };

/** The form of a name in the store. */
export function storedName(many: BulkRevocation): ManyRevoked {
  if ('subject' in many) return { kind: 'subject', name: shortName(many.subject) };
  if ('client' in many) return { kind: 'client', name: shortName(many.client) };
  if ('all' in many) return { kind: 'all', name: '' };
  // Every principal of the issuer. The form of the name differs from that of one principal.
  if ('issuer' in many) return { kind: 'principal', name: voucherEntry(many.issuer) };
  return { kind: 'principal', name: digestOf(many.principal) };
}

const ALL = { all: true } as const;

export const keyOfName = ({ kind, name }: ManyRevoked): string => `${kind}:${name}`;

export interface TokenNames {
  /** From now on, `keysOf` finds the name in tokens. @returns its key */
  readonly add: (named: ManyRevoked) => string;
  /** The keys of all names of a token. */
  readonly keysOf: (token: TokenParties) => readonly string[];
}

/** @param issuer our own */
export function createTokenNames(issuer: string): TokenNames {
  /** An actor's entry in `actor_lineage` → its key. */
  const acting = new Map<string, string>();
  let principals = false;
  let issuers = false;
  return {
    add: (named) => {
      const key = keyOfName(named);
      if (named.kind === 'principal' && isVoucherEntry(named.name)) {
        issuers = true;
        acting.set(named.name, key);
      } else if (named.kind === 'principal') {
        principals = true;
        acting.set(actingPrincipal(named.name), key);
      }
      if (named.kind === 'subject') acting.set(actingName(named.name), key);
      return key;
    },
    keysOf: ({ principal, sub, origin, clientId = '', chain, actorLineage }) => {
      const isOurs = principal.iss === issuer;
      const parties = [principal, ...(origin ? [origin] : []), ...chain];
      const ours: BulkRevocation[] = [{ subject: sub }, { client: clientId }, ...(isOurs ? [ALL] : [])];
      const actors = chain.filter(({ iss }) => iss === issuer).map((actor) => ({ subject: actor.sub }));
      const foreign = principals
        ? [...parties, ...chain.flatMap((actor) => actor.origin ?? [])].map((party) => ({ principal: party }))
        : [];
      // A token of the issuer itself counts again once its issuer is trusted again; what came of it does not.
      const vouching =
        issuers && isOurs
          ? [...new Set([origin, ...chain, ...chain.map((actor) => actor.origin)].flatMap((one) => one?.iss ?? []))]
          : [];
      const vouched = vouching.map((iss) => ({ issuer: iss }));
      const named = actorLineage.flatMap((id) => (isOurs || !isVoucherEntry(id) ? (acting.get(id) ?? []) : []));
      return [...[...ours, ...actors, ...foreign, ...vouched].map((one) => keyOfName(storedName(one))), ...named];
    },
  };
}
