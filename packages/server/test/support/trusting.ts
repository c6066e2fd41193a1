// Servers that trust fake issuers: configuration, how to present tokens, and assertions about answers.
import assert from 'node:assert/strict';
import { ACTOR_REFUSED, assertIssued, assertRefused, exchange, SUBJECT_REFUSED } from './basics.ts';
import { type Answer, type Form, start, type TestServer, type } from './harness.ts';
import { entry, type FakeIssuer, type FakeKey, lifeOf, type SignOptions, startIssuer, trusting } from './issuer.ts';

/** Presents a token as subject token of this type, by default `jwt`. */
export const present = (server: TestServer, subject_token: string, form: Form = {}): Promise<Answer> =>
  exchange(server, { subject_token, subject_token_type: type('jwt'), ...form });

/** Presents it as actor token, beside a valid subject token of the gateway. */
export const presentActor = (server: TestServer, actor_token: string, form: Form = {}): Promise<Answer> =>
  exchange(server, { actor_token, actor_token_type: type('jwt'), ...form });

/** Asserts the public sentence, and the fault in the audit row. */
export const assertSubjectRefused = (server: TestServer, answer: Answer, fault: string, what = ''): void =>
  assertRefused(server, answer, { ...SUBJECT_REFUSED, reason: `subject_token_${fault}` }, what);

export const assertActorRefused = (server: TestServer, answer: Answer, fault: string, what = ''): void =>
  assertRefused(server, answer, { ...ACTOR_REFUSED, reason: `actor_token_${fault}` }, what);

/** The issuer's keys or answer cannot be fetched: the caller is not at fault, and a retry may succeed. */
export function assertUnavailable(server: TestServer, answer: Answer, what = ''): void {
  const { status, body, headers } = answer;
  assert.deepEqual([status, body.error], [503, 'temporarily_unavailable'], `${what} ${answer.text}`);
  assert.match(headers.get('retry-after') ?? '', /^\d+$/, what);
  const row = server.audit(answer);
  assert.deepEqual([row?.outcome, row?.reason], ['failed', 'issuer_unavailable'], what);
}

/** Minimum time between two fetches of keys, after one that failed or found nothing. */
export const COOL_DOWN = 10_000;

/** Signs at the server's own time, which a test may have moved. */
export const freshToken = (server: TestServer, idp: FakeIssuer, options: SignOptions = {}): string =>
  idp.sign(lifeOf(server.clock.now), options);

/** Starts a server, the one issuer that it trusts, and makes the issuer's key. @param members of the issuer's entry */
export async function startBoth(
  t: Parameters<typeof start>[0],
  members: Readonly<Record<string, string>> = {},
): Promise<[TestServer, FakeIssuer, FakeKey]> {
  const idp = await startIssuer(t);
  const [key] = idp.keys as [FakeKey];
  return [await start(t, trusting(entry(idp, members))), idp, key];
}

export type Attack = readonly [what: string, token: string, fault: string];

/** Every attack is refused for its own reason. The twin, which differs in nothing else, is accepted. */
export async function assertEachRefused(server: TestServer, attacks: readonly Attack[], twin: string): Promise<void> {
  for (const [what, token, fault] of attacks) assertSubjectRefused(server, await present(server, token), fault, what);
  assertIssued(server, await present(server, twin));
}
