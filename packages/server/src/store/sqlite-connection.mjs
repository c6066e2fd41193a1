// @ts-check
// One connection to an SQLite file: runs statements, and units of statements in one transaction. Plain JavaScript that loads only
// Node, because a thread that loads TypeScript takes twice the memory and three times as long to start.
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

// An import would read all exports, and so load the modules of streams and promises into the thread.
const { chmodSync, existsSync, mkdirSync } = process.getBuiltinModule('node:fs');

/** Primary result code of a violated constraint, or of a trigger that aborts. */
const CONSTRAINT = 19;

/**
 * @typedef {'read' | 'write'} Access
 * @typedef {null | number | bigint | string | Uint8Array} Value
 * @typedef {{ readonly sql: string, readonly parameters: readonly Value[] }} Statement
 * @typedef {Record<string, unknown>} Row
 * @typedef {{ readonly rows: readonly Row[], readonly changes?: number | undefined }} Result `changes` is absent if the statement returns rows
 *
 * @typedef {{ readonly units: readonly (readonly Statement[])[], readonly last: readonly Statement[], readonly until: number }} Together
 * Each statement of a unit must change one row. The last statements depend on no condition. `until` is a time of `steadyNow`.
 *
 * @typedef {'open' | 'close' | 'version' | Statement | Together} Request `version` asks for a text that differs after every
 * commit of another connection to the file.
 * @typedef {{ readonly result: Result } | { readonly version: string } | { readonly failed: readonly number[] } | { readonly error: Failure }} Reply
 * @typedef {{ readonly message: string, readonly facts: Readonly<Record<string, unknown>> }} Failure An error in a form that threads can exchange.
 */

/**
 * The file is opened by the first request, and again after that failed. It is created with its folder if it is missing, and only
 * its owner can read it. WAL with `synchronous=FULL`: committed transactions survive a power failure.
 * @param {string} file
 * @param {Access} access
 * @param {number} busyMs how long a statement waits for a lock that another process holds
 */
export function createConnection(file, access, busyMs) {
  /** @type {DatabaseSync | undefined} */
  let database;
  let closed = false;
  /** A version means something on one connection only. */
  const since = steadyNow();
  const prepared = createPrepared((sql) => prepare(opened(), sql));

  const opened = () => {
    if (closed) throw new Error('the database is closed');
    database ??= open(file, access, busyMs);
    return database;
  };

  /** @type {(statement: Statement) => Result} */
  const run = ({ sql, parameters }) => prepared(sql).run(parameters);

  /** SQLite has rolled back already after some errors. */
  const rollBack = () => {
    if (database?.isTransaction) database.exec('rollback');
    return NOTHING;
  };

  /**
   * Commits all in one transaction. If units fail, commits nothing and returns their positions. Nobody waits for it after `until`:
   * then it does not begin.
   * @type {(together: Together) => readonly number[]}
   */
  const commitTogether = ({ units, last, until }) => {
    const leftMs = until - steadyNow();
    if (leftMs <= 0) throw new Error('the database did not answer in time');
    if (leftMs < busyMs) opened().exec(`pragma busy_timeout = ${Math.ceil(leftMs)}`);
    try {
      run({ sql: 'begin immediate', parameters: [] });
      const failed = units.flatMap((unit, index) => (unit.every((one) => changesOne(run, one)) ? [] : [index]));
      if (failed.length > 0) {
        rollBack();
        return failed;
      }
      for (const statement of last) run(statement);
      run({ sql: 'commit', parameters: [] });
      return failed;
    } catch (error) {
      rollBack();
      throw error;
    } finally {
      if (leftMs < busyMs) opened().exec(`pragma busy_timeout = ${busyMs}`);
    }
  };

  const close = () => {
    closed = true;
    database?.close();
    return NOTHING;
  };

  return {
    /** @type {(request: Request) => Reply} */
    answer: (request) => {
      try {
        if (request === 'close') return { result: close() };
        opened();
        if (request === 'open') return { result: NOTHING };
        if (request === 'version') return { version: `${since} ${readVersion(run)}` };
        if ('units' in request) return { failed: commitTogether(request) };
        return { result: request.sql === 'rollback' ? rollBack() : run(request) };
      } catch (error) {
        return { error: describe(/** @type {Error} */ (error)) };
      }
    },
  };
}

/** Milliseconds of a clock that all threads share and nobody can set. */
export const steadyNow = () => Number(process.hrtime.bigint()) / 1e6;

/** @type {Result} */
const NOTHING = { rows: [] };

/** @type {(run: (statement: Statement) => Result) => unknown} */
const readVersion = (run) => run({ sql: 'pragma data_version', parameters: [] }).rows[0]?.data_version;

/** @type {(run: (statement: Statement) => Result, statement: Statement) => boolean} */
function changesOne(run, statement) {
  try {
    return run(statement).changes === 1;
  } catch (error) {
    const { errcode = 0 } = /** @type {{ errcode?: number }} */ (error);
    if ((errcode & 0xff) === CONSTRAINT) return false;
    throw error;
  }
}

/** @type {(file: string, access: Access, busyMs: number) => DatabaseSync} */
function open(file, access, busyMs) {
  if (access === 'read') return new DatabaseSync(file, { readOnly: true, timeout: busyMs });
  if (file !== ':memory:') makeFolder(dirname(file));
  const database = new DatabaseSync(file, { timeout: busyMs });
  try {
    if (file !== ':memory:') chmodSync(file, 0o600);
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Creates one folder at a time: `recursive: true` makes Node hang if a parent cannot be created.
 * @type {(folder: string) => void}
 */
function makeFolder(folder) {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/** @typedef {{ readonly run: (parameters: readonly Value[]) => Result }} Prepared */

/** Two generations of so many statements are kept. A list of values has a text for each of its lengths. */
const MAX_PREPARED = 250;

/**
 * Keeps the statements that are used.
 * @param {(sql: string) => Prepared} prepareNew
 */
function createPrepared(prepareNew) {
  /** @type {Map<string, Prepared>} */
  let recent = new Map();
  let earlier = recent;
  /** @type {(sql: string) => Prepared} */
  return (sql) => {
    const known = recent.get(sql);
    if (known !== undefined) return known;
    const statement = earlier.get(sql) ?? prepareNew(sql);
    if (recent.size >= MAX_PREPARED) {
      earlier = recent;
      recent = new Map();
    }
    recent.set(sql, statement);
    return statement;
  };
}

/** @type {(database: DatabaseSync, sql: string) => Prepared} */
function prepare(database, sql) {
  const statement = database.prepare(sql);
  if (statement.columns().length > 0)
    return { run: (parameters) => ({ rows: /** @type {Row[]} */ (statement.all(...parameters)) }) };
  return { run: (parameters) => ({ rows: [], changes: Number(statement.run(...parameters).changes) }) };
}

/** @type {(error: Error) => Failure} */
const describe = (error) => ({ message: error.message, facts: { ...error } });
