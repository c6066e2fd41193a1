// Hashes the names of cache entries, where the runtime has node:crypto: Node, Deno and Bun.
import * as crypto from 'node:crypto';

/** SHA-256. It returns at once, so a cached token costs microseconds. Node 20.12 has a shorter way. */
export const digest: (text: string) => string | Promise<string> =
  typeof crypto.hash === 'function'
    ? (text) => crypto.hash('sha256', text, 'base64url')
    : (text) => crypto.createHash('sha256').update(text).digest('base64url');
