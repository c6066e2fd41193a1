// Reads and writes the actors of a token as lists: the current actor first, each as `sub`, or `sub@iss` for a foreign issuer.
import assert from 'node:assert/strict';
import { ACTOR_NOT_ALLOWED, assertIssued, assertRefused, exchange } from './basics.ts';
import { claimsOf, type Form, type TestServer } from './harness.ts';

/** An `act` claim with actors of the token's own issuer, the current one first. */
export const act = (...subs: readonly string[]): unknown =>
  subs.reduceRight<unknown>((prior, sub) => (prior === undefined ? { sub } : { sub, act: prior }), undefined);

/** Reads an `act` claim, which may hold names only. */
export function readAct(claim: unknown, self: string): string[] {
  const actors: string[] = [];
  for (let one = claim; one !== undefined; ) {
    const { sub, iss, act: prior, sub_id: from, ...others } = one as Record<string, unknown>;
    assert.ok(from === undefined || iss === self, 'only a name of ours has come from elsewhere');
    assert.deepEqual(others, {}, 'act identifies and does nothing else');
    actors.push(iss === self ? String(sub) : `${sub}@${iss}`);
    one = prior;
  }
  return actors;
}

/** The actors of the issued token, which must equal those in its audit row. */
export async function actorsOf(server: TestServer, form: Form): Promise<string[]> {
  const answer = await exchange(server, form);
  assertIssued(server, answer, JSON.stringify(form));
  const actors = readAct(claimsOf(answer.body.access_token).act, server.issuer);
  const chain = server.audit(answer)?.chain ?? [];
  assert.deepEqual(
    chain.map(({ iss, sub }) => (iss === server.issuer ? sub : `${sub}@${iss}`)),
    actors,
  );
  return actors;
}

/** Asserts that the exchange is refused because of its actor. */
export const refuseActor = async (server: TestServer, form: Form, reason: string): Promise<void> =>
  assertRefused(server, await exchange(server, form), { ...ACTOR_NOT_ALLOWED, reason }, JSON.stringify(form));
