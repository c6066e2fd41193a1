// Stores the state of oidc-provider in our database: found by hashes, encrypted, and expiring by our clock.
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

/** The id of a row, from the value that its holder presents. @param kind the library's name of the model */
export const artifactId = (kind: string, value: string): string => sha256(`${kind} ${value}`);

/** Identifies a session in lineage and in other rows, without the value that its holder presents. */
export const sessionHandle = (uid: string): string => artifactId('Session uid', uid);
const userCodeHandle = (userCode: string): string => artifactId('user code', userCode);

export interface Artifact {
  readonly row: SignInArtifactRow;
  readonly payload: AdapterPayload;
}

const purposeOf = (id: string): string => `sign-in artifact ${id}`;

/** Also returns expired ones: the caller decides. */
export async function readArtifact(
  by: 'id' | 'handle',
  value: string,
  { store, sealer, clock }: ArtifactContext,
): Promise<Artifact | undefined> {
  const row = await orUnavailable(findArtifact(store, by, value));
  if (row === undefined) return undefined;
  const payload: AdapterPayload = parseOwnJson(sealer.open(row.payload, purposeOf(row.id)));
  // The library uses the system clock. Convert the remaining lifetime from our clock.
  const exp = seconds(systemClock) + Math.ceil((Number(row.expires_at) - clock()) / 1000);
  return { row, payload: { ...payload, exp, ...(row.consumed_at !== null && { consumed: true }) } };
}

/** @param lifetime in seconds @param write `updateArtifact` does not insert a row again that was deleted meanwhile */
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

/** Callbacks of an adapter for one kind of the library's models. */
export interface ArtifactHooks {
  /** Members to store beside the library's own. */
  readonly extra: (payload: AdapterPayload) => Partial<AdapterPayload>;
  /** Was the payload read from the row that it is now written to? */
  readonly isKnown: (payload: AdapterPayload) => boolean;
  /** A revoked artifact is not found. */
  readonly isRevoked: (artifact: Artifact) => boolean;
  /** Called before a session is deleted. @param session its handle */
  readonly onSessionDeleted: (session: string | undefined) => Promise<void>;
}

/** Also knows the origin of people. */
export interface OwnedContext extends ArtifactContext {
  readonly accounts: { readonly originOf: (sub: string) => Principal | undefined };
}

/** The issuers of the people in an artifact, in one text. A new upstream provider may use the same names for other people. */
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

/** Like `readArtifact`, but undefined if it belongs to a person of a former upstream provider. */
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

export function createAdapter(
  kind: string,
  context: OwnedContext,
  { extra, isKnown, isRevoked, onSessionDeleted }: ArtifactHooks,
): Adapter {
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
        await onSessionDeleted((await orUnavailable(findArtifact(store, 'id', idOf(value))))?.handle ?? undefined);
      await orUnavailable(deleteArtifact(store, idOf(value)));
    },
    // Revocation by lineage covers this.
    revokeByGrantId: async () => undefined,
  };
}
