// Describes failures of a database for people. They never see the text of the driver.
import { accessSync, constants, statSync } from 'node:fs';
import { describeError, describeFailure, isUntrusted } from '../primitives/failure.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { PostgresConnection } from './postgres-url.ts';

/** The schema of the database does not fit this version or this command. The message is for people. */
export class SchemaError extends Error {}

interface DriverError extends Error {
  readonly code?: string;
  /** From SQLite. */
  readonly errcode?: number;
  readonly syscall?: string;
}

interface Clause {
  /** A clause that follows a colon. */
  readonly why: string;
  /** What to do. */
  readonly mend?: string;
  /** It may end without a change of the configuration or of a right: the database starts, is busy, or changes its primary. */
  readonly passes?: true;
}

type Names = Pick<PostgresConnection, 'user' | 'password' | 'database' | 'host' | 'tls'>;

const nameOf = (what: string, name: string | undefined): string =>
  name === undefined ? `the ${what}` : `the ${what} ${name}`;

const NO_NAMES: Names = { user: undefined, password: undefined, database: undefined, host: '', tls: 'none' };

const NO_PASSWORD: Clause = {
  why: 'PostgreSQL asks for a password, and store has none',
  mend: 'Write postgres://USER:PASSWORD@HOST/DATABASE',
};
const LATE: Clause = { why: 'the database did not answer in time', passes: true };
const LOCKED: Clause = {
  why: 'another process holds its lock',
  mend: 'Stop that process, or wait until it is done',
  passes: true,
};

/** By SQLSTATE (PostgreSQL manual, appendix A). */
const POSTGRES: Readonly<Record<string, (names: Names) => Clause>> = {
  '28P01': ({ user, password, tls }) => {
    if (password === undefined) return NO_PASSWORD;
    const mend =
      'Correct the user name or the password in store; in both, write all but letters and digits percent-encoded, such as %40 for @';
    if (tls === 'none' || tls.cert === undefined)
      return { why: `PostgreSQL refuses the password of ${nameOf('user', user)}`, mend };
    // With clientcert=verify-full, PostgreSQL says the same of both.
    return {
      why: `PostgreSQL refuses the password or the certificate of ${nameOf('user', user)}`,
      mend: `${mend}. The common name of the certificate in sslcert must be the user name`,
    };
  },
  '28000': ({ user }) => ({
    why: `PostgreSQL refuses ${nameOf('user', user)} from this machine`,
    mend: 'Correct the user name in store, or add a line for it to pg_hba.conf of the PostgreSQL server',
  }),
  '3D000': ({ database }) => ({
    why: `PostgreSQL has no database ${database ?? 'of that name'}`,
    mend: `Create it with createdb${database === undefined ? '' : ` ${database}`}, or correct the name in store`,
  }),
  '42501': ({ user }) => ({
    why: `${nameOf('user', user)} lacks a right in the database`,
    mend: 'Make it the owner of the database, or let another role run cambio store migrate, with --grant for this one',
  }),
  '42P01': () => ({ why: 'it lacks a table of Cambio', mend: 'Start the server once: it makes the tables' }),
  '08P01': () => ({
    why: 'PostgreSQL or a pooler before it refuses the settings of the connection',
    mend: 'If it is PgBouncer with pool_mode = transaction, add pooler=transaction to the URL in store',
  }),
  '53300': () => ({
    why: 'PostgreSQL has no connection left',
    mend: 'Raise max_connections there, or start fewer nodes: each process opens up to 11',
    passes: true,
  }),
  '53100': () => ({ why: 'the disk of the PostgreSQL server is full' }),
  '57P03': () => ({ why: 'PostgreSQL is starting or stopping', mend: 'Try again in a moment', passes: true }),
  '57P01': () => ({ why: 'PostgreSQL is stopping', mend: 'Try again when it has started', passes: true }),
  '57014': () => LATE,
  '55P03': () => ({ why: 'another transaction holds a lock', passes: true }),
  '25006': () => ({ why: 'it can only be read, as a standby', mend: 'Name the primary in store', passes: true }),
  '25P03': () => LATE,
};

/** By message, for errors of the driver, which have no code. */
const DRIVER: readonly (readonly [text: RegExp, clause: (names: Names) => Clause])[] = [
  [
    /does not support SSL|establishing an SSL connection/,
    ({ host }) => ({
      why: 'it does not offer TLS',
      mend: `Set ssl = on in its postgresql.conf, with a certificate that names ${host} and comes from an authority in sslrootcert, or from one that Node trusts`,
    }),
  ],
  [/password must be a/, () => NO_PASSWORD],
  [/^SASL/, () => ({ why: 'PostgreSQL and this server cannot agree on how the password is proven' })],
  [/timeout/, () => LATE],
  [
    /terminated|connection error|not queryable|connection is lost/,
    () => ({ why: 'PostgreSQL closed the connection', passes: true }),
  ],
];

/** By primary result code. */
const SQLITE: Readonly<Record<number, Clause>> = {
  5: LOCKED,
  6: LOCKED,
  8: {
    why: 'it can only be read',
    mend: 'Give the user that runs cambio the right to write to the file and its folder',
  },
  10: { why: 'the disk reports an error' },
  11: { why: 'it is damaged', mend: 'Restore it from a backup' },
  13: { why: 'the disk is full' },
  14: { why: 'the file cannot be opened' },
  26: { why: 'the file is not an SQLite database', mend: 'Write another file in store, or move this one away' },
};

const OWN_CERTIFICATE =
  'Write sslcert and sslkey in store, the files of a certificate from an authority in ssl_ca_file of the PostgreSQL server';

/** About the certificate of this server, where pg_hba.conf has clientcert=verify-full. By message: the codes say less. */
const CERTIFICATE: readonly (readonly [text: RegExp, clause: (names: Names) => Clause])[] = [
  [
    /requires a valid client certificate/,
    ({ user }) => ({ why: `PostgreSQL asks ${nameOf('user', user)} for a certificate`, mend: OWN_CERTIFICATE }),
  ],
  [
    /certificate authentication failed/,
    () => ({
      why: 'the certificate in sslcert is for another user',
      mend: 'Its common name must be the user name in store',
    }),
  ],
  [
    /alert (?:unknown ca|decrypt error|certificate \w+|bad certificate|unsupported certificate)/,
    () => ({ why: 'PostgreSQL does not accept the certificate in sslcert', mend: OWN_CERTIFICATE }),
  ],
];

function clauseOf(error: DriverError, names: Names): Clause | undefined {
  const { code = '', errcode, message } = error;
  if (errcode !== undefined) return sqliteClause(errcode);
  const certificate = CERTIFICATE.find(([text]) => text.test(message));
  if (certificate !== undefined) return certificate[1](names);
  const known = POSTGRES[code];
  if (known !== undefined) return known(names);
  if (/^[0-9A-Z]{5}$/.test(code) && /\d/.test(code))
    return { why: `PostgreSQL reports the error ${code}`, mend: 'Its log says more' };
  return code === '' ? DRIVER.find(([text]) => text.test(message))?.[1](names) : undefined;
}

const sqliteClause = (errcode: number): Clause =>
  SQLITE[errcode & 0xff] ?? { why: `SQLite reports the error ${errcode}` };

/** @returns the reason why a query failed, as a clause that follows a colon */
export function describeDatabaseFailure(error: unknown): string {
  return clauseOf(error as DriverError, NO_NAMES)?.why ?? describeError(error);
}

/** Codes of a database that is not there yet, or that the network does not reach for a moment. */
const ABSENT: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** Can a later attempt to open the database succeed although nobody changes the configuration or a right? */
export function mayPass(error: unknown): boolean {
  if (error instanceof SchemaError) return false;
  if (error instanceof Refusal) return error.reason === 'store_unavailable';
  const { cause = error } = error as Error;
  const { code = '', syscall } = cause as DriverError;
  // A socket that does not exist yet. A file or folder that is missing does not come by itself.
  const noSocket = code === 'ENOENT' && syscall === 'connect';
  return noSocket || ABSENT.has(code) || clauseOf(cause as DriverError, NO_NAMES)?.passes === true;
}

const sentence = (where: string, { why, mend }: Clause): string =>
  `cannot open the database ${where}: ${why}${mend === undefined ? '' : `. ${mend}`}`;

/** @returns an error that names the database, the reason and the remedy, and never a part of the password */
export function explainPostgres(error: unknown, connection: PostgresConnection): Error {
  if (error instanceof SchemaError) return error;
  const { host, port } = connection;
  const where = host.startsWith('/') ? `at the socket ${host}` : `on ${host} port ${port}`;
  const clause = clauseOf(error as DriverError, connection) ?? {
    why: describeFailure(error),
    ...mendOf(error, connection),
  };
  return new Error(sentence(where, clause), { cause: error });
}

function mendOf(error: unknown, { host, tls }: PostgresConnection): Pick<Clause, 'mend'> {
  const { code = '' } = error as DriverError;
  const alternative = code.startsWith('ERR_TLS_CERT_ALTNAME');
  if (tls !== 'none' && (isUntrusted(error) || alternative || code.startsWith('CERT_')))
    return {
      mend: `Its certificate must name ${host} and come from an authority in sslrootcert, or from one that Node trusts`,
    };
  if (code === 'ECONNREFUSED' || code === 'ENOENT')
    return { mend: 'Start PostgreSQL, or correct the host and the port in store' };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return { mend: 'Correct the host in store' };
  return {};
}

/** @returns an error that names the file, the reason and the remedy */
export function explainSqlite(error: unknown, file: string): Error {
  if (error instanceof SchemaError) return error;
  const { errcode } = error as DriverError;
  if (errcode === undefined) {
    const { path } = error as NodeJS.ErrnoException;
    const at = path === undefined || path === file ? '' : `${path}: `;
    return new Error(`cannot open the database ${file}: ${at}${describeFailure(error)}`, { cause: error });
  }
  const clause = (errcode & 0xff) === CANNOT_OPEN ? { why: whyNotOpened(file) } : sqliteClause(errcode);
  return new Error(sentence(file, clause), { cause: error });
}

const CANNOT_OPEN = 14;

/** SQLite does not report the reason. */
function whyNotOpened(file: string): string {
  try {
    if (statSync(file).isDirectory()) return 'it is a folder, not a file';
    accessSync(file, constants.R_OK);
    return 'the file cannot be opened';
  } catch (error) {
    return describeFailure(error);
  }
}
