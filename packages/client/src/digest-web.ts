// Hashes the names of cache entries, where the runtime has only Web Crypto: browsers and Workers.

/** SHA-256. */
export async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return String.fromCharCode(...bytes);
}
