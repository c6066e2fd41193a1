// Describes failures of files, connections and TLS in plain words, without the text of libuv or OpenSSL.

interface SystemError extends Error {
  readonly code?: string;
  readonly hostname?: string;
  readonly path?: string;
}

const LATE = 'there was no answer in time';
const CLOSED = 'the other side closed the connection';
const NO_TLS = 'the other side does not answer with TLS';
const NOT_TRUSTED = 'its certificate is not from an authority that is trusted here';

/** By code: what is wrong, as a clause that follows a colon. */
const CLAUSES: Readonly<Record<string, string | ((error: SystemError) => string)>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EACCES: 'permission denied for the user that runs cambio',
  EPERM: 'permission denied for the user that runs cambio',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'too many files and connections are open; raise the limit (ulimit -n)',
  ENFILE: 'too many files and connections are open on this machine',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  EIO: 'the disk reports an error',
  EBUSY: 'another process uses it',
  ECONNREFUSED: 'nothing listens on that port',
  ECONNRESET: CLOSED,
  ECONNABORTED: CLOSED,
  EPIPE: CLOSED,
  UND_ERR_SOCKET: CLOSED,
  ETIMEDOUT: LATE,
  UND_ERR_CONNECT_TIMEOUT: LATE,
  UND_ERR_HEADERS_TIMEOUT: LATE,
  UND_ERR_BODY_TIMEOUT: LATE,
  ENOTFOUND: ({ hostname }) => (hostname ? `there is no host ${hostname}` : 'there is no host of that name'),
  EAI_AGAIN: ({ hostname = 'that host' }) => `the name of ${hostname} cannot be resolved now: DNS does not answer`,
  EHOSTUNREACH: 'no network route leads there',
  ENETUNREACH: 'no network route leads there',
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EPROTO: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the other side supports no version of TLS that this server accepts',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the other side asks for a client certificate',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  CERT_REVOKED: 'its certificate was revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_TRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
  CERT_UNTRUSTED: NOT_TRUSTED,
  CERT_SIGNATURE_FAILURE: 'the signature of its certificate is wrong',
  INVALID_CA: 'its certificate comes from a certificate that is not an authority',
  INVALID_PURPOSE: 'its certificate is not for a server',
};

/** Codes of libuv, Node, undici and OpenSSL. Codes of SQL and of Cambio are in lower case or begin with a digit. */
const SYSTEM_CODE =
  /^(?:E[A-Z0-9]+|EAI_[A-Z]+|ERR_(?:SSL|OSSL|TLS|CRYPTO|SOCKET)_\w+|UND_ERR_\w+|CERT_\w+|UNABLE_TO_\w+)$/;

/** Maximum number of nested errors to examine. `fetch` wraps an error; a host with several addresses gives a list of errors. */
const MAX_DEPTH = 8;

/** @returns the reason, as a clause that follows a colon. An error that is not from the system keeps its own message */
export function describeFailure(error: unknown): string {
  const errors = unwrap(error);
  for (const one of errors) {
    const clause = one.code === undefined ? undefined : CLAUSES[one.code];
    if (clause !== undefined) return typeof clause === 'string' ? clause : clause(one);
    // `fetch` refuses ports of other protocols (fetch.spec.whatwg.org section 2.9).
    if (one.message === 'bad port') return 'that port is for another protocol, and HTTP clients refuse it';
    if (one.name === 'TimeoutError' || one.name === 'AbortError') return LATE;
  }
  const unknown = errors.find(({ code }) => typeof code === 'string' && SYSTEM_CODE.test(code));
  if (unknown !== undefined) return `the system reports ${unknown.code}`;
  return errors.findLast(({ message }) => message !== '')?.message ?? 'the cause is not known';
}

/** @returns the message of an error of ours; for an error of the system, the file and the reason */
export function describeError(error: unknown): string {
  const { code = '', path, message } = error as SystemError;
  if (!SYSTEM_CODE.test(code)) return String(message || error);
  return path === undefined ? describeFailure(error) : `cannot use ${path}: ${describeFailure(error)}`;
}

/** Advice if a server cannot listen. KEY stands for the section of the configuration that has the host and the port. */
const LISTEN_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Stop that program, or write another port in KEY.port',
  EACCES: 'A port below 1024 needs the capability CAP_NET_BIND_SERVICE; or write another port in KEY.port',
  EADDRNOTAVAIL: 'Write an address of this machine in KEY.host',
  ENOTFOUND: 'Write an address of this machine in KEY.host',
};

/** @param key `server`, or `server.metrics` */
export function describeListenFailure(
  error: unknown,
  { host, port }: { readonly host: string; readonly port: number },
  key: string,
): string {
  const advice = LISTEN_ADVICE[(error as SystemError).code ?? '']?.replace('KEY', key);
  return `cannot listen on ${host} port ${port}: ${describeFailure(error)}${advice === undefined ? '' : `. ${advice}`}`;
}

/** Did TLS fail because no authority that is trusted here issued the certificate? */
export const isUntrusted = (error: unknown): boolean =>
  unwrap(error).some(({ code = '' }) => CLAUSES[code] === NOT_TRUSTED);

/** The outermost error first. */
function unwrap(error: unknown): readonly SystemError[] {
  const found: SystemError[] = [];
  const open = [error];
  while (open.length > 0 && found.length < MAX_DEPTH) {
    const one = open.shift();
    if (!(one instanceof Error)) continue;
    found.push(one);
    open.push(one.cause, ...(one instanceof AggregateError ? one.errors : []));
  }
  return found;
}
