// Makes DPoP proofs (RFC 9449), for the server and for APIs, and remembers the nonces that they ask for.
import { generateProof } from 'dpop';
import type { Key } from './jwk.ts';

/** Maximum number of origins whose nonce is remembered. */
const MAX_ORIGINS = 100;

export interface KeyPair {
  readonly privateKey: Key;
  readonly publicKey: Key;
}

export interface Proof {
  readonly text: string;
  readonly nonce: string | undefined;
}

export interface Proofs {
  /** @param token the access token that is sent with it, if any */
  readonly prove: (url: URL, method: string, token?: string) => Promise<Proof>;
  /** Remembers the nonce of an answer. @returns whether the proof that was sent had another, or none */
  readonly note: (url: URL, headers: Headers, sent: Proof) => boolean;
}

export function createProofs(keyPair: KeyPair): Proofs {
  const nonces = new Map<string, string>();
  return {
    prove: async (url, method, token) => {
      const nonce = nonces.get(url.origin);
      return { text: await generateProof(keyPair, url.origin + url.pathname, method, nonce, token), nonce };
    },
    note: (url, headers, sent) => {
      const nonce = headers.get('dpop-nonce');
      if (nonce === null) return false;
      nonces.delete(url.origin);
      const [oldest] = nonces.size < MAX_ORIGINS ? [] : nonces.keys();
      if (oldest !== undefined) nonces.delete(oldest);
      nonces.set(url.origin, nonce);
      return nonce !== sent.nonce;
    },
  };
}
