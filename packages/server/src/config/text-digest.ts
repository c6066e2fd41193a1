// Digests the text of a configuration, which nodes compare.
import { sha256 } from '../primitives/secret.ts';
import type { Configuration } from './configuration.ts';

/** Covers the text of every file, but not their paths: each node may have its own folder. */
export const textDigest = ({ files: [main, ...included] }: Pick<Configuration, 'files'>): string =>
  sha256(included.length === 0 ? (main?.text ?? '') : JSON.stringify([main, ...included].map((file) => file?.text)));
