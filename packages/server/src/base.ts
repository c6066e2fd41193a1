// Opens everything that the process keeps when the configuration changes: the store, caches, limits, the audit log.
import { type Chains, createChains } from './audit/chain.ts';
import { type AuditLog, createAuditLog } from './audit/log.ts';
import { createDecoyKeys, type DecoyKeys } from './client-auth/decoy-keys.ts';
import { createFailureLimit, type FailureLimit } from './client-auth/failure-limit.ts';
import { openRegisteredClients, type RegisteredClients } from './client-auth/registered-clients.ts';
import { createRegistrationLimit, type RegistrationLimit } from './client-auth/registration-limit.ts';
import { createRequestLimit, type RequestLimit } from './client-auth/request-limit.ts';
import type { Configuration } from './config/configuration.ts';
import { type AskDraft, createDrafts } from './draft/drafts.ts';
import { openRevocations, type StoredRevocations } from './issuing/revocations.ts';
import { openSuspensions, type StoredSuspensions } from './issuing/suspensions.ts';
import { createTokenIds } from './issuing/token-ids.ts';
import type { Sealer } from './keys/sealing.ts';
import { openSealer } from './keys/sealing-key.ts';
import { openSharedSecret } from './keys/shared-secret.ts';
import { createSignatureCache, type SignatureCache } from './keys/signature-cache.ts';
import type { Clock } from './primitives/clock.ts';
import { newId } from './primitives/random.ts';
import type { Sharing } from './primitives/rate.ts';
import { openRegions, type Regions } from './regions/regions.ts';
import { createXmlLoader, type XmlLoader } from './saml/document.ts';
import { createPasswordRateLimit, type PasswordRateLimit } from './sign-in/password-rate-limit.ts';
import type { openSignIn } from './sign-in/sign-in.ts';
import { createUpstreamLimit, type UpstreamLimit } from './sign-in/upstream-limit.ts';
import { createFreshness, type Freshness } from './store/freshness.ts';
import { openReaders, type Readers } from './store/replica.ts';
import { type Access, openStore, type SchemaUse, type Store, type Threads } from './store/store.ts';

/** Everything that the process keeps when the configuration changes. */
export interface Base {
  readonly access: Access;
  readonly clock: Clock;
  readonly store: Store;
  /** For what people read, and nothing else. */
  readonly readers: Readers;
  readonly sealer: Sealer;
  /** A secret that all nodes share. It never changes, so it is read once. */
  readonly sharedSecret: (name: string) => Promise<string>;
  /** Of all that is polled. */
  readonly freshness: Freshness;
  readonly revocations: StoredRevocations;
  readonly suspensions: StoredSuspensions;
  /** Undefined if the server has one region. */
  readonly regions: Regions | undefined;
  /** The id of this process. */
  readonly node: string;
  readonly registered: RegisteredClients;
  readonly failures: FailureLimit;
  readonly decoyKeys: DecoyKeys;
  readonly requests: RequestLimit;
  /** Absent in a command, which signs nobody in. */
  readonly openPeople?: typeof openSignIn;
  /** Limits failed sign-ins at the upstream provider. */
  readonly upstreamLimit: UpstreamLimit;
  /** Limits wrong passwords, by username. */
  readonly passwordRateLimit: PasswordRateLimit;
  /** Limits clients that register themselves. */
  readonly registrationLimit: RegistrationLimit;
  readonly chains: Chains;
  readonly audit: AuditLog;
  readonly signatures: SignatureCache;
  readonly loadXml: XmlLoader;
  readonly drafts: AskDraft;
}

export interface BaseOptions {
  readonly sharing?: Sharing | undefined;
  readonly schema?: SchemaUse;
  readonly threads?: Threads;
}

export async function openBase(
  configuration: Configuration,
  access: Access,
  clock: Clock,
  { sharing, schema = 'require current', threads }: BaseOptions = {},
): Promise<Base> {
  const store = await openStore(configuration.store, access, clock(), schema, threads);
  try {
    // A command reads all rows, and so the primary.
    const location = threads === undefined ? { ...configuration.store, replica: undefined } : configuration.store;
    const readers = await openReaders(store, location, threads?.report ?? (() => undefined));
    const sealer = openSealer(configuration.sealingKey, access);
    const chains = createChains();
    const sharedSecret = createSharedSecrets(store, sealer, access);
    const freshness = createFreshness();
    const { issuer, regions: settings } = configuration;
    const ids = createTokenIds(await sharedSecret('token-ids'), clock, settings?.name);
    const isOwnId = (id: string): boolean => ids.epochOf(id) !== undefined;
    const regions = settings && (await openRegions(settings, { issuer, store, clock, access, isOwnId }));
    const refuseStale = regions?.refuseStale ?? (() => undefined);
    const suspensions = await openSuspensions(
      store,
      issuer,
      settings?.peers.map(({ name }) => name),
    );
    return {
      access,
      clock,
      store,
      readers,
      sealer,
      sharedSecret,
      freshness,
      revocations: await openRevocations(store, { issuer, clock, freshness, ids, refuseStale }),
      suspensions,
      regions,
      node: newId(),
      registered: await openRegisteredClients(store),
      decoyKeys: createDecoyKeys(),
      failures: createFailureLimit({ clock, sharing }),
      requests: createRequestLimit(configuration.server.limits, { clock, sharing }),
      upstreamLimit: createUpstreamLimit({ clock, sharing }),
      passwordRateLimit: createPasswordRateLimit(clock),
      registrationLimit: createRegistrationLimit({ clock, sharing }),
      chains,
      audit: createAuditLog(store, chains),
      signatures: createSignatureCache(),
      loadXml: createXmlLoader(),
      drafts: createDrafts(),
    };
  } catch (error) {
    await store.destroy();
    throw error;
  }
}

/** @returns a function that reads each secret once; a failed read is repeated at the next call */
function createSharedSecrets(store: Store, sealer: Sealer, access: Access): Base['sharedSecret'] {
  const known = new Map<string, string>();
  return async (name) => {
    const secret = known.get(name) ?? (await openSharedSecret(store, name, sealer, access));
    known.set(name, secret);
    return secret;
  };
}
