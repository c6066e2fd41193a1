// Makes DPoP proofs (RFC 9449), for the server and for APIs, and remembers the nonces that they ask for.
import { generateProof } from 'dpop';
import type { Key } from './jwk.ts';

/** Maximum number of origins whose nonce is remembered. */
const MAX_ORIGINS = 100;

export interface KeyPair {
  readonly privateKey: Key;
  readonly publicKey: Key;
}

export interface Proofs {
  /** @param token the access token that is sent with it, if any */
  readonly prove: (url: URL, method: string, token?: string) => Promise<string>;
  /** Remembers the nonce of an answer. @returns whether it is a new one */
  readonly note: (url: URL, headers: Headers) => boolean;
}

export function createProofs(keyPair: KeyPair): Proofs {
  const nonces = new Map<string, string>();
  return {
    prove: (url, method, token) =>
      generateProof(keyPair, url.origin + url.pathname, method, nonces.get(url.origin), token),
    note: (url, headers) => {
      const nonce = headers.get('dpop-nonce');
      if (nonce === null || nonces.get(url.origin) === nonce) return false;
      nonces.delete(url.origin);
      const [oldest] = nonces.size < MAX_ORIGINS ? [] : nonces.keys();
      if (oldest !== undefined) nonces.delete(oldest);
      nonces.set(url.origin, nonce);
      return true;
    },
  };
}
