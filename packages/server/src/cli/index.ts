// What can be typed? The list of commands; a command is loaded when it is run or asked about, for half of starting is loading.
import type { CliCommand } from './command.ts';

export const commands = {
  serve: () => import('./serve.ts').then(({ serve }) => serve),
  check: () => import('./check.ts').then(({ check }) => check),
  explain: () => import('./explain.ts').then(({ explain }) => explain),
  targets: () => import('./targets.ts').then(({ targets }) => targets),
  'token inspect': () => import('./token.ts').then(({ tokenInspect }) => tokenInspect),
  'token revoke': () => import('./token.ts').then(({ tokenRevoke }) => tokenRevoke),
  'keys list': () => import('./keys.ts').then(({ keysList }) => keysList),
  'keys rotate': () => import('./keys.ts').then(({ keysRotate }) => keysRotate),
  'keys retire': () => import('./keys.ts').then(({ keysRetire }) => keysRetire),
  'clients list': () => import('./clients.ts').then(({ clientsList }) => clientsList),
  'clients add': () => import('./clients.ts').then(({ clientsAdd }) => clientsAdd),
  'clients rotate': () => import('./clients.ts').then(({ clientsRotate }) => clientsRotate),
  'clients disable': () => import('./clients.ts').then(({ clientsDisable }) => clientsDisable),
  'clients delete': () => import('./clients.ts').then(({ clientsDelete }) => clientsDelete),
  'store rollback': () => import('./store.ts').then(({ storeRollback }) => storeRollback),
  'account hash': () => import('./account.ts').then(({ accountHash }) => accountHash),
  'audit tail': () => import('./audit-search.ts').then(({ auditTail }) => auditTail),
  'audit search': () => import('./audit-search.ts').then(({ auditSearch }) => auditSearch),
  'audit export': () => import('./audit-proof.ts').then(({ auditExport }) => auditExport),
  'audit verify': () => import('./audit-proof.ts').then(({ auditVerify }) => auditVerify),
  'audit erase': () => import('./audit-proof.ts').then(({ auditErase }) => auditErase),
  demo: () => import('./demo.ts').then(({ demo }) => demo),
} as const satisfies Readonly<Record<string, () => Promise<CliCommand>>>;
