// The server of the attacks through issuers: it trusts many issuers, and has fetched no keys yet.
import assert from 'node:assert/strict';
import { exchange } from '../../../support/basics.ts';
import { changed } from '../../../support/configuration.ts';
import { type Answer, start, type TestServer, type } from '../../../support/harness.ts';
import {
  type Behaviour,
  entry,
  type FakeIssuer,
  FOREIGN_RULE,
  type SignOptions,
  startIssuer,
  trusting,
} from '../../../support/issuer.ts';
import { COOL_DOWN, freshToken } from '../../../support/trusting.ts';
import type { Trial, Undo } from '../../group.ts';

export interface World {
  readonly server: TestServer;
  /** An issuer whose keys have not been fetched yet. */
  readonly take: () => FakeIssuer;
  /** Not trusted: it must get no request. */
  readonly elsewhere: FakeIssuer;
}

const COUNT = 24;

export async function open(undo: Undo): Promise<World> {
  const elsewhere = await startIssuer(undo);
  const untaken: FakeIssuer[] = [];
  for (let n = 0; n < COUNT; n++) untaken.push(await startIssuer(undo));
  const names = untaken.map((_, n) => `idp${n}`);
  const entries = untaken.map((idp, n) => entry(idp, { name: names[n] }));
  const server = await start(undo, trusting(entries, [changed(FOREIGN_RULE, { subject: { issuer: names } })]));
  const take = (): FakeIssuer => {
    const next = untaken.pop();
    if (next === undefined) throw new Error('more issuers are needed');
    return next;
  };
  return { server, take, elsewhere };
}

/** Presents a token that the issuer signs now. */
export const present = (server: TestServer, idp: FakeIssuer, options?: SignOptions): Promise<Answer> =>
  exchange(server, { subject_token: freshToken(server, idp, options), subject_token_type: type('jwt') });

/** The issuer is at fault, and a retry may succeed. */
export function assertUnavailable(server: TestServer, answer: Answer, what: string): void {
  assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/, what);
  const row = server.audit(answer);
  assert.deepEqual([row?.outcome, row?.reason], ['failed', 'issuer_unavailable'], what);
  assert.ok((row?.detail?.length ?? 0) > 0, 'the operator is told what is wrong');
}

/** With each behaviour at this path the issuer has no keys. Afterwards its next token is accepted. */
export async function tryBehaviours(
  { server, elsewhere }: World,
  { attempt, twin }: Trial,
  idp: FakeIssuer,
  path: string,
  behaviours: Readonly<Record<string, Behaviour>>,
): Promise<void> {
  for (const [what, behaviour] of Object.entries(behaviours)) {
    idp.instead.set(path, behaviour);
    assertUnavailable(server, await attempt(what, present(server, idp)), what);
    server.clock.now += COOL_DOWN;
  }
  idp.instead.clear();
  await twin(present(server, idp));
  assert.deepEqual(elsewhere.seen, [], 'nobody else was asked');
}
