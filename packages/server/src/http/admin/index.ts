// Lists the operations of the admin API.
import { listAccounts } from './accounts.ts';
import { listActors, resumeActor, suspendActor } from './actors.ts';
import type { OperationForms } from './administration.ts';
import { findAuditEvent, searchAudit } from './audit.ts';
import { clientOperations } from './clients.ts';
import { configuration } from './configuration.ts';
import { compareConfigurations, getConfiguration, listConfigurations } from './configurations.ts';
import { explainOperation, targetsOperation } from './explain.ts';
import { listKeys, previewRotation, retireKey, rotateKey } from './keys.ts';
import { runningNodes } from './nodes.ts';
import type { Operation } from './operation.ts';
import { overview } from './overview.ts';
import { checkDraft, getSchema, listNames, listRuleTexts } from './policy.ts';
import { writeTestOperation } from './policy-tests.ts';
import { listReachable } from './reach.ts';
import { replayDraft } from './replay.ts';
import { revokeTokens } from './revocations.ts';
import { status } from './status.ts';
import { getToken, listDescendants } from './tokens.ts';
import { unusedRights } from './unused.ts';

export const operationsFor = (forms: OperationForms): readonly Operation[] => [
  ...clientOperations(forms.clientEntry),
  ...configuration,
  listKeys,
  previewRotation,
  rotateKey,
  retireKey,
  revokeTokens,
  listActors,
  suspendActor,
  resumeActor,
  overview,
  status,
  runningNodes,
  getToken,
  listDescendants,
  listAccounts,
  searchAudit,
  findAuditEvent,
  listConfigurations,
  getConfiguration,
  compareConfigurations,
  explainOperation(forms),
  targetsOperation,
  unusedRights,
  listRuleTexts,
  listNames,
  checkDraft,
  replayDraft,
  writeTestOperation(forms),
  listReachable,
  getSchema,
];
