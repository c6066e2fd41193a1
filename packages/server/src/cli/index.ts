// What can be typed? The list of commands.
import { auditExport } from './audit.ts';
import { check } from './check.ts';
import type { CliCommand } from './command.ts';
import { demo } from './demo.ts';
import { explain } from './explain.ts';
import { keysList, keysRetire, keysRotate } from './keys.ts';
import { serve } from './serve.ts';
import { storeRollback } from './store.ts';
import { targets } from './targets.ts';
import { tokenInspect, tokenRevoke } from './token.ts';

export const commands = [
  serve,
  check,
  explain,
  targets,
  tokenInspect,
  tokenRevoke,
  keysList,
  keysRotate,
  keysRetire,
  storeRollback,
  auditExport,
  demo,
] as const satisfies readonly CliCommand[];
