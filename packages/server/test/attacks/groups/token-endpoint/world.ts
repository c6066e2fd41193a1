// The server of the attacks on the token endpoint.
import assert from 'node:assert/strict';
import { API, BACKEND, client } from '../../../support/basics.ts';
import { added, changed, edited } from '../../../support/configuration.ts';
import { type Answer, start, type TestServer } from '../../../support/harness.ts';
import { entry, type FakeIssuer, startIssuer } from '../../../support/issuer.ts';
import { pem, idp as provider, samlEntry, trustingSaml } from '../../../support/saml-exchange.ts';
import { NOW } from '../../../support/saml-signer.ts';
import { FORM } from '../../../support/wire.ts';
import { askEach, type Trial, type Undo } from '../../group.ts';

/** CONNECT never reaches a path, and OPTIONS is a preflight. */
export const METHODS = [
  'GET',
  'HEAD',
  'PUT',
  'PATCH',
  'DELETE',
  'TRACE',
  'QUERY',
  'PROPFIND',
  'PURGE',
  'M-SEARCH',
  'LINK',
];
export const URLENCODED = 'application/x-www-form-urlencoded';
export const GRANT = `grant: { audiences: [${API}, ${BACKEND}], scopes: [read, write]`;
export const RULES = [
  `{ client: gateway, subject: { issuer: [self, idp, saml], types: [access_token, refresh_token, id_token, jwt, saml1, saml2] }, actor: { clients: [agent] }, ${GRANT}, types: [access_token, jwt, refresh_token] } }`,
  `{ client: narrow, subject: { issuer: self, clients: [gateway], types: [access_token, refresh_token] }, ${GRANT}, types: [access_token, refresh_token] } }`,
];
export const NARROW = { client_id: 'narrow', client_secret: 'narrow-secret' };

export interface World {
  readonly server: TestServer;
  readonly idp: FakeIssuer;
}

export async function open(undo: Undo): Promise<World> {
  const idp = await startIssuer(undo);
  const entries = [samlEntry({ name: 'saml' }), entry(idp, { accepts: '[access_token, id_token, jwt]' })];
  const narrow = client('narrow', { grants: ['token_exchange'], audiences: undefined, scopes: undefined });
  const configuration = changed(
    trustingSaml(entries, RULES),
    { clients: edited('gateway', { grants: ['client_credentials', 'token_exchange', 'refresh_token'] }) },
    { clients: added(narrow) },
  );
  return { idp, server: await start(undo, configuration, { files: { 'idp.pem': pem(provider) }, now: NOW * 1000 }) };
}

/** Each answer is the one in the row, and the audit row has the reason. */
export const because = (server: TestServer, answer: Answer, reason: string, what = ''): void =>
  assert.equal(server.audit(answer)?.reason, reason, what);

/** Bodies of this type are read as forms or refused. The form itself is a twin. */
export async function tryTypes(
  { server }: World,
  { attempt, twin }: Trial,
  types: readonly (readonly [string, string])[],
) {
  const post = (type: string, body: string) => server.post('/oauth/token', body, { 'content-type': type });
  for (const [type, body] of types) {
    because(server, await attempt(type, post(type, body)), 'form_malformed', type);
  }
  await twin(post(URLENCODED, FORM));
}

/** Each pair makes a valid form unreadable. The characters stand for bytes (latin1). */
export async function tryPairs(
  { server }: World,
  { attempt, twin }: Trial,
  bad: readonly string[],
  good: readonly string[],
) {
  const post = (pair: string, encoding: BufferEncoding) =>
    server.post('/oauth/token', new Uint8Array(Buffer.from(`${FORM}&${pair}`, encoding)));
  const pairs = bad.flatMap((value) => [`x=${value}`, `${value}=x`, `scope=read${value}`]);
  for (const [pair, answer] of await askEach(pairs, (one) => attempt(one, post(one, 'latin1')))) {
    because(server, answer, 'form_malformed', pair);
  }
  for (const value of good) await twin(post(`x=${value}`, 'utf8'));
}
