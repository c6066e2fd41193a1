// Suspended parties: those of this region, and those that each other region told us of. A row is deleted when the party is resumed.
import { hash } from 'node:crypto';
import { parseOwnJson } from '../primitives/strict-json.ts';
import type { ManyRevoked } from './revocations.ts';
import type { Database, SuspensionRow } from './schema.ts';

/** A suspension as regions tell it each other. */
export interface ToldSuspension {
  readonly id: string;
  readonly issuer: string | null;
  readonly subject: string;
  readonly names: readonly ManyRevoked[];
  readonly reason: string | null;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** In the id of a row that another region told us of, after the name of the region. No own id has it. */
const SEPARATOR = '/';

/** @returns the region that suspended the party; undefined: this one */
export const regionOfSuspension = (id: string): string | undefined =>
  id.includes(SEPARATOR) ? id.slice(0, id.indexOf(SEPARATOR)) : undefined;

/** @returns the id of the row in the region that suspended the party */
export const ownIdOf = (id: string): string => id.slice(id.indexOf(SEPARATOR) + SEPARATOR.length);

/** Inserts a suspension. If the party is suspended already, its reason changes if one is given. */
export async function putSuspension(database: Database, row: SuspensionRow): Promise<void> {
  const { names, reason } = row;
  await database
    .insertInto('suspensions')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ names, ...(reason !== null && { reason }) }))
    .execute();
}

/** @returns false if there was none */
export async function deleteSuspension(database: Database, id: string): Promise<boolean> {
  const { numDeletedRows } = await database.deleteFrom('suspensions').where('id', '=', id).executeTakeFirstOrThrow();
  return numDeletedRows === 1n;
}

/** Oldest first. */
export const listSuspensions = (database: Database): Promise<SuspensionRow[]> =>
  database.selectFrom('suspensions').selectAll().orderBy('suspended_at').orderBy('id').execute();

/** @returns the suspensions of a region among the rows, by their ids there, in the order of these */
export const toldBy = (rows: readonly SuspensionRow[], region: string | undefined): readonly ToldSuspension[] =>
  rows
    .filter(({ id }) => regionOfSuspension(id) === region)
    .map(({ id, issuer, subject, names, reason, suspended_at }) => ({
      id: ownIdOf(id),
      issuer,
      subject,
      names: parseOwnJson<readonly ManyRevoked[]>(names),
      reason,
      since: Number(suspended_at),
    }))
    .toSorted((one, other) => (one.id < other.id ? -1 : 1));

/** Two lists with the same digest are equal. */
export const digestOfSuspensions = (told: readonly ToldSuspension[]): string => {
  const values = told.map(({ id, issuer, subject, names, reason, since }) => [
    ...[id, issuer, subject, reason, since],
    names.map(({ kind, name }) => [kind, name]),
  ]);
  return hash('sha256', JSON.stringify(values), 'base64url');
};

/** Writes what differs from what another region told before. */
export async function replaceTold(
  transaction: Database,
  region: string,
  told: readonly ToldSuspension[],
): Promise<void> {
  const before = toldBy(await listSuspensions(transaction), region);
  const isIn = (list: readonly ToldSuspension[]): ((one: ToldSuspension) => boolean) => {
    const digests = new Set(list.map((one) => digestOfSuspensions([one])));
    return (one) => digests.has(digestOfSuspensions([one]));
  };
  const [stays, isKnown] = [isIn(told), isIn(before)];
  const idHere = (id: string): string => `${region}${SEPARATOR}${id}`;
  for (const { id } of before.filter((one) => !stays(one))) await deleteSuspension(transaction, idHere(id));
  for (const { id, names, since, ...rest } of told.filter((one) => !isKnown(one)))
    await putSuspension(transaction, {
      ...rest,
      id: idHere(id),
      names: JSON.stringify(names),
      suspended_at: since,
    });
}
