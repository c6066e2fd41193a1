// Verifies tokens as an API does, with jose. It caches the key set for as long as Cache-Control says, never fetches it earlier, and
// so complains about a key that was published too late.
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { get, type Verifier } from './caller.ts';

/** @param urls servers to fetch keys from, in turn @param clock milliseconds since 1970, by the verifier */
export function openVerifier(urls: () => readonly string[], clock: () => number = Date.now): Verifier {
  let kept: { readonly until: number; readonly keys: ReturnType<typeof createLocalJWKSet> } | undefined;
  let fetching: Promise<void> | undefined;
  let turn = 0;
  const fetchKeys = async (): Promise<void> => {
    const asked = urls();
    for (let tries = 0; tries < asked.length; tries++) {
      const at = clock();
      const answer = await get(`${asked[turn++ % asked.length]}/.well-known/jwks.json`);
      if (answer?.status !== 200) continue;
      kept = { until: at + answer.keptFor * 1000, keys: createLocalJWKSet(answer.body as unknown as JSONWebKeySet) };
      return;
    }
  };
  return {
    complaint: async (token) => {
      if (kept === undefined || kept.until <= clock()) {
        fetching ??= fetchKeys().finally(() => {
          fetching = undefined;
        });
        await fetching;
      }
      // No server answers: the token may be valid, and an API would wait.
      if (kept === undefined) return undefined;
      try {
        await jwtVerify(token, kept.keys, {
          issuer: 'https://login.example',
          typ: 'at+jwt',
          currentDate: new Date(clock()),
          clockTolerance: 5,
        });
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    },
    fetched: () => turn,
  };
}
