// Caches verified signatures, so that a repeated token costs a hash instead of a signature check. A signature stays valid for
// ever; whether its key is still trusted and its token still valid is checked each time.
import { hash, type KeyObject } from 'node:crypto';

/** Signatures in a generation. Two generations take about 4 MiB; a signature that is not used during one is forgotten. */
const GENERATION_SIZE = 16_384;

export interface SignatureCache {
  /** Two keys with the same id are different keys. @param verify throws if the key did not sign the token */
  readonly verifyOnce: (token: string, key: KeyObject, verify: () => void) => void;
  /** Adds a token that was just signed with the private half of the key. */
  readonly add: (token: string, key: KeyObject) => void;
}

export function createSignatureCache(): SignatureCache {
  /** SHA-256 of the whole token → the key that verified it. */
  let recent = new Map<string, KeyObject>();
  let older = new Map<string, KeyObject>();
  const remember = (name: string, key: KeyObject): void => {
    if (recent.size >= GENERATION_SIZE) {
      older = recent;
      recent = new Map();
    }
    recent.set(name, key);
  };
  return {
    verifyOnce: (token, key, verify) => {
      const name = nameOf(token);
      if (recent.get(name) === key) return;
      if (older.get(name) !== key) verify();
      remember(name, key);
    },
    add: (token, key) => remember(nameOf(token), key),
  };
}

const nameOf = (token: string): string => hash('sha256', token, 'base64url');
