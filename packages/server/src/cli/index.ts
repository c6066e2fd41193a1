// The list of commands. A command is loaded only when it is used, because loading all takes half of the start time.
import type { CliCommand } from './command.ts';

export const commands = {
  init: () => import('./init.ts').then(({ init }) => init),
  serve: () => import('./serve.ts').then(({ serve }) => serve),
  ready: () => import('./ready.ts').then(({ ready }) => ready),
  check: () => import('./check.ts').then(({ check }) => check),
  schema: () => import('./schema.ts').then(({ schema }) => schema),
  explain: () => import('./explain.ts').then(({ explain }) => explain),
  reach: () => import('./reach.ts').then(({ reach }) => reach),
  targets: () => import('./targets.ts').then(({ targets }) => targets),
  'tokens inspect': () => import('./token-inspect.ts').then(({ tokensInspect }) => tokensInspect),
  'tokens revoke': () => import('./token-revoke.ts').then(({ tokensRevoke }) => tokensRevoke),
  'clients list': () => import('./clients.ts').then(({ clientsList }) => clientsList),
  'clients show': () => import('./clients.ts').then(({ clientsShow }) => clientsShow),
  'clients create': () => import('./client-changes.ts').then(({ clientsCreate }) => clientsCreate),
  'clients update': () => import('./client-changes.ts').then(({ clientsUpdate }) => clientsUpdate),
  'clients enable': () => import('./client-changes.ts').then(({ clientsEnable }) => clientsEnable),
  'clients disable': () => import('./client-changes.ts').then(({ clientsDisable }) => clientsDisable),
  'clients rotate-secret': () => import('./client-changes.ts').then(({ clientsRotateSecret }) => clientsRotateSecret),
  'clients delete': () => import('./client-changes.ts').then(({ clientsDelete }) => clientsDelete),
  'actors list': () => import('./actors.ts').then(({ actorsList }) => actorsList),
  'actors suspend': () => import('./actors.ts').then(({ actorsSuspend }) => actorsSuspend),
  'actors resume': () => import('./actors.ts').then(({ actorsResume }) => actorsResume),
  nodes: () => import('./nodes.ts').then(({ nodesList }) => nodesList),
  'keys list': () => import('./keys.ts').then(({ keysList }) => keysList),
  'keys rotate': () => import('./keys.ts').then(({ keysRotate }) => keysRotate),
  'keys retire': () => import('./keys.ts').then(({ keysRetire }) => keysRetire),
  'audit search': () => import('./audit-search.ts').then(({ auditSearch }) => auditSearch),
  'audit tail': () => import('./audit-search.ts').then(({ auditTail }) => auditTail),
  'audit export': () => import('./audit-proof.ts').then(({ auditExport }) => auditExport),
  'audit verify': () => import('./audit-proof.ts').then(({ auditVerify }) => auditVerify),
  'audit erase': () => import('./audit-erase.ts').then(({ auditErase }) => auditErase),
  'audit reindex': () => import('./audit-reindex.ts').then(({ auditReindex }) => auditReindex),
  'policy replay': () => import('./policy-replay.ts').then(({ policyReplay }) => policyReplay),
  'policy unused': () => import('./policy-unused.ts').then(({ policyUnused }) => policyUnused),
  'policy history': () => import('./policy.ts').then(({ policyHistory }) => policyHistory),
  'policy diff': () => import('./policy.ts').then(({ policyDiff }) => policyDiff),
  'accounts hash-password': () => import('./account.ts').then(({ accountsHashPassword }) => accountsHashPassword),
  'store migrate': () => import('./store.ts').then(({ storeMigrate }) => storeMigrate),
  'store rollback': () => import('./store.ts').then(({ storeRollback }) => storeRollback),
  demo: () => import('./demo.ts').then(({ demo }) => demo),
} as const satisfies Readonly<Record<string, () => Promise<CliCommand>>>;

/** Older names of commands, accepted for one more release and not listed in the help. */
const olderNouns: Readonly<Record<string, string>> = { token: 'tokens', account: 'accounts' };
const olderVerbs: Readonly<Record<string, string>> = {
  'clients add': 'create',
  'clients rotate': 'rotate-secret',
  'accounts hash': 'hash-password',
};

/** Replaces an older name of a command by the current one. */
export function replaceOlderNames([typed, ...words]: readonly string[]): readonly string[] {
  if (typed === undefined) return [];
  const noun = olderNouns[typed] ?? typed;
  const [verb, ...rest] = words;
  return verb === undefined ? [noun] : [noun, olderVerbs[`${noun} ${verb}`] ?? verb, ...rest];
}
