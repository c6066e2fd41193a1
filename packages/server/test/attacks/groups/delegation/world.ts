// The server of the attacks on delegation: two foreign issuers, one of which may send actors, and clients with rules.
import assert from 'node:assert/strict';
import { readAct } from '../../../support/actors.ts';
import { withOperators } from '../../../support/admin-api.ts';
import { API, BACKEND, client, exchange, named } from '../../../support/basics.ts';
import { added, type Configuration, changed, edited } from '../../../support/configuration.ts';
import { type Answer, claimsOf, type Form, start, type TestServer, type } from '../../../support/harness.ts';
import { entry, type FakeIssuer, startIssuer, trusting } from '../../../support/issuer.ts';
import { VAULT } from '../../../support/life.ts';
import type { Trial, Undo } from '../../group.ts';

const GRANT = `grant: { audiences: [${API}, ${BACKEND}, ${VAULT}], scopes: [read], types: [access_token, jwt, refresh_token] }`;
const RULES = [
  `{ client: gateway, subject: { issuer: [self, idp], types: [access_token, refresh_token, jwt] }, actor: { required: true, issuer: idp }, ${GRANT} }`,
  `{ client: gateway, subject: { issuer: [self, idp], types: [access_token, refresh_token, jwt] }, actor: { issuer: self, clients: [agent, tool, gateway] }, ${GRANT} }`,
  `{ client: delegator, subject: { issuer: self, clients: [gateway], types: [access_token, refresh_token, jwt] }, actor: { required: true, clients: [agent] }, ${GRANT} }`,
  `{ client: robot, subject: { issuer: self, clients: [gateway], types: [access_token, refresh_token, jwt] }, ${GRANT} }`,
];
const exchanger = (id: string): Configuration =>
  client(id, { grants: ['token_exchange'], audiences: undefined, scopes: undefined });
export const delegator = { client_id: 'delegator', client_secret: 'delegator-secret' };
export const robot = { client_id: 'robot', client_secret: 'robot-secret' };

export interface DelegationWorld {
  readonly server: TestServer;
  readonly idp: FakeIssuer;
  /** Trusted, but no rule names it. */
  readonly other: FakeIssuer;
}

export async function openDelegationWorld(undo: Undo): Promise<DelegationWorld> {
  const [idp, other] = [await startIssuer(undo), await startIssuer(undo)];
  const base = withOperators(trusting([entry(idp), entry(other, { name: 'other' })], RULES));
  const refreshing = edited('gateway', { grants: ['client_credentials', 'token_exchange', 'refresh_token'] });
  const configuration = changed(
    base,
    { clients: refreshing },
    {
      resources: added({ audience: VAULT, scopes: ['read'], token: { format: 'opaque' } }),
      clients: added(exchanger('delegator'), exchanger('robot')),
    },
    named('a', 'b', 'c', 'ada', 'bob', 'arm', 'somebody'),
  );
  return { idp, other, server: await start(undo, configuration) };
}

export const subject = (subject_token: string): Form => ({ subject_token, subject_token_type: type('jwt') });
export const actor = (actor_token: string): Form => ({ actor_token, actor_token_type: type('jwt') });
export const because = (server: TestServer, answer: Answer, reason: string): void =>
  assert.equal(server.audit(answer)?.reason, reason, answer.text);

/** The actors of the issued token, the current one first. */
export const actorsIn = (server: TestServer, { body }: Answer): string[] =>
  readAct(claimsOf(body.access_token).act, server.issuer);

/** Each form is refused because of its actor, and the twin is accepted. */
export async function tryActors(
  server: TestServer,
  { attempt, twin }: Trial,
  forms: Readonly<Record<string, readonly [reason: string, form: Form]>>,
  good: Form,
): Promise<void> {
  for (const [what, [reason, form]] of Object.entries(forms))
    because(server, await attempt(what, exchange(server, form)), reason);
  await twin(exchange(server, good));
}
