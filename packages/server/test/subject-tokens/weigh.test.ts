// A foreign token is refused if the token, or the introspection answer about it, states another kind than the declared one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertIssued, exchange } from '../support/basics.ts';
import { start, type TestServer, type } from '../support/harness.ts';
import { type Claims, entry, INTROSPECT, lifeOf, startIssuer, trusting } from '../support/issuer.ts';
import { assertSubjectRefused } from '../support/trusting.ts';

const URN = 'urn:ietf:params:oauth:token-type';
const MEMBERS = ['typ', 'token_use', 'token_type'] as const;

const ACCESS = ['Bearer', 'bearer', 'DPoP', 'access', 'access_token', 'at+jwt', 'JWT', `${URN}:access_token`];
const REFRESH = ['Refresh', 'refresh', 'refresh_token', 'REFRESH_TOKEN', 'Offline', 'Logout', `${URN}:refresh_token`];
const IDENTITY = ['ID', 'id', 'id_token', `${URN}:id_token`];
const OTHERS = ['authorization_code', 'device_code', 'client_assertion', 'N_A', 'access_token refresh_token', 'x', ''];
const NO_TEXT = [null, 1, true, ['access_token'], { access: true }];

const each = (values: readonly unknown[]): readonly Claims[] =>
  MEMBERS.flatMap((member) => values.map((value) => ({ [member]: value })));

/** Each is refused with its member in the audit row, beside a valid twin without the member. */
async function assertRefusedEach(
  server: TestServer,
  ask: (claims: Claims) => ReturnType<typeof exchange>,
  { refused, accepted }: { readonly refused: readonly Claims[]; readonly accepted: readonly Claims[] },
): Promise<void> {
  for (const claims of refused) {
    const answer = await ask(claims);
    assertSubjectRefused(server, answer, 'wrong_type', JSON.stringify(claims));
    assert.match(server.audit(answer)?.detail ?? '', new RegExp(Object.keys(claims).join('|')), JSON.stringify(claims));
  }
  for (const claims of [{}, ...accepted]) assertIssued(server, await ask(claims), JSON.stringify(claims));
}

test('accepts an introspection answer that states an access token, or no kind', async (t) => {
  const idp = await startIssuer(t);
  const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: us, secret: { plain: secret } }`;
  const server = await start(t, trusting(entry(idp, { accepts: '[access_token]', introspection })));
  const ask = (claims: Claims) => {
    idp.opaque.set('token', { ...lifeOf(server.clock.now), iss: idp.url, client_id: 'web', active: true, ...claims });
    return exchange(server, { subject_token: 'token', subject_token_type: type('access_token') });
  };
  await assertRefusedEach(server, ask, {
    refused: [
      ...each([...REFRESH, ...IDENTITY, ...OTHERS, ...NO_TEXT]),
      { token_type: 'Bearer', token_use: 'refresh_token' },
      { token_use: 'access_token', typ: 'Refresh' },
      ...[{ at_hash: 'x' }, { c_hash: 'x' }, { events: {} }],
    ],
    accepted: [...each(ACCESS), { token_type: 'Bearer', token_use: 'access', typ: 'Bearer', nonce: 'x' }],
  });
});

test('accepts a JWT that states an accepted kind, whatever its header says', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp, { accepts: '[access_token, id_token, jwt]' })));
  const presenting = (declared: string, good: Claims, header?: Claims) => (claims: Claims) =>
    exchange(server, {
      subject_token: idp.sign({ ...good, ...claims }, header && { header }),
      subject_token_type: type(declared),
    });
  const access = presenting('access_token', { client_id: 'web', scope: 'read' });
  const atJwt = presenting('access_token', {}, { typ: 'at+jwt' });
  for (const ask of [access, atJwt])
    await assertRefusedEach(server, ask, {
      refused: each([...REFRESH, ...IDENTITY, ...OTHERS, ...NO_TEXT]),
      accepted: each(ACCESS),
    });
  await assertRefusedEach(server, presenting('id_token', { aud: 'gateway' }), {
    refused: each([...REFRESH, 'Bearer', 'access', 'access_token', ...OTHERS, ...NO_TEXT]),
    accepted: each([...IDENTITY, 'JWT']),
  });
  await assertRefusedEach(server, presenting('jwt', {}), {
    refused: each([...REFRESH, ...NO_TEXT]),
    accepted: [...each([...ACCESS, ...IDENTITY]), { token_type: 'service' }],
  });
});
