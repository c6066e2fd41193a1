// The list of faults, in the order of the table.
import type { Fault } from '../fault.ts';
import { clockJumps, clockJumpsSqlite } from './clock.ts';
import {
  commitCut,
  databaseAway,
  databaseKilled,
  databaseLocked,
  databaseReadOnly,
  databaseSilent,
  databaseSlow,
} from './database.ts';
import { diskFull } from './disk-full.ts';
import { exchangeRaces } from './exchange-race.ts';
import { keyRotation } from './key-rotation.ts';
import { killPostgresNode, killSqlite, killWorker } from './kill-server.ts';
import { lostAnswers } from './lost-answer.ts';
import { onceRaces } from './once-races.ts';
import { powerLoss } from './power-loss.ts';
import { refreshRaces, revocationRaces } from './refresh-races.ts';
import { rollingRestart } from './rolling-restart.ts';
import { lockHeld, slowDisk } from './slow-disk.ts';
import { longLoad } from './soak.ts';
import { writeFailsPostgres, writeFailsSqlite } from './write-fails.ts';

/** `npm run races` runs only these. */
export const races: readonly Fault[] = [refreshRaces, revocationRaces, exchangeRaces, ...onceRaces];

export const faults: readonly Fault[] = [
  killSqlite,
  killWorker,
  killPostgresNode,
  databaseKilled,
  powerLoss,
  databaseAway,
  databaseSlow,
  databaseSilent,
  databaseReadOnly,
  ...races,
  keyRotation,
  clockJumps,
  clockJumpsSqlite,
  diskFull,
  rollingRestart,
  writeFailsSqlite,
  writeFailsPostgres,
  lostAnswers,
  longLoad,
  slowDisk,
  lockHeld,
  databaseLocked,
  commitCut,
];
