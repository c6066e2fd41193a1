// Implements the operations on clients: shows clients, and changes those that were registered.
import { hash } from 'node:crypto';
import { z } from 'zod';
import {
  changeClient,
  type RegisteredClient,
  type RegisteredSecret,
  registerClient,
  type StoredClient,
} from '../../client-auth/registered-clients.ts';
import { newId, newSecret } from '../../primitives/random.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { sha256 } from '../../primitives/secret.ts';
import type { JsonObject } from '../../primitives/strict-json.ts';
import type { HttpServices } from '../endpoint.ts';
import { idsOf, unknownClient } from './client-ids.ts';
import type { Call } from './operation.ts';
import { InvalidRequest } from './problem.ts';
import { commitAndRevoke, principalOf } from './revocations.ts';

const time = z.iso.datetime();
/** A client in an answer. */
export const shownClient = z.object({
  id: z.string(),
  source: z.enum(['file', 'registered']),
  entry: z.looseObject({}).describe('in the words of the configuration file, without secrets'),
  secrets: z.array(z.object({ id: z.string(), createdAt: time })).optional(),
  createdAt: time.optional(),
  updatedAt: time.optional(),
});
type Found = { readonly id: string } & (
  | { readonly source: 'file'; readonly entry: JsonObject }
  | ({ readonly source: 'registered' } & RegisteredClient)
);

/** @throws Refusal admin_item_unknown */
export function findClient(id: string, { admin }: Pick<HttpServices, 'admin'>): Found {
  const entry = admin.fileClients.get(id);
  if (entry !== undefined) return { id, source: 'file', entry };
  const registered = admin.registered.all().get(id);
  if (registered === undefined) throw unknownClient(id, { admin });
  return { source: 'registered', ...registered };
}

/** @throws Refusal admin_item_unknown; admin_in_use if the file declares it */
function findRegistered(id: string, services: HttpServices): RegisteredClient {
  const found = findClient(id, services);
  if (found.source === 'registered') return found;
  throw new Refusal('admin_in_use', { detail: 'the configuration file declares this client: change it there' });
}

/**
 * Finds a registered client to delete. If a new file declares a client with the same id, that file cannot come into force until the
 * registered one is deleted, so it can be deleted on a node that has the new file, too. @throws like findRegistered
 */
const findDeletable = (id: string, services: HttpServices): RegisteredClient =>
  services.admin.registered.all().get(id) ?? findRegistered(id, services);

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

export function showClient(found: Found): z.output<typeof shownClient> {
  const { id, source, entry } = found;
  if (source === 'file') return { id, source, entry };
  const { secrets, createdAt, updatedAt } = found;
  return {
    id,
    source,
    entry,
    secrets: secrets.map((secret) => ({ id: secret.id, createdAt: iso(secret.createdAt) })),
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
  };
}

export const versionOf = (found: Found): string =>
  found.source === 'registered' ? String(found.revision) : hash('sha256', JSON.stringify(found.entry)).slice(0, 32);

export async function createClient({
  body: { id },
  rawBody,
  services,
  event,
}: Call<undefined, undefined, { id: string }>) {
  const { id: _id, ...entry } = rawBody;
  if (idsOf(services).includes(id))
    throw new Refusal('admin_in_use', {
      detail: `there is a client ${id} already: choose another id, or update that one`,
    });
  const secret = [entry.auth].flat().some((method) => String(method).startsWith('client_secret'))
    ? newSecret()
    : undefined;
  const secrets = secret === undefined ? [] : [toRegisteredSecret(secret, services)];
  await check(id, { entry, secrets }, services);
  event.change = { what: `client ${id}`, after: withoutImage(entry) };
  event.party = principalOf({ subject: id }, services);
  await commitAndRevoke(id, event, services, registerClient(id, { entry, secrets }, services.clock()));
  const found = await reread(id, services);
  return { body: { ...showClient(found), secret }, version: versionOf(found), location: `/${encodeURIComponent(id)}` };
}

export async function replaceClient({
  path: { id },
  rawBody,
  ifMatch,
  services,
  event,
}: Call<{ id: string }, undefined, JsonObject>) {
  const { admin } = services;
  await admin.reread();
  const [before, read] = [findRegistered(id, services), admin.registered.revision()];
  requireMatch(ifMatch, versionOf({ source: 'registered', ...before }));
  const after = { entry: rawBody, secrets: before.secrets };
  await check(id, after, services);
  const judgedBy = refuseLockout(id, after, services) === 'fewer' ? read : 'any';
  await change(before, after, { event, services, judgedBy });
  const found = await reread(id, services);
  return { body: showClient(found), version: versionOf(found) };
}

export async function deleteClient({
  path: { id },
  ifMatch,
  services,
  event,
}: Call<{ id: string }, undefined, undefined>) {
  const { admin } = services;
  await admin.reread();
  const [before, read] = [findDeletable(id, services), admin.registered.revision()];
  // The version that callers see is that of the file's client, if the file has one.
  requireMatch(ifMatch, versionOf(findClient(id, services)));
  const rule = admin.fileClients.has(id) ? undefined : admin.rulesNaming(id)[0];
  if (rule !== undefined) throw new Refusal('admin_in_use', { detail: `the rule “${rule}” names it: disable it` });
  const judgedBy = refuseLockout(id, undefined, services) === 'fewer' ? read : 'any';
  await change(before, undefined, { event, services, judgedBy });
  return {};
}

export async function addSecret({ path: { id }, services, event }: Call<{ id: string }, undefined, object>) {
  const before = findRegistered(id, services);
  if (before.secrets.length === 0) {
    throw new Refusal('admin_in_use', { detail: 'the client authenticates without a secret' });
  }
  const secret = newSecret();
  const secrets = [toRegisteredSecret(secret, services), ...before.secrets.slice(0, 1)];
  await change(before, { entry: before.entry, secrets }, { event, services, judgedBy: 'any' });
  const found = await reread(id, services);
  return { body: { ...showClient(found), secret }, version: versionOf(found) };
}

export async function deleteSecret({
  path,
  services,
  event,
}: Call<{ id: string; secret: string }, undefined, undefined>) {
  const before = findRegistered(path.id, services);
  const secrets = before.secrets.filter(({ id }) => id !== path.secret);
  if (secrets.length === before.secrets.length)
    throw new Refusal('admin_item_unknown', { detail: 'the client has no secret of this id' });
  if (secrets.length === 0) throw new Refusal('admin_in_use', { detail: 'it is the only secret of the client' });
  await change(before, { entry: before.entry, secrets }, { event, services, judgedBy: 'any' });
  return {};
}

/**
 * @param judgedBy the revision of all clients on which the change was checked, if it depends on other clients
 * @throws Refusal admin_changed if another change came first
 */
async function change(
  before: RegisteredClient,
  after: StoredClient | undefined,
  {
    event,
    services,
    judgedBy,
  }: Pick<Call<never, never, never>, 'event' | 'services'> & { readonly judgedBy: number | 'any' },
): Promise<void> {
  const { admin, clock } = services;
  event.party = principalOf({ subject: before.id }, services);
  event.change = {
    what: `client ${before.id}`,
    before: auditedEntry(before),
    ...(after && { after: auditedEntry(after) }),
  };
  const write = changeClient(before, after, { now: clock(), read: judgedBy });
  await (after === undefined ? commitAndRevoke(before.id, event, services, write) : admin.commit(event, write));
  await admin.reread();
}

/** The entry in the audit row. It has the ids of the secrets, never the secrets. */
const auditedEntry = ({ entry, secrets }: StoredClient) => ({
  ...withoutImage(entry),
  secrets: secrets.map(({ id }) => id),
});

/** Replaces the logo by its digest, which is much shorter. */
const withoutImage = (entry: JsonObject): JsonObject =>
  typeof entry.logo === 'string' ? { ...entry, logo: `sha256:${sha256(entry.logo)}` } : entry;

async function reread(id: string, services: HttpServices): Promise<Found> {
  await services.admin.reread();
  return findClient(id, services);
}

const toRegisteredSecret = (secret: string, { clock }: HttpServices): RegisteredSecret => ({
  id: newId().slice(0, 8),
  sha256: sha256(secret),
  createdAt: clock(),
});

/** @throws InvalidRequest with all faults of a configuration file that has this client */
async function check(id: string, stored: StoredClient, { admin }: HttpServices): Promise<void> {
  const faults = await admin.faultsOf(id, stored);
  if (faults.length > 0) throw new InvalidRequest(faults);
}

/** @throws Refusal admin_changed */
function requireMatch(ifMatch: string, version: string): void {
  const versions = ifMatch.split(',').map((text) => text.trim());
  if (!versions.includes('*') && !versions.includes(`"${version}"`)) throw new Refusal('admin_changed');
}

/** @throws Refusal admin_in_use if nobody could operate the server any longer */
function refuseLockout(id: string, after: StoredClient | undefined, { admin }: HttpServices): 'fewer' | 'as many' {
  const left = admin.operatorsAfter(id, after);
  if (left === 'none') throw new Refusal('admin_in_use', { detail: LAST_OPERATOR });
  return left;
}

const LAST_OPERATOR =
  'no other client could get a token with admin:write for the admin API: register one first, or declare one in the configuration file';
