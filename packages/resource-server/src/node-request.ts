// Reads method, path, headers and client certificate from a request of node:http.
import type { ProtectedRequest } from './credentials.ts';

export interface NodeRequest {
  readonly method?: string | undefined;
  /** Names and values in turn, with duplicates. */
  readonly rawHeaders: readonly string[];
  readonly socket: object;
}

export const readNodeRequest = ({ method = '', rawHeaders, socket }: NodeRequest, path: string): ProtectedRequest => ({
  method,
  path,
  headers: rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ''] as const] : [])),
  certificate: certificateOf(socket),
});

/** Returns the certificate whose key the client proved in TLS. */
export function certificateOf(socket: object): Uint8Array | undefined {
  const { getPeerX509Certificate: get } = socket as { getPeerX509Certificate?: () => { raw: Uint8Array } | undefined };
  return get?.call(socket)?.raw;
}
