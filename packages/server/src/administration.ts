// Builds the dependencies of the admin API from the configuration in force and the database.

import { findConfiguration, findLastApplied } from './audit/history.ts';
import type { AuditLog } from './audit/log.ts';
import { readIssuedSpans, readOverview } from './audit/overview.ts';
import { eventOf } from './audit/row.ts';
import {
  findIndexedUpTo,
  findSettledRow,
  markOf,
  searchAfter,
  searchEvents,
  searchEventsInTime,
} from './audit/search.ts';
import { findWithSiblings } from './audit/siblings.ts';
import { termOf } from './audit/term.ts';
import { findAncestors, findDescendants, findToken } from './audit/token-history.ts';
import { createUseReader } from './audit/use.ts';
import { verifyRecent } from './audit-retention/recent-proof.ts';
import type { RegisteredClient, RegisteredClients } from './client-auth/registered-clients.ts';
import type { Configuration } from './config/configuration.ts';
import { operationForms } from './config/operation-forms.ts';
import type { Entry } from './config/redacted.ts';
import { ruleTextsOf } from './config/rule-texts.ts';
import { describeSchemas } from './config/schemas.ts';
import { askDraft } from './draft/ask.ts';
import type { AskDraft } from './draft/drafts.ts';
import type { ConfigurationHistory } from './explain/decided-by.ts';
import type { Administration, AuditProgress, PresentNode } from './http/admin/administration.ts';
import { countOperators, type OperatorContext, type Operators, operatorRights } from './http/admin/operators.ts';
import { manageKeys } from './keys/manage.ts';
import type { Sealer } from './keys/sealing.ts';
import type { Clock } from './primitives/clock.ts';
import { parseOwnJson } from './primitives/strict-json.ts';
import { readDerivedPosition } from './store/audit-derived.ts';
import { findAuditRow } from './store/audit-search.ts';
import { findLastSequence } from './store/audit-settled.ts';
import { findLastSignIn } from './store/audit-use.ts';
import { listPresent, listRunning } from './store/presence.ts';
import type { Readers } from './store/replica.ts';
import { orUnavailable, type Store } from './store/store.ts';

/** How long one report of unused rights reads rows. A caller waits 30 seconds for an answer. */
const MAX_READING_MS = 15_000;

/** For series and families, which the database computes. */
const MAX_COMPUTING_MS = 3000;

interface Administered {
  readonly store: Store;
  readonly readers: Readers;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly registered: RegisteredClients;
  readonly drafts: AskDraft;
}

export function administer(
  configuration: Configuration,
  { store, readers, sealer, clock, registered, drafts }: Administered,
  audit: AuditLog,
): Administration {
  const { entries, keys, faultsOf, placeOf, mayName, leftOut } = configuration;
  const { issuer, resources, policy } = configuration;
  const people = mayPeopleWrite(configuration) ? 'some' : 'none';
  const operating: OperatorContext = { issuer, resources, rules: policy.rules, people };
  const operatorsOf = (clients: readonly RegisteredClient[]): Operators =>
    countOperators(configuration.withRegistered(clients), operating);
  return {
    entries,
    fileClients: new Map(entries.clients.map(({ id, ...entry }) => [String(id), entry])),
    placeOf,
    mayName,
    leftOut,
    ...operationForms,
    registered,
    faultsOf: async (id, stored) =>
      (await faultsOf(id, stored, registered.all().values())).map(({ path, message }) => ({
        at: `body.${path}`,
        detail: message,
      })),
    rulesNaming: (clientId) =>
      entries.rules.flatMap(({ name, client, subject, actor }, index) => {
        const clients = [client, ...[subject, actor].map((party) => (party as Entry | undefined)?.clients)].flat();
        return clients.includes(clientId) ? [String(name ?? `rules[${index}]`)] : [];
      }),
    operatorsAfter: (id, after) => {
      const all = [...registered.all().values()];
      const changed = all.flatMap((one) => (one.id !== id ? one : after === undefined ? [] : { ...one, ...after }));
      const [now, then] = [operatorsOf(all), operatorsOf(changed)];
      const kind = now.certain > 0 ? 'certain' : 'possible';
      if (then[kind] >= now[kind]) return 'as many';
      return then[kind] === 0 ? 'none' : 'fewer';
    },
    get operators() {
      return operatorRights(configuration.withRegistered([...registered.all().values()]), operating);
    },
    reread: () => orUnavailable(registered.reread()),
    keys: manageKeys(store, keys, sealer, clock),
    algorithms: keys.algorithms,
    commit: (event, write) => {
      event.outcome ??= 'changed';
      event.duration = clock() - event.time;
      return audit.appendWith(event, write);
    },
    keySchedule: keys,
    storeKind: configuration.store.kind,
    accounts: configuration.accounts.map(({ sub, username }) => ({ sub, username })),
    askDraft: (texts, question, caller) =>
      askDraft(drafts, configuration, [...registered.all().values()], texts, question, caller),
    ruleTexts: () => ruleTextsOf(configuration.draftBase()),
    schemas: describeSchemas,
    ...readsOf(store, clock),
    ...readsForPeople(store, readers, clock),
  };
}

type Reads =
  | 'searchEvents'
  | 'useSince'
  | 'auditProgress'
  | 'verifyRecent'
  | 'nodes'
  | 'lastSignIns'
  | 'configurations'
  | 'findEvent';

/** What is read from the primary. Each query waits a bounded time. */
function readsOf(store: Store, clock: Clock): Pick<Administration, Reads> {
  return {
    searchEvents: (filter, page) => orUnavailable(searchEvents(store, filter, page)),
    useSince: (since) => createUseReader(store, since, performance.now() + MAX_READING_MS),
    auditProgress: () => orUnavailable(readProgress(store)),
    verifyRecent: (known) => orUnavailable(verifyRecent(store, known), MAX_COMPUTING_MS),
    nodes: () => orUnavailable(readNodes(store, clock())),
    lastSignIns: (subs) =>
      orUnavailable(Promise.all(subs.map((sub) => findLastSignIn(store, termOf(sub) ?? ''))), MAX_COMPUTING_MS),
    configurations: openHistory(store, clock),
    findEvent: async (requestId) => {
      const row = await orUnavailable(findAuditRow(store, requestId));
      return row && eventOf(row);
    },
  };
}

type ReadsForPeople =
  | 'searchEventsInTime'
  | 'searchAfter'
  | 'overview'
  | 'issuedSpans'
  | 'findToken'
  | 'findAncestors'
  | 'findDescendants'
  | 'findWithSiblings';

/** What people read, and nothing decides by: from the replica, if there is one. Each query waits a bounded time. */
function readsForPeople(store: Store, { read }: Readers, clock: Clock): Pick<Administration, ReadsForPeople> {
  const resultOf = async <Result>(work: (from: Store) => Promise<Result>, maxWaitMs?: number): Promise<Result> =>
    (await read(work, maxWaitMs)).result;
  /** Only the primary knows the transactions under way. Asked first: the replica that is read then has all rows up to it. */
  const settled = () => orUnavailable(findSettledRow(store));
  return {
    searchEventsInTime: async (filter, { cursor, limit }) => {
      const page = { cursor, limit, settled: cursor === undefined ? await settled() : undefined };
      const { result, replica } = await read((from) => searchEventsInTime(from, filter, page));
      return { ...result, replica };
    },
    searchAfter: async (filter, { after, limit }) => {
      const page = { after, limit, settled: await settled() };
      const { result, replica } = await read((from) => searchAfter(from, filter, page));
      return { ...result, replica };
    },
    overview: (period) => resultOf((from) => readOverview(from, period), MAX_COMPUTING_MS),
    issuedSpans: (period) => resultOf((from) => readIssuedSpans(from, period), MAX_COMPUTING_MS),
    findToken: (id) => resultOf((from) => findToken(from, id)),
    findAncestors: (token) => resultOf((from) => findAncestors(from, token), MAX_COMPUTING_MS),
    findDescendants: (id, page) =>
      resultOf((from) => findDescendants(from, id, { ...page, now: clock() }), MAX_COMPUTING_MS),
    findWithSiblings: (requestId) => resultOf((from) => findWithSiblings(from, requestId)),
  };
}

/** Can people sign in, and may one of them change things? With a console, its entries say it. */
const mayPeopleWrite = ({ accounts, upstream, console: operators }: Configuration): boolean =>
  (accounts.length > 0 || upstream !== undefined) &&
  (operators?.some(({ scopes }) => scopes.has('admin:write')) ?? true);

const readProgress = async (store: Store): Promise<AuditProgress> => ({
  indexedUpTo: await findIndexedUpTo(store),
  countedUpTo: await markOf(store, await readDerivedPosition(store)),
  last: await markOf(store, await findLastSequence(store)),
});

const readNodes = async (store: Store, now: number): Promise<readonly PresentNode[]> =>
  (await listPresent(store, now)).map(({ id, kept, about, seen_at }) => ({
    id,
    digest: kept ?? undefined,
    seenAt: Number(seen_at),
    about: about === null ? undefined : parseOwnJson(about),
  }));

const PAGE_ROWS = 100;

/** Each query waits a bounded time. @throws Refusal store_unavailable */
function openHistory(store: Store, clock: Clock): ConfigurationHistory {
  const find: ConfigurationHistory['find'] = (prefix) => orUnavailable(findConfiguration(store, prefix));
  return {
    find,
    now: async () => {
      const { digest } = (await orUnavailable(findLastApplied(store)))?.configured ?? {};
      const found = digest === undefined ? undefined : await find(digest);
      return found === 'several' ? undefined : found;
    },
    running: () => orUnavailable(listRunning(store, clock())),
    appliedSince: async function* (since) {
      let cursor: string | undefined;
      do {
        const page = await orUnavailable(
          searchEvents(store, { outcome: 'applied', since }, { cursor, limit: PAGE_ROWS }),
        );
        for (const { event } of page.found) {
          const { digest } = event.configured ?? {};
          if (digest !== undefined) yield { time: event.time, digest };
        }
        cursor = page.next;
      } while (cursor !== undefined);
    },
  };
}
