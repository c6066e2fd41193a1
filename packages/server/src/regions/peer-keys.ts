// The public keys of another region, by the key sets that publish them.
import { createPublicKey } from 'node:crypto';
import { signingAlgorithms } from '../keys/algorithms.ts';
import type { Key } from '../keys/jws.ts';
import type { PublishedKey } from '../keys/signing-key.ts';
import { thumbprint } from '../keys/thumbprint.ts';
import { parseOwnJson } from '../primitives/strict-json.ts';
import type { RegionState } from './messages.ts';

export interface PeerKeys {
  readonly find: (kid: string) => Key | undefined;
  readonly published: (set: string) => readonly PublishedKey[];
  /** JSON. */
  readonly text: string;
}

/** @throws Error if a key is not a public key of ours: its id is its thumbprint, so that no key can have the id of another */
export function readPeerKeys(text: string): PeerKeys {
  const sets = parseOwnJson<RegionState['keys']>(text);
  const keys = new Map<string, Key>();
  const published = new Map<string, readonly PublishedKey[]>();
  for (const [set, members] of Object.entries(sets)) {
    published.set(
      set,
      members.map((jwk) => {
        const key = createPublicKey({ key: jwk, format: 'jwk' });
        const exported = key.export({ format: 'jwk' });
        const alg = signingAlgorithms.find((one) => one === jwk.alg);
        const kid = thumbprint({ ...exported });
        if (alg === undefined || jwk.kid !== kid) throw new Error('a key of the region is not a signing key of Cambio');
        if (!keys.has(kid)) keys.set(kid, { kid, alg, key });
        return { ...exported, kid, alg, use: 'sig' };
      }),
    );
  }
  return { find: (kid) => keys.get(kid), published: (set) => published.get(set) ?? [], text };
}
