// A foreign token is refused if the token, or the introspection answer about it, states another kind than the declared one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenRefusal } from '../../src/primitives/refusal.ts';
import { refuseOtherAnswer, refuseOtherKinds } from '../../src/subject-tokens/weigh.ts';
import type { DeclaredKind } from '../../src/trust/profiles.ts';
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

type Ask = (claims: Claims) => ReturnType<typeof exchange>;
/** What the server asks of the claims, without a server. */
type Weigh = (claims: Claims) => void;

interface Cases {
  readonly refused: readonly Claims[];
  readonly accepted: readonly Claims[];
}

const isWrongType = (claims: Claims) => (error: unknown) =>
  error instanceof TokenRefusal &&
  error.fault === 'wrong_type' &&
  Object.keys(claims).some((member) => error.detail?.includes(member));

/** Each is refused with its member in the detail, beside a valid twin without the member. */
function assertWeighed(weigh: Weigh, { refused, accepted }: Cases): void {
  for (const claims of refused) assert.throws(() => weigh(claims), isWrongType(claims), JSON.stringify(claims));
  for (const claims of [{}, ...accepted]) assert.doesNotThrow(() => weigh(claims), JSON.stringify(claims));
}

/** The server weighs each member: one value of each kind, over HTTP. */
async function assertAsked(server: TestServer, ask: Ask, { refused, accepted }: Cases): Promise<void> {
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
  const good = { ...lifeOf(server.clock.now), iss: idp.url, client_id: 'web', active: true };
  const ask: Ask = (claims) => {
    idp.opaque.set('token', { ...good, ...claims });
    return exchange(server, { subject_token: 'token', subject_token_type: type('access_token') });
  };
  const together: Cases = {
    refused: [
      { token_type: 'Bearer', token_use: 'refresh_token' },
      { token_use: 'access_token', typ: 'Refresh' },
      ...[{ at_hash: 'x' }, { c_hash: 'x' }, { events: {} }],
    ],
    accepted: [{ token_type: 'Bearer', token_use: 'access', typ: 'Bearer', nonce: 'x' }],
  };
  assertWeighed((claims) => refuseOtherAnswer({ ...good, ...claims }), {
    refused: [...each([...REFRESH, ...IDENTITY, ...OTHERS, ...NO_TEXT]), ...together.refused],
    accepted: [...each(ACCESS), ...together.accepted],
  });
  await assertAsked(server, ask, {
    refused: [...each(['Refresh', 'id_token', 'x', null]), ...together.refused],
    accepted: [...each(['Bearer']), ...together.accepted],
  });
});

test('accepts a JWT that states an accepted kind, whatever its header says', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp, { accepts: '[access_token, id_token, jwt]' })));
  const notAccess = { refused: each([...REFRESH, ...IDENTITY, ...OTHERS, ...NO_TEXT]), accepted: each(ACCESS) };
  const kinds: readonly (readonly [declared: DeclaredKind, typ: string, good: Claims, all: Cases, some: Cases])[] = [
    ...(
      [
        ['jwt', { client_id: 'web', scope: 'read' }],
        ['at+jwt', {}],
      ] as const
    ).map(
      ([typ, good]) =>
        [
          'access_token',
          typ,
          good,
          notAccess,
          { refused: each(['Refresh', 'id_token', 1]), accepted: each(['Bearer']) },
        ] as const,
    ),
    [
      'id_token',
      'jwt',
      { aud: 'gateway' },
      {
        refused: each([...REFRESH, 'Bearer', 'access', 'access_token', ...OTHERS, ...NO_TEXT]),
        accepted: each([...IDENTITY, 'JWT']),
      },
      { refused: each(['Refresh', 'Bearer', 'x']), accepted: each(['ID']) },
    ],
    [
      'jwt',
      'jwt',
      {},
      {
        refused: each([...REFRESH, ...NO_TEXT]),
        accepted: [...each([...ACCESS, ...IDENTITY]), { token_type: 'service' }],
      },
      { refused: each(['Offline', true]), accepted: [...each(['Bearer', 'ID']), { token_type: 'service' }] },
    ],
  ];
  for (const [declared, typ, good, all, some] of kinds) {
    const life = lifeOf(server.clock.now);
    assertWeighed(
      (claims) => refuseOtherKinds({ typ, payload: { ...life, ...good, ...claims } }, declared, { profile: undefined }),
      all,
    );
    const ask: Ask = (claims) =>
      exchange(server, {
        subject_token: idp.sign({ ...good, ...claims }, typ === 'jwt' ? undefined : { header: { typ } }),
        subject_token_type: type(declared),
      });
    await assertAsked(server, ask, some);
  }
});
