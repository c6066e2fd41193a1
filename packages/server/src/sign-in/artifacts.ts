// Where does the library keep what it must remember? In our store: found by hashes, sealed, and expiring by our clock.
import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Sealer } from '../keys/sealing.ts';
import type { Clock } from '../primitives/clock.ts';
import { seconds, systemClock } from '../primitives/clock.ts';
import type { Principal } from '../primitives/principal.ts';
import { Refusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import { parseOwnJson } from '../primitives/strict-json.ts';
import type { SignInArtifactRow } from '../store/schema.ts';
import {
  consumeArtifact,
  deleteArtifact,
  findArtifact,
  putArtifact,
  updateArtifact,
} from '../store/sign-in-artifacts.ts';
import { orUnavailable, type Store } from '../store/store.ts';

export interface ArtifactContext {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly clock: Clock;
}

/** What a row is called whose holder shows this value. The library's `kind` is the name of its model. */
export const artifactId = (kind: string, value: string): string => sha256(`${kind} ${value}`);

/** How a session is called by those who do not hold it: lineage, and rows that point at it. */
export const sessionHandle = (uid: string): string => artifactId('Session uid', uid);
const userCodeHandle = (userCode: string): string => artifactId('user code', userCode);

export interface Artifact {
  readonly row: SignInArtifactRow;
  readonly payload: AdapterPayload;
}

const purposeOf = (id: string): string => `sign-in artifact ${id}`;

/** Expired ones as well: who asks decides. */
export async function readArtifact(
  by: 'id' | 'handle',
  value: string,
  { store, sealer, clock }: ArtifactContext,
): Promise<Artifact | undefined> {
  const row = await orUnavailable(findArtifact(store, by, value));
  if (row === undefined) return undefined;
  const payload: AdapterPayload = parseOwnJson(sealer.open(row.payload, purposeOf(row.id)));
  // The library has only the system's clock: what is left by ours is left by that one.
  const exp = seconds(systemClock) + Math.ceil((Number(row.expires_at) - clock()) / 1000);
  return { row, payload: { ...payload, exp, ...(row.consumed_at !== null && { consumed: true }) } };
}

/** @param lifetime in seconds @param write a row that is updated stays away where it was deleted meanwhile */
export function writeArtifact(
  id: string,
  handle: string | null,
  payload: object,
  lifetime: number,
  { store, sealer, clock }: ArtifactContext,
  write: typeof putArtifact = putArtifact,
): Promise<void> {
  const sealed = sealer.seal(JSON.stringify(payload), purposeOf(id));
  return orUnavailable(write(store, { id, handle, payload: sealed, expires_at: clock() + lifetime * 1000 }));
}

/** What an adapter asks of us about one kind of the library's models. */
export interface Kept {
  /** What is kept beside the library's own members. */
  readonly extra: (payload: AdapterPayload) => Partial<AdapterPayload>;
  /** Was it read from a row that it is written back to? */
  readonly isKnown: (payload: AdapterPayload) => boolean;
  /** Has it been revoked since it began? One that has is not found. */
  readonly isRevoked: (artifact: Artifact) => boolean;
  /** Told before a session is deleted, by its handle. */
  readonly ends: (session: string | undefined) => Promise<void>;
}

/** What knows where people come from. */
export interface OwnedContext extends ArtifactContext {
  readonly accounts: { readonly originOf: (sub: string) => Principal | undefined };
}

/** The issuers of the people that an artifact names, in one text: a name alone may be another provider's now. */
function ownersOf(
  { accountId, session, result }: Pick<AdapterPayload, 'accountId' | 'session' | 'result'>,
  { accounts }: OwnedContext,
): string {
  const login = (result as { readonly login?: { readonly accountId?: string } } | undefined)?.login;
  return [accountId, session?.accountId, login?.accountId]
    .map((sub) => (sub === undefined ? '' : (accounts.originOf(sub)?.iss ?? '')))
    .join(' ');
}

const NO_OWNERS = '  ';

/** As `readArtifact`; undefined where it is about a person of a provider that is not the present one. */
export async function readOwned(
  by: 'id' | 'handle',
  value: string,
  context: OwnedContext,
): Promise<Artifact | undefined> {
  const found = await readArtifact(by, value, context);
  if (found === undefined) return undefined;
  const { owners = NO_OWNERS } = found.payload;
  return owners === ownersOf(found.payload, context) ? found : undefined;
}

export function createAdapter(kind: string, context: OwnedContext, { extra, isKnown, isRevoked, ends }: Kept): Adapter {
  const { store, clock } = context;
  const idOf = (value: string): string => artifactId(kind, value);
  const payloadOf = async (by: 'id' | 'handle', value: string): Promise<AdapterPayload | undefined> => {
    const found = await readOwned(by, value, context);
    return found === undefined || isRevoked(found) ? undefined : found.payload;
  };
  return {
    upsert: async (value, payload, expiresIn = 0) => {
      const { uid, userCode } = payload;
      const handle = uid !== undefined ? sessionHandle(uid) : userCode !== undefined ? userCodeHandle(userCode) : null;
      const write = isKnown(payload) ? updateArtifact : putArtifact;
      const kept = { ...payload, ...extra(payload), owners: ownersOf(payload, context) };
      await writeArtifact(idOf(value), handle, kept, expiresIn, context, write);
    },
    find: (value) => payloadOf('id', idOf(value)),
    findByUid: (uid) => payloadOf('handle', sessionHandle(uid)),
    findByUserCode: (userCode) => payloadOf('handle', userCodeHandle(userCode)),
    consume: async (value) => {
      if (!(await orUnavailable(consumeArtifact(store, idOf(value), clock()))))
        throw new Refusal('request_uri_invalid');
    },
    destroy: async (value) => {
      if (kind === 'Session')
        await ends((await orUnavailable(findArtifact(store, 'id', idOf(value))))?.handle ?? undefined);
      await orUnavailable(deleteArtifact(store, idOf(value)));
    },
    // What a person agreed to dies by its lineage, wherever its tokens are.
    revokeByGrantId: async () => undefined,
  };
}
