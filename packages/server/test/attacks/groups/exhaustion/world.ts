// The server of the attacks on time, memory and connections: it trusts two issuers; the tokens of one are valid once.
import assert from 'node:assert/strict';
import { withOperators } from '../../../support/admin-api.ts';
import { API } from '../../../support/basics.ts';
import { asserting, assertion, jwksOf } from '../../../support/client-credentials.ts';
import { added, changed } from '../../../support/configuration.ts';
import { type Answer, start, type TestServer } from '../../../support/harness.ts';
import { entry, type FakeIssuer, type FakeKey, newKey, startIssuer, trusting } from '../../../support/issuer.ts';
import type { Undo } from '../../group.ts';

export interface ExhaustionWorld {
  readonly server: TestServer;
  readonly idp: FakeIssuer;
  /** Each `jti` of its tokens is accepted once. */
  readonly once: FakeIssuer;
  /** Authenticates as the client `batch` by an assertion with other claims. */
  readonly assertAs: (claims: Record<string, unknown>) => Promise<Answer>;
}

const rule = (issuer: string): string =>
  `{ client: gateway, subject: { issuer: ${issuer} }, grant: { audiences: [${API}], scopes: [read, write] } }`;

export async function openExhaustionWorld(undo: Undo): Promise<ExhaustionWorld> {
  const [idp, once] = [await startIssuer(undo), await startIssuer(undo)];
  const key: FakeKey = newKey();
  const batch = `{ id: batch, auth: private_key_jwt, ${jwksOf(key)}, grants: [client_credentials], audiences: [${API}], scopes: [read] }`;
  const issuers = [entry(idp), entry(once, { name: 'once', reuse: 'never' })];
  const base = withOperators(trusting(issuers, ['self', 'idp', 'once'].map(rule)));
  const server = await start(undo, changed(base, { clients: added(batch) }));
  return {
    server,
    idp,
    once,
    assertAs: (claims) =>
      server.token({ grant_type: 'client_credentials', ...asserting(assertion(server, key, claims)) }),
  };
}

/** An excess is refused for the right reason. */
export const because = (server: TestServer, answer: Answer, reason: string, what = ''): void =>
  assert.equal(server.audit(answer)?.reason, reason, `${what} ${answer.text.slice(0, 200)}`);

/** A claim that is nested this deep. */
export const nested = (depth: number): string => `"deep":${'['.repeat(depth)}${']'.repeat(depth)}`;
/** JSON of claims with another member, as no JSON writer would produce it. */
export const withMember = (claims: unknown, member: string): string =>
  `${JSON.stringify(claims).slice(0, -1)},${member}}`;
export const list = (count: number, item: (index: number) => string, between = ','): string =>
  Array.from({ length: count }, (_, index) => item(index)).join(between);
