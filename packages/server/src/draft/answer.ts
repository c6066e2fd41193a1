// Answers questions about a draft: its faults and tests, a simulated exchange, recorded exchanges. Runs in a thread of its own.
import { AllClients } from '../client-auth/all-clients.ts';
import type { SelfDescribedClients } from '../client-auth/client-documents.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadDraft } from '../config/draft.ts';
import { enabledTypes } from '../config/enabled-types.ts';
import { ConfigurationError, type Fault } from '../config/fault.ts';
import { describeRules } from '../explain/describe-rule.ts';
import type {
  AskedExchange,
  DraftAnswer,
  DraftFinding,
  DraftQuestion,
  DraftReport,
  TestedRule,
} from '../explain/drafted.ts';
import { type ExplainContext, explainExchange } from '../explain/explain.ts';
import { replay } from '../explain/replay.ts';
import { grants, hasSignIn } from '../grants/index.ts';
import { type ClientDocumentSettings, isDocumentId } from '../model/client-document.ts';
import { indexLeashes } from '../narrowing/leashes.ts';
import { indexResources } from '../narrowing/targets.ts';
import { allRules } from '../policy/policy.ts';
import { parametersOf } from '../primitives/parameters.ts';
import { sha256 } from '../primitives/secret.ts';
import { indexIssuers, type TrustedIssuer } from '../trust/issuer.ts';
import { indexSubjectNames } from '../trust/subject-names.ts';
import type { Draft } from './draft.ts';
import { changesOf } from './patch.ts';
import { writeTest } from './write-test.ts';

type Loaded = { readonly configuration: Configuration } | { readonly findings: readonly DraftFinding[] };

/** The last draft is kept: a page asks several questions about it. */
export function createDraftAnswerer(): (draft: Draft, question: DraftQuestion) => Promise<DraftAnswer> {
  let last: { readonly digest: string; readonly loaded: Loaded } | undefined;
  return async (draft, question) => {
    const digest = sha256(JSON.stringify([draft.base, draft.registered, draft.texts]));
    if (last?.digest !== digest) last = { digest, loaded: await load(draft) };
    const { loaded } = last;
    if ('findings' in loaded)
      return question.kind === 'check'
        ? {
            kind: 'check',
            report: { findings: loaded.findings, tests: [], untested: [], rules: [], ...changesOf(draft) },
          }
        : { kind: 'faults', findings: loaded.findings };
    const { configuration } = loaded;
    if (question.kind === 'check') return { kind: 'check', report: check(configuration, draft) };
    if (question.kind === 'replay') {
      const context = { ...configuration, ...indexesOf(configuration, draft) };
      return { kind: 'replay', verdicts: question.events.map((event) => replay(event, context)) };
    }
    const explanation = await explain(question.exchange, configuration, draft);
    if (question.kind === 'explain') return { kind: 'explain', explanation };
    return { kind: 'test', written: await writeTest(question.wanted, explanation, configuration, draft) };
  };
}

async function load({ base, registered, texts }: Draft): Promise<Loaded> {
  try {
    const configuration = await loadDraft(base, texts);
    configuration.checkBeside(registered);
    return { configuration };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { findings: error.faults.map((fault) => findingOf(fault, error.file)) };
  }
}

const findingOf = ({ severity, line, column, path, message, file }: Fault, main: string): DraftFinding => ({
  severity,
  file: file ?? main,
  line,
  column,
  path,
  message,
});

function check(configuration: Configuration, draft: Draft): DraftReport {
  const { main } = draft.base;
  const { warnings, placeOf, policy, clients, resources } = configuration;
  const outcomes = configuration.judgeTests();
  const hit = new Set(outcomes.map(({ decidedBy }) => decidedBy));
  return {
    findings: warnings.map((fault) => findingOf(fault, main)),
    tests: outcomes.map(
      ({ path, rule, name, result, why }): TestedRule => ({
        rule,
        test: name ?? String(Number(path.at(-1)) + 1),
        at: placeOf(path),
        result,
        ...(why !== undefined && { why }),
      }),
    ),
    untested: allRules(policy)
      .filter(({ name }) => !hit.has(name))
      .map(({ name, position }) => ({ rule: name, at: placeOf(['rules', position]) })),
    rules: describeRules(configuration),
    ...changesOf(draft),
    counts: { clients: clients.size, resources: resources.length, rules: allRules(policy).length },
  };
}

function indexesOf(configuration: Configuration, { registered }: Draft) {
  const { resources, authorizationServers, clientDocuments } = configuration;
  return {
    clients: new AllClients(configuration.withRegistered(registered), [clientDocuments && unread(clientDocuments)]),
    targeting: indexResources(resources, authorizationServers),
  };
}

/** No document is fetched: the text of the draft would choose the address. */
const unread = ({ domains }: ClientDocumentSettings): SelfDescribedClients => ({
  allows: (id) => isDocumentId(id, domains),
  find: async () => undefined,
  held: () => undefined,
  keysOf: () => undefined,
});

/** What only a running server knows counts as if there were none: revocations, suspended parties, limits, used ids. */
const NOTHING_ISSUED = {
  revocations: { whyRefused: () => undefined },
  suspensions: { find: () => undefined },
  leashCounter: { refuseEarly: () => undefined },
  isUsed: async () => false,
  endOf: async () => 'unbounded' as const,
};

async function explain(
  { client, parameters, sources, event }: AskedExchange,
  configuration: Configuration,
  draft: Draft,
) {
  const { issuers, saml, actors, issuer, entries, placeOf, leftOut, mayName } = configuration;
  const indexes = indexesOf(configuration, draft);
  const { clients } = indexes;
  const signIn = hasSignIn({ ...configuration, clients }) ? 'some' : 'none';
  const context = {
    ...configuration,
    ...NOTHING_ISSUED,
    ...indexes,
    // No keys are fetched: what was pasted is verified already.
    issuers: indexIssuers(issuers as readonly TrustedIssuer[]),
    saml: new Map(saml.map((entry) => [entry.entityId, entry])),
    names: indexSubjectNames({ ...configuration, clients, issuers: [...issuers, ...saml] }),
    leashes: indexLeashes(actors, clients, issuer),
    enabledTypes: enabledTypes(configuration, signIn),
    grants,
    file: {
      entries,
      placeOf,
      leftOut,
      mayName,
      fileClients: new Map(entries.clients.map(({ id, ...entry }) => [String(id), entry])),
    },
    now: Math.floor(event.time / 1000),
  };
  return explainExchange(parametersOf(parameters), client, event, context as unknown as ExplainContext, sources);
}
