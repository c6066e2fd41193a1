// Suspends parties: every token that is about them, was issued to them, or in which they act, is refused until they are resumed.
// Suspensions are in memory, so that the check needs no query; those of other processes arrive by polling.
import type { ClientIndex } from '../model/client.ts';
import type { Principal } from '../primitives/principal.ts';
import { Refusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import { createRepeatable } from '../primitives/serial.ts';
import { trustDomainOf } from '../primitives/spiffe-id.ts';
import { parseOwnJson } from '../primitives/strict-json.ts';
import type { Poll } from '../store/poll.ts';
import { nextRevision } from '../store/registered-clients.ts';
import type { ManyRevoked } from '../store/revocations.ts';
import type { Database, SuspensionRow } from '../store/schema.ts';
import { orUnavailable, type Store } from '../store/store.ts';
import {
  deleteSuspension,
  digestOfSuspensions,
  listSuspensions,
  ownIdOf,
  putSuspension,
  regionOfSuspension,
  toldBy,
} from '../store/suspensions.ts';
import { createTokenNames, type PartyName, storedName, type TokenParties } from './token-names.ts';

/** The name by which a party was suspended: its name in our tokens, or issuer and subject. */
export type Suspendable = { readonly subject: string; readonly issuer?: string | undefined };

export interface Suspension extends Suspendable {
  readonly reason: string | undefined;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** The other region that suspended the party. */
  readonly region?: string | undefined;
}

type Commit = (write: (database: Database) => Promise<void>) => Promise<void>;

/** What the database says, whatever the configuration. */
export interface StoredSuspensions {
  /** @returns the party of the token that is suspended by one of its names in the token; see `withWorkloads` */
  readonly findNamed: (token: TokenParties) => Suspension | undefined;
  /** Oldest first. */
  readonly all: () => readonly Suspension[];
  /**
   * Here when this resolves, on other nodes after their next poll. A party that is suspended already gets the new reason, if there is one.
   * @param names every name that the party has in tokens
   * @param commit runs the write in a transaction with other writes
   */
  readonly suspend: (
    party: Suspendable,
    names: readonly PartyName[],
    about: Pick<Suspension, 'reason' | 'since'>,
    commit: Commit,
  ) => Promise<void>;
  /**
   * Ends the suspension of this region, and of those that the file has no more. Unless another region suspends the party, its tokens are
   * valid again, if they were not revoked. @throws Refusal admin_item_unknown if this region does not suspend the party
   */
  readonly resume: (party: Suspendable, commit: Commit) => Promise<void>;
  /** Identifies the parties that another region suspended, as they are known here. */
  readonly digestOf: (region: string) => string;
  /** Reads what other processes suspended and resumed. */
  readonly poll: Poll;
}

export interface Suspensions extends Omit<StoredSuspensions, 'findNamed'> {
  /** @returns the suspended party of the token; undefined if there is none */
  readonly find: (token: TokenParties) => Suspension | undefined;
}

const idOf = ({ issuer, subject }: Suspendable): string => sha256(JSON.stringify([issuer ?? null, subject]));

/** Reads the rows. */
function readRows(rows: readonly SuspensionRow[], issuer: string, regions: readonly string[]) {
  const names = createTokenNames(issuer);
  /** By the key of each name. */
  const byKey = new Map<string, Suspension>();
  const all = rows.map((row): Suspension => {
    const region = regionOfSuspension(row.id);
    const suspension = {
      subject: row.subject,
      ...(row.issuer !== null && { issuer: row.issuer }),
      reason: row.reason ?? undefined,
      since: Number(row.suspended_at),
      ...(region !== undefined && { region }),
    };
    for (const named of parseOwnJson<readonly ManyRevoked[]>(row.names)) byKey.set(names.add(named), suspension);
    return suspension;
  });
  const digests = new Map(regions.map((region) => [region, digestOfSuspensions(toldBy(rows, region))]));
  return { names, byKey, all, digests };
}

/** Deletes the suspension of this region, and those of regions that are not in the list. @throws Refusal admin_item_unknown if there is none */
async function resumeParty(database: Database, party: Suspendable, regions: readonly string[]): Promise<void> {
  const own = idOf(party);
  const ids = (await listSuspensions(database)).map(({ id }) => id).filter((id) => ownIdOf(id) === own);
  const still = regions.filter((region) => ids.some((id) => regionOfSuspension(id) === region));
  const ended = ids.filter((id) => !still.includes(regionOfSuspension(id) ?? ''));
  if (ended.length === 0)
    throw new Refusal('admin_item_unknown', { detail: `${describeParty(party)} is not suspended${inRegions(still)}` });
  for (const id of ended) await deleteSuspension(database, id);
}

/** @param issuer our own @param regions the other ones */
export async function openSuspensions(
  store: Store,
  issuer: string,
  regions: readonly string[] = [],
): Promise<StoredSuspensions> {
  let known = readRows([], issuer, regions);
  // One read at a time: the earlier of two could be answered last.
  const read = createRepeatable(async (): Promise<void> => {
    known = readRows(await listSuspensions(store), issuer, regions);
  });
  await read();
  return {
    findNamed: (token) => {
      const { byKey, names } = known;
      if (byKey.size === 0) return undefined;
      for (const key of names.keysOf(token)) {
        const found = byKey.get(key);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    all: () => known.all,
    suspend: async (party, given, { reason, since }, commit) => {
      const row = {
        id: idOf(party),
        issuer: party.issuer ?? null,
        subject: party.subject,
        names: JSON.stringify(given.map(storedName)),
        reason: reason ?? null,
        suspended_at: since,
      };
      await orUnavailable(
        commit(async (database) => {
          await nextRevision(database, 'actors');
          await putSuspension(database, row);
        }),
      );
      await orUnavailable(read());
    },
    resume: async (party, commit) => {
      await orUnavailable(
        commit(async (database) => {
          await nextRevision(database, 'actors');
          await resumeParty(database, party, regions);
        }),
      );
      await orUnavailable(read());
    },
    digestOf: (region) => known.digests.get(region) ?? '',
    poll: async (written) => {
      if (written !== 'nothing') await read();
    },
  };
}

/**
 * A client with a pattern of SPIFFE IDs is each of these workloads, whose names are not known when it is suspended. So the client of each
 * workload in a token is looked up, too.
 */
export function withWorkloads(
  { findNamed, ...stored }: StoredSuspensions,
  { issuer, clientIndex }: { readonly issuer: string; readonly clientIndex: Pick<ClientIndex, 'bySpiffeId'> },
): Suspensions {
  const findClient = ({ iss, sub }: Principal): Suspension | undefined => {
    const id = trustDomainOf(sub) !== undefined && iss.startsWith('spiffe://') && clientIndex.bySpiffeId(sub)?.id;
    return id ? findNamed(partiesOfClient(id, issuer)) : undefined;
  };
  const find: Suspensions['find'] = (token) => {
    const found = findNamed(token);
    if (found !== undefined || stored.all().length === 0) return found;
    const { principal, origin, chain } = token;
    const parties = [principal, origin, ...chain.flatMap((actor) => [actor, actor.origin])];
    return parties.flatMap((party) => (party && findClient(party)) ?? []).at(0);
  };
  return { ...stored, find };
}

const partiesOfClient = (id: string, issuer: string): TokenParties => ({
  principal: { iss: issuer, sub: id },
  sub: id,
  clientId: id,
  chain: [],
  actorLineage: [],
});

const inRegions = (regions: readonly string[]): string =>
  regions.length === 0 ? '' : ` in this region. Resume it in the region that suspended it: ${regions.join(', ')}`;

export const describeParty = ({ subject, issuer }: Suspendable): string =>
  issuer === undefined ? subject : `${subject} of ${issuer}`;

interface SuspensionContext {
  readonly issuer: string;
  readonly suspensions: Pick<Suspensions, 'find'>;
}

/** No grant issues a token that would be refused at once. @throws Refusal actor_suspended */
export function refuseSuspended(
  decision: Omit<TokenParties, 'principal'>,
  { issuer, suspensions }: SuspensionContext,
): void {
  const found = suspensions.find({ ...decision, principal: { iss: issuer, sub: decision.sub } });
  if (found !== undefined) throw new Refusal('actor_suspended', { detail: `${describeParty(found)} is suspended` });
}

export const isSuspendedClient = (id: string, { issuer, suspensions }: SuspensionContext): boolean =>
  suspensions.find(partiesOfClient(id, issuer)) !== undefined;

/** A suspended client gets no token, whatever it is about. @throws Refusal client_suspended */
export function refuseSuspendedClient(id: string, context: SuspensionContext): void {
  if (isSuspendedClient(id, context)) throw new Refusal('client_suspended', { detail: `${id} is suspended` });
}
