// The list of faults, as the table has them.
import type { Fault } from '../fault.ts';
import { clockJumps, clockJumpsSqlite } from './clock.ts';
import { databaseAway, databaseKilled, databaseReadOnly, databaseSilent, databaseSlow } from './database.ts';
import { diskFull } from './disk-full.ts';
import { keyRotation } from './key-rotation.ts';
import { killPostgresNode, killSqlite, killWorker } from './kill-server.ts';
import { lostAnswers } from './lost-answer.ts';
import { powerLoss } from './power-loss.ts';
import { refreshRaces, revocationRaces } from './races.ts';
import { rollingRestart } from './rolling-restart.ts';
import { longLoad } from './soak.ts';
import { writeFailsPostgres, writeFailsSqlite } from './write-fails.ts';

export const faults = [
  killSqlite,
  killWorker,
  killPostgresNode,
  databaseKilled,
  powerLoss,
  databaseAway,
  databaseSlow,
  databaseSilent,
  databaseReadOnly,
  refreshRaces,
  revocationRaces,
  keyRotation,
  clockJumps,
  clockJumpsSqlite,
  diskFull,
  rollingRestart,
  writeFailsSqlite,
  writeFailsPostgres,
  lostAnswers,
  longLoad,
] as const satisfies readonly Fault[];
