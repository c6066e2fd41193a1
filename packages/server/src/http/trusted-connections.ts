// Closes connections of clients whose authority is no longer trusted. OpenSSL judges a certificate once, when its connection begins.
import type { Server } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { createIssuerCheck } from './client-certificate.ts';
import { connectionName } from './connections.ts';

/** OpenSSL verifies no longer chain. */
const MAX_CHAIN = 100;

/** @param first PEM of the authorities that the first connections are judged by */
export function createTrustedConnections(first: readonly string[]) {
  let authorities = first;
  const trusted = new Set<TLSSocket>();
  /** The authorities by which each open connection is judged. */
  const judgedBy = new Map<string, readonly string[]>();
  return {
    watch: (server: Server): void => {
      server.on('connection', (socket) => {
        const name = connectionName(socket);
        judgedBy.set(name, authorities);
        socket.once('close', () => judgedBy.delete(name));
      });
      server.on('secureConnection', (socket: TLSSocket) => {
        if (!socket.authorized || socket.getPeerX509Certificate() === undefined) return;
        // The authorities may have changed during the handshake.
        if (judgedBy.get(connectionName(socket)) !== authorities && !leadsTo(authorities)(socket))
          return void socket.destroy();
        trusted.add(socket);
        socket.once('close', () => trusted.delete(socket));
      });
    },
    /** From now on connections are judged by these. Closes the open ones whose certificate does not lead to one of them. */
    renew: (next: readonly string[]): void => {
      const isRemoved = authorities.some((one) => !next.includes(one));
      authorities = next;
      const isTrusted = leadsTo(next);
      if (isRemoved) for (const socket of trusted) if (!isTrusted(socket)) socket.destroy();
    },
  };
}

/**
 * @returns a function: does the certificate of a connection lead to one of the authorities? A resumed connection has lost the
 *   intermediate certificates that the caller sent, so the answer may be no. Then the caller connects anew
 */
function leadsTo(authorities: readonly string[]): (socket: TLSSocket) => boolean {
  const isOfAuthority = createIssuerCheck(authorities);
  return (socket) => {
    let x509 = socket.getPeerX509Certificate();
    for (let length = 0; x509 !== undefined && length < MAX_CHAIN; length++) {
      if (isOfAuthority(x509)) return true;
      x509 = x509.issuerCertificate;
    }
    return false;
  };
}
