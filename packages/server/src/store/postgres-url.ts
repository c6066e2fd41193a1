// Reads the URL of a PostgreSQL database. The connection is verified TLS, except on loopback, over a socket, or with sslmode=disable.
import { resolve } from 'node:path';
import { isLoopback } from '../primitives/network.ts';

export interface PostgresConnection {
  /** A host name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** If undefined, the driver reads PGUSER, PGPASSWORD and PGDATABASE. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  /** Settings of the session, written `-c name=value`. */
  readonly options: string | undefined;
  /** `transaction`: a pooler gives each transaction another session of the database. */
  readonly pooler: 'none' | 'transaction';
  readonly tls: PostgresTls | 'none';
}

/** Paths of PEM files. Without an authority, the certificate authorities of Node are trusted. */
export interface PostgresTls {
  readonly authority: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export interface ReadPostgresUrl {
  /** Undefined if the URL is invalid. */
  readonly connection?: PostgresConnection;
  readonly fault?: string;
  readonly warning?: string;
}

const PARAMETERS: readonly string[] = ['host', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'options', 'pooler'];

/** One sentence for every text that cannot be read, because any part of it may be a part of the password. */
const UNREADABLE =
  'the URL of the database cannot be read. Write postgres://USER:PASSWORD@HOST:PORT/DATABASE; in the user name and the password, percent-encode all but letters and digits: %40 for @, %2F for /, %3A for :, %25 for %';

const IN_THE_CLEAR =
  'the connection to the database is not encrypted, so anyone on the way can read and change it. Write sslmode=verify-full';

/** Values of sslmode that encrypt. Each is treated as verify-full, the strictest. */
const VERIFIED: readonly string[] = ['require', 'verify-ca', 'verify-full'];

/** The other values of PostgreSQL. No other text is shown, because it may be a part of the password. */
const UNVERIFIED: readonly string[] = ['allow', 'prefer'];

/** @param folder paths in the URL are relative to it */
export function readPostgresUrl(text: string, folder: string): ReadPostgresUrl {
  // The parser refuses a URL with a user and an empty host. Here the host is in a parameter.
  const url = parse(/[?&]host=/.test(text) ? text.replace(/@\//, '@localhost/') : text);
  if (url === undefined) return { fault: UNREADABLE };
  const { user, password, database, parameters, port } = url;
  if (
    [...parameters.keys()].some((name) => !PARAMETERS.includes(name)) ||
    parameters.size > new Set(parameters.keys()).size
  )
    return { fault: `${UNREADABLE}. After a ? it can have, once each, the parameters ${PARAMETERS.join(', ')}` };
  const socket = parameters.get('host');
  if (socket !== null && !socket.startsWith('/'))
    return {
      fault:
        'the parameter host is not the folder of a Unix socket, which begins with /. Write the name of a host before the port',
    };
  const host = socket ?? url.host;
  if (host === '')
    return { fault: 'the URL of the database names no host. Write localhost, or ?host=/FOLDER for a Unix socket' };
  const isLocal = host.startsWith('/') || isLoopback(host);
  const mode = parameters.get('sslmode') ?? (isLocal ? 'disable' : 'verify-full');
  if (mode !== 'disable' && !VERIFIED.includes(mode))
    return {
      fault: `${UNVERIFIED.includes(mode) ? `sslmode=${mode}` : 'sslmode'} is not one of the modes that are known here. Write sslmode=verify-full, or disable for a connection that anyone on the way can read and change`,
    };
  const options = parameters.get('options') ?? undefined;
  const pooler = parameters.get('pooler') ?? 'none';
  if (pooler !== 'none' && pooler !== 'transaction')
    return { fault: 'the parameter pooler is not transaction. Leave it out for a connection to PostgreSQL itself' };
  if (pooler !== 'none' && options !== undefined)
    return {
      fault:
        'the parameter options sets values of a session, and with pooler=transaction each transaction has another one. Set them for the role: alter role NAME set SETTING = VALUE',
    };
  const file = (name: string): string | undefined => {
    const path = parameters.get(name);
    return path === null ? undefined : resolve(folder, path);
  };
  const tls = { authority: file('sslrootcert'), cert: file('sslcert'), key: file('sslkey') };
  return {
    connection: { host, port, user, password, database, options, pooler, tls: VERIFIED.includes(mode) ? tls : 'none' },
    ...(mode === 'disable' && !isLocal && { warning: IN_THE_CLEAR }),
  };
}

/** @returns undefined if the text can be read in more than one way, for example if the password is not encoded */
function parse(text: string) {
  if (!URL.canParse(text) || /[\s#]/.test(text)) return undefined;
  const { username, password, hostname, port, pathname, searchParams: parameters } = new URL(text);
  const authority = /^\w+:\/\/([^/?]*)/.exec(text)?.[1] ?? '';
  try {
    const [host, database] = [decodeURIComponent(hostname), decodeURIComponent(pathname.slice(1))];
    if (authority.split('@').length > 2 || /[/@:]/.test(database) || /[,@]/.test(host)) return undefined;
    return {
      host: host.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? 5432 : Number(port),
      user: username === '' ? undefined : decodeURIComponent(username),
      password: password === '' ? undefined : decodeURIComponent(password),
      database: database === '' ? undefined : database,
      parameters,
    };
  } catch {
    return undefined;
  }
}
