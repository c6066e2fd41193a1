// Remembers which signatures were proven. What a key has signed it has signed for ever; whether the key is still trusted, and
// the token still good, is asked anew each time. So a token that comes again costs a hash and not a signature check.
import { hash, type KeyObject } from 'node:crypto';

/** Signatures of a generation. There are two, some 4 MiB together; a signature that is not asked for in the time of one is forgotten. */
const GENERATION = 16_384;

export interface SignatureCache {
  /** Another key of the same name is another key. @param prove throws where the key did not sign the token */
  readonly proveOnce: (token: string, key: KeyObject, prove: () => void) => void;
  /** For a token that was just made with the private half of the key. */
  readonly note: (token: string, key: KeyObject) => void;
}

export function createSignatureCache(): SignatureCache {
  /** SHA-256 of the whole token (two that differ in a single bit are two) → the very key that proved it. */
  let young = new Map<string, KeyObject>();
  let old = new Map<string, KeyObject>();
  const remember = (name: string, key: KeyObject): void => {
    if (young.size >= GENERATION) {
      old = young;
      young = new Map();
    }
    young.set(name, key);
  };
  return {
    proveOnce: (token, key, prove) => {
      const name = nameOf(token);
      if (young.get(name) === key) return;
      if (old.get(name) !== key) prove();
      remember(name, key);
    },
    note: (token, key) => remember(nameOf(token), key),
  };
}

const nameOf = (token: string): string => hash('sha256', token, 'base64url');
