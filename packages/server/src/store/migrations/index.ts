// The list of migrations. Each is additive, and is applied once, in this order.
import { first } from './0001-first.ts';
import { tokenLife } from './0002-token-life.ts';
import { notify } from './0003-notify.ts';
import { nodes } from './0004-nodes.ts';
import { signIn } from './0005-sign-in.ts';
import { keyBinding } from './0006-key-binding.ts';
import { auditChain } from './0007-audit-chain.ts';
import { registeredClients } from './0009-registered-clients.ts';
import { notifyClients } from './0010-notify-clients.ts';
import { revocationKinds } from './0011-revocation-kinds.ts';
import { actorsAndConfigurations } from './0012-actors-and-configurations.ts';
import { auditIndex } from './0013-audit-index.ts';
import { auditTokens } from './0014-audit-tokens.ts';
import { regionTables } from './0015-regions.ts';
import type { Migration } from './migration.ts';

export const migrations: readonly Migration[] = [
  first,
  tokenLife,
  notify,
  nodes,
  signIn,
  keyBinding,
  auditChain,
  registeredClients,
  notifyClients,
  revocationKinds,
  actorsAndConfigurations,
  auditIndex,
  auditTokens,
  regionTables,
] as const satisfies readonly Migration[];
