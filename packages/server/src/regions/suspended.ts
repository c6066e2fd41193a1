// Regions tell each other of suspended parties: each its own, in pages, whenever the list differs from the one that was read.
import { findRevision, nextRevision } from '../store/registered-clients.ts';
import type { Store } from '../store/store.ts';
import {
  digestOfSuspensions,
  listSuspensions,
  replaceTold,
  type ToldSuspension,
  toldBy,
} from '../store/suspensions.ts';
import type { SuspendedPage } from './messages.ts';

/** Bytes of JSON of the parties in one page: in base64url, less than a region reads of one answer. */
const PAGE_BYTES = 200_000;

/** The parties that this region suspended. */
interface OwnSuspended {
  readonly all: readonly ToldSuspension[];
  readonly digest: string;
}

/** @returns a function that reads the parties that this region suspended, if one has changed */
export function createOwnSuspended(store: Store): () => Promise<OwnSuspended> {
  let known: (OwnSuspended & { readonly revision: number }) | undefined;
  return async () => {
    // The revision first: a change between the two is read again.
    const revision = await findRevision(store, 'actors');
    if (known?.revision === revision) return known;
    const all = toldBy(await listSuspensions(store), undefined);
    known = { revision, all, digest: digestOfSuspensions(all) };
    return known;
  };
}

/** @param after the id of the last party that was read; empty: none */
export function pageOfSuspended({ all, digest }: OwnSuspended, after: string): SuspendedPage {
  const suspended: ToldSuspension[] = [];
  let bytes = 0;
  const rest = all.filter(({ id }) => id > after);
  for (const one of rest) {
    bytes += Buffer.byteLength(JSON.stringify(one));
    if (bytes > PAGE_BYTES && suspended.length > 0) break;
    suspended.push(one);
  }
  return { suspended, more: suspended.length < rest.length, digest };
}

/**
 * Reads all pages of another region, and keeps the list.
 * @param digest of the list, as the region told it @throws Error if the list changed meanwhile: it is read again with the next poll
 */
export async function readSuspended(
  store: Store,
  region: string,
  { digest, page }: { readonly digest: string; readonly page: (after: string) => Promise<SuspendedPage> },
): Promise<void> {
  const told: ToldSuspension[] = [];
  for (let more = true; more; ) {
    const next = await page(told.at(-1)?.id ?? '');
    if (next.digest !== digest || (next.more && next.suspended.length === 0))
      throw new Error('its suspended parties changed while they were read');
    told.push(...next.suspended);
    more = next.more;
  }
  await store.transaction().execute(async (transaction) => {
    // First the lock, so that nodes of this region replace the rows one after the other.
    await nextRevision(transaction, 'actors');
    await replaceTold(transaction, region, told);
  });
}
