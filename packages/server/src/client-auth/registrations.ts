// Registers clients that ask for it (RFC 7591), and finds them. A registration is stored until it expires, and is not part of the
// configuration: an id says by itself that it is ours and until when, so that no node must read anything to know its tokens.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Sealer } from '../keys/sealing.ts';
import type { Client } from '../model/client.ts';
import type { RegistrationSettings } from '../model/client-document.ts';
import { type Clock, seconds } from '../primitives/clock.ts';
import { newSecret } from '../primitives/random.ts';
import { Refusal } from '../primitives/refusal.ts';
import { SecretDigest, sha256 } from '../primitives/secret.ts';
import { type JsonObject, parseOwnJson } from '../primitives/strict-json.ts';
import type { Database } from '../store/schema.ts';
import { countArtifacts, findArtifact, putArtifact, REGISTRATION } from '../store/sign-in-artifacts.ts';
import { orUnavailable, type Store } from '../store/store.ts';
import { fixedKeySource, type KeySource } from '../trust/key-cache.ts';
import { type DescribedCredentials, MetadataFault, readDescription, readKeysByValue } from './client-document.ts';
import type { SelfDescribedClients } from './client-documents.ts';

/** Registered at the same time. */
const MAX_REGISTRATIONS = 10_000;
/** Kept in memory; beyond, the one that was read first is dropped. */
const MAX_HELD = 1000;

const METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'];
/** The members of the answer that come of the request (RFC 7591 section 3.2.1). */
const SHOWN = ['client_name', 'client_uri', 'application_type', 'jwks', 'software_id', 'software_version'] as const;

const PREFIX = 'cambio_client_';
const FORM = /^cambio_client_([0-9a-z]{1,9})\.([\w-]{43})\.([\w-]{43})$/;

export interface Registered {
  readonly id: string;
  /** RFC 7591 section 3.2.1. */
  readonly answer: JsonObject;
  /** The answer without the secret, for the audit row. */
  readonly audited: JsonObject;
  /** Stores the client. @throws Refusal registrations_full */
  readonly write: (database: Database) => Promise<void>;
}

export interface Registrations extends SelfDescribedClients {
  readonly settings: RegistrationSettings;
  /** @throws Refusal registration_metadata_invalid, registration_redirect_uri */
  readonly register: (metadata: JsonObject) => Registered;
}

interface Services {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** A secret that all nodes share. */
  readonly key: string;
}

interface Stored {
  readonly metadata: JsonObject;
  readonly auth: string;
  /** SHA-256 of the secret, in base64url. */
  readonly secret?: string;
}

export function openRegistrations(settings: RegistrationSettings, services: Services): Registrations {
  const { store, sealer, clock, key } = services;
  const held = new Map<string, { readonly client: Client; readonly keys: KeySource | undefined }>();
  const mac = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const isOurs = (id: string): boolean => {
    const [, end = '', random = '', seal = ''] = FORM.exec(id) ?? [];
    const given = Buffer.from(seal, 'base64url');
    const isSealed = given.length === 32 && timingSafeEqual(given, mac(`${end}.${random}`));
    return isSealed && Number.parseInt(end, 36) > seconds(clock);
  };
  const toClient = (id: string, { metadata, auth, secret }: Stored): Client | MetadataFault => {
    const keys = auth === 'private_key_jwt' ? readKeysByValue(metadata.jwks) : undefined;
    if (typeof keys === 'string') return new MetadataFault('jwks', keys);
    const secrets = secret === undefined ? [] : [SecretDigest.of(secret)];
    const credentials: DescribedCredentials = { auth, secrets, ...(keys !== undefined && { keys }) };
    return readDescription(metadata, settings, { id, host: undefined, ...credentials });
  };

  return {
    settings,
    allows: isOurs,
    held: (id) => held.get(id)?.client,
    keysOf: (id) => held.get(id)?.keys,
    find: async (id) => {
      if (!isOurs(id)) return undefined;
      const known = held.get(id);
      if (known !== undefined) return known.client;
      const row = await orUnavailable(findArtifact(store, 'id', rowId(id)));
      if (row === undefined) return undefined;
      const client = toClient(id, parseOwnJson(sealer.open(row.payload, purposeOf(row.id))));
      if (client instanceof MetadataFault) return undefined;
      const { keys } = client;
      held.set(id, { client, keys: keys !== undefined && 'jwks' in keys ? fixedKeySource(keys.jwks) : undefined });
      const [oldest] = held.keys();
      if (held.size > MAX_HELD && oldest !== undefined) held.delete(oldest);
      return client;
    },
    register: (metadata) => {
      const { token_endpoint_auth_method: auth = 'client_secret_basic' } = metadata;
      const issuedAt = seconds(clock);
      const expiresAt = issuedAt + settings.lifetime;
      const named = `${expiresAt.toString(36)}.${newSecret()}`;
      const id = `${PREFIX}${named}.${mac(named).toString('base64url')}`;
      if (typeof auth !== 'string' || !METHODS.includes(auth)) throw refusalOf('token_endpoint_auth_method');
      if (metadata.jwks_uri !== undefined) throw refusalOf('jwks_uri');
      const secret = auth.startsWith('client_secret') ? newSecret() : undefined;
      const stored: Stored = { metadata, auth, ...(secret !== undefined && { secret: sha256(secret) }) };
      const client = toClient(id, stored);
      if (client instanceof MetadataFault) throw refusalOf(client.member, client.why);
      const audited = describeAnswer(client, metadata, { issuedAt, auth });
      const ends = { client_secret: secret, client_secret_expires_at: expiresAt };
      return {
        id,
        audited,
        answer: { ...audited, ...(secret !== undefined && ends) },
        write: async (database) => {
          if ((await countArtifacts(database, REGISTRATION, clock())) >= MAX_REGISTRATIONS)
            throw new Refusal('registrations_full');
          const row = rowId(id);
          const payload = sealer.seal(JSON.stringify(stored), purposeOf(row));
          await putArtifact(database, { id: row, handle: REGISTRATION, payload, expires_at: expiresAt * 1000 });
        },
      };
    },
  };
}

const rowId = (id: string): string => sha256(`Registration ${id}`);
const purposeOf = (row: string): string => `registration ${row}`;

const refusalOf = (member: string, detail?: string): Refusal =>
  new Refusal(member === 'redirect_uris' ? 'registration_redirect_uri' : 'registration_metadata_invalid', {
    parameter: member,
    detail,
  });

const describeAnswer = (
  { id, redirectUris, grants, scopes }: Client,
  metadata: JsonObject,
  { issuedAt, auth }: { readonly issuedAt: number; readonly auth: string },
): JsonObject => ({
  client_id: id,
  client_id_issued_at: issuedAt,
  redirect_uris: redirectUris,
  grant_types: [...grants].map((grant) =>
    grant === 'token_exchange' ? 'urn:ietf:params:oauth:grant-type:token-exchange' : grant,
  ),
  response_types: ['code'],
  token_endpoint_auth_method: auth,
  ...(scopes !== 'unbounded' && { scope: [...scopes].join(' ') }),
  ...Object.fromEntries(SHOWN.flatMap((name) => (metadata[name] === undefined ? [] : [[name, metadata[name]]]))),
});
