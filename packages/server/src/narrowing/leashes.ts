// Which limits does a token count for? Those of each client and each actor that takes part in it, under every name that they have.
import { type Client, type Clients, indexClients } from '../model/client.ts';
import type { Leash, LeashLimits } from '../model/leash.ts';
import { matchesAny } from '../primitives/pattern.ts';
import { digestOf, type Principal } from '../primitives/principal.ts';
import { trustDomainOf } from '../primitives/spiffe-id.ts';

/** An entry of `actors`: names that are one actor, or one actor each. */
export interface ActorEntry {
  readonly name: string;
  /** Patterns of ids of our clients. */
  readonly clients: readonly string[];
  /** `iss` values, for `subjects`. */
  readonly issuers: ReadonlySet<string>;
  /** Patterns of subjects at one of `issuers`. */
  readonly subjects: readonly string[];
  /** `each`: every name has counts of its own. */
  readonly count: 'together' | 'each';
  readonly limits: LeashLimits;
}

/** A party by its name here, and where it came from. */
export type LeashParty = Principal & { readonly origin?: Principal | undefined };

export interface Leashes {
  /** Nobody has limits. */
  readonly isEmpty: boolean;
  /** @returns each limit once, by key */
  readonly of: (parties: readonly LeashParty[], inherited: readonly string[]) => readonly Leash[];
}

/** Nobody has limits. */
export const NO_LEASHES: Leashes = { isEmpty: true, of: () => [] };

/** @param issuer our own */
export function indexLeashes(actors: readonly ActorEntry[], clients: Clients, issuer: string): Leashes {
  const own = new Map([...clients.values()].flatMap((client) => leashOf(client)));
  const { bySpiffeId } = indexClients(clients);
  const byName = (party: LeashParty): readonly Leash[] => [
    ...(isClient(party, issuer) ? (own.get(party.sub) ?? []) : []),
    ...actors.flatMap((entry) => holds(entry, party, issuer)),
  ];
  /** A client that authenticates by its JWT-SVID is the workload that the SVID names. */
  const find = (party: LeashParty): readonly Leash[] => {
    const { iss, sub } = party.origin ?? party;
    const client = iss === `spiffe://${trustDomainOf(sub)}` ? bySpiffeId(sub) : undefined;
    return [...byName(party), ...(client === undefined ? [] : byName({ iss: issuer, sub: client.id }))];
  };
  const byKey = (key: string): readonly Leash[] => {
    const found = own.get(key.slice(CLIENT.length));
    if (key.startsWith(CLIENT)) return found ?? [];
    const [name = '', digest] = key.slice(ACTOR.length).split('#');
    const entry = actors.find((one) => one.name === name);
    return entry !== undefined && (entry.count === 'each') === (digest !== undefined) ? [toLeash(entry, digest)] : [];
  };
  return {
    isEmpty: own.size === 0 && actors.length === 0,
    of: (parties, inherited) => {
      const found = [...parties.flatMap(find), ...inherited.flatMap(byKey)];
      return [...new Map(found.map((leash) => [leash.key, leash])).values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    },
  };
}

const CLIENT = 'client ';
const ACTOR = 'actor ';

const leashOf = ({ id, limits }: Client): readonly (readonly [string, readonly Leash[]])[] =>
  limits === 'unbounded' ? [] : [[id, [{ key: CLIENT + id, name: CLIENT + id, limits }]]];

/** A party with an origin is a subject of another issuer, whatever its name here. */
const isClient = ({ iss, origin }: LeashParty, issuer: string): boolean => iss === issuer && origin === undefined;

function holds(entry: ActorEntry, party: LeashParty, issuer: string): readonly Leash[] {
  const { clients, issuers, subjects } = entry;
  const names = party.origin === undefined ? [party] : [party, party.origin];
  const isHeld =
    (isClient(party, issuer) && matchesAny(clients, party.sub)) ||
    names.some(({ iss, sub }) => issuers.has(iss) && matchesAny(subjects, sub));
  if (!isHeld) return [];
  return [toLeash(entry, entry.count === 'each' ? digestOf(party.origin ?? party) : undefined)];
}

const toLeash = ({ name, limits }: ActorEntry, digest: string | undefined): Leash => ({
  key: `${ACTOR}${name}${digest === undefined ? '' : `#${digest}`}`,
  name: ACTOR + name,
  limits,
});
