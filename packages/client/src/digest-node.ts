// Hashes the names of cache entries, where the runtime has node:crypto: Node, Deno and Bun.
import { createHash } from 'node:crypto';

/** SHA-256. It returns at once, so a cached token costs microseconds. */
export const digest = (text: string): string | Promise<string> => createHash('sha256').update(text).digest('base64url');
