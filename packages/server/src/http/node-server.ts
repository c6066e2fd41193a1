// Node's own server, plain or with TLS: what it reads, how long it waits, and whom it asks for a certificate.
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

export interface NodeServerOptions {
  /** PEM; plain HTTP without it. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly clientCertificates: {
    /** Is the caller of a TLS connection asked for a certificate? It need not have one. */
    readonly asked: boolean;
    /** PEM. */
    readonly authorities: readonly string[];
  };
  /** Milliseconds within which a request must be there as a whole; a tenth of it late at most, that is seen. */
  readonly requestDeadline: number;
}

/** Bytes of request headers: Node's own default, said aloud because it is promised. */
const HEADER_LIMIT = 16_384;
/** Milliseconds within which some of an answer must be read, and for which a connection without a request is kept. */
const ANSWER_DEADLINE = 30_000;
const KEEP_ALIVE = 72_000;

export function createNodeServer(
  { tls, clientCertificates, requestDeadline }: NodeServerOptions,
  listener: RequestListener,
): Server {
  const http = {
    maxHeaderSize: HEADER_LIMIT,
    // Of two Authorization headers Node would take the first, and a proxy before us perhaps the other.
    joinDuplicateHeaders: true,
    requestTimeout: requestDeadline,
    // Said for headers too: of two deadlines Node takes the longer for the body.
    headersTimeout: requestDeadline,
    connectionsCheckingInterval: requestDeadline / 10,
    keepAliveTimeout: KEEP_ALIVE,
  };
  const server =
    tls === undefined
      ? createServer(http, listener)
      : createTlsServer(
          { ...tls, ...askForCertificate(clientCertificates), ...http, handshakeTimeout: requestDeadline },
          listener,
        );
  return server.setTimeout(ANSWER_DEADLINE);
}

/**
 * Whoever has no certificate is served all the same; what one is worth, the client's method says. Without authorities none is
 * trusted, those of the system least of all.
 */
const askForCertificate = ({ asked, authorities }: NodeServerOptions['clientCertificates']) =>
  asked && { requestCert: true, rejectUnauthorized: false, ca: [...authorities], allowPartialTrustChain: true };
