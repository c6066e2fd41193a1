// The server of the attacks on policy.
import assert from 'node:assert/strict';
import { API, BACKEND, client, exchange, withoutRequestId } from '../../../support/basics.ts';
import { added, type Configuration, changed, edited } from '../../../support/configuration.ts';
import { type Answer, type Form, start, type TestServer, type } from '../../../support/harness.ts';
import { entry, type FakeIssuer, startIssuer, trusting } from '../../../support/issuer.ts';
import type { Trial, Undo } from '../../group.ts';

export const BILLING = 'urn:example:billing';
/** A resource that no rule grants. */
export const STORE = 'https://store.example';
export const REFRESH = type('refresh_token');

/** A segment of a name, and a whole claim. */
export const PATTERN = '^repo:org/[a-z0-9-]+:ref:refs/heads/main$';
export const RULES = [
  `{ client: gateway, subject: { issuer: self }, grant: { audiences: [${API}, ${BACKEND}, ${BILLING}], scopes: [read, write, pay], types: [access_token, jwt] } }`,
  `{ client: gateway, subject: { issuer: idp, when: 'subject.sub.matches("${PATTERN}")' }, grant: { audiences: [${API}], scopes: [read] } }`,
  `{ client: gateway, subject: { issuer: other, when: 'subject.claims.owner == "org"' }, grant: { audiences: [${API}], scopes: [read] } }`,
  `{ client: [shop, plain], subject: { issuer: [self, idp], clients: [gateway], types: [access_token, refresh_token, jwt] }, grant: { audiences: [${API}], scopes: [read], types: [access_token, refresh_token] } }`,
  `{ client: shop, subject: { issuer: idp }, grant: { audiences: [${API}], scopes: [read] } }`,
];
export const exchanger = (id: string, ...more: readonly string[]): Configuration =>
  client(id, { grants: ['token_exchange', ...more], audiences: undefined, scopes: undefined });
export const as = (id: string): Form => ({ client_id: id, client_secret: `${id}-secret` });

export interface World {
  readonly server: TestServer;
  readonly idp: FakeIssuer;
  readonly other: FakeIssuer;
}

export async function open(undo: Undo): Promise<World> {
  const [idp, other] = [await startIssuer(undo), await startIssuer(undo)];
  const resources = added(
    { audience: BILLING, scopes: ['read', 'pay'] },
    { audience: STORE, locations: [`${STORE}/v1`], scopes: ['read'] },
  );
  const clients = added(exchanger('shop', 'refresh_token'), exchanger('plain'), exchanger('idle'));
  const configuration = changed(
    trusting([entry(idp), entry(other, { name: 'other' })], RULES),
    { resources, clients },
    { clients: edited('gateway', { scopes: ['read', 'write', 'pay'] }) },
  );
  return { idp, other, server: await start(undo, configuration) };
}

export const because = (server: TestServer, answer: Answer, reason: string, what = ''): void =>
  assert.equal(server.audit(answer)?.reason, reason, `${what} ${answer.text}`);

/** Each form is refused for this reason, and all with the same bytes. */
export async function tryForms(
  server: TestServer,
  { attempt }: Trial,
  reason: string,
  forms: Readonly<Record<string, Form>>,
): Promise<void> {
  const texts = new Set<string>();
  for (const [what, form] of Object.entries(forms)) {
    const answer = await attempt(what, exchange(server, form));
    because(server, answer, reason, what);
    texts.add(withoutRequestId(answer));
  }
  assert.equal(texts.size, 1);
}

export const named = (name: string, values: readonly string[]): Record<string, Form> =>
  Object.fromEntries(values.map((value) => [`${name}=${JSON.stringify(value.slice(0, 60))}`, { [name]: value }]));
export const foreign = (subject_token: string): Form => ({ subject_token, subject_token_type: type('jwt') });
