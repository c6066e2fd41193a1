// Assertions that clients sign: issuer, subject, audience, lifetime, and single use.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { subjectToken, withoutRequestId } from '../../../support/basics.ts';
import { asserting, assertion, goodClaims } from '../../../support/client-credentials.ts';
import { base64url, encode } from '../../../support/harness.ts';
import { type Claims, hmacJws, newKey, signJws } from '../../../support/issuer.ts';
import { askEach, type Case, type Trial } from '../../group.ts';
import { AGENT, basicHeader, gateway, key, stranger, type World } from './world.ts';

/** Title, assertion, and reason in the audit row. */
type Attack = readonly [what: string, assertion: string, reason: string];

/** Each is refused with the same bytes outside, and its own reason inside. */
async function tryAll({ server, ask, prove }: World, { attempt, twin }: Trial, attacks: readonly Attack[]) {
  const answers = await askEach(attacks, ([what, text]) => attempt(what, ask(asserting(text))));
  for (const [[what, , reason], answer] of answers) {
    assert.equal(server.audit(answer)?.reason, reason.replace('+', 'client_assertion_'), what);
  }
  assert.equal(new Set(answers.map(([, answer]) => withoutRequestId(answer))).size, 1);
  await twin(prove());
}

/** Times relative to now, in seconds. */
function at({ server }: World, dates: Claims): string {
  const now = Math.floor(server.clock.now / 1000);
  const claims = Object.entries(dates).map(([name, value]) => [name, typeof value === 'number' ? now + value : value]);
  return assertion(server, key, Object.fromEntries(claims));
}

export const assertions = {
  C08: (world, trial) => {
    const { server } = world;
    const claims = JSON.stringify(goodClaims(server));
    const exported = createPublicKey(key.privateKey);
    const pem = exported.export({ type: 'spki', format: 'pem' }) as string;
    const rsa = newKey('RS256', key.kid);
    const none = `${base64url(JSON.stringify({ alg: 'none' }))}.${base64url(claims)}.`;
    const secrets = [pem, pem.trim(), exported.export({ type: 'spki', format: 'der' }), JSON.stringify(key.jwk), ''];
    return tryAll(world, trial, [
      ['none', none, '+malformed'],
      ['none with a signature', `${none}AAAA`, '+algorithm'],
      ...secrets.map((secret, index): Attack => {
        const forged = hmacJws({ alg: 'HS256', kid: key.kid }, claims, secret);
        return [`HS256 with the public key ${index}`, forged, '+algorithm'];
      }),
      ['HS256 with a secret', hmacJws({ alg: 'HS256' }, claims, 'gateway-secret'), '+algorithm'],
      ['RS256 under the name of the key', signJws({ alg: 'RS256', kid: key.kid }, claims, rsa), '+algorithm'],
      ['RS256 of another key', signJws({ alg: 'RS256' }, claims, rsa), '+unknown_key'],
      ['ES384', assertion(server, key, {}, { alg: 'ES384' }), '+algorithm'],
      ['another key', assertion(server, newKey('ES256', key.kid)), '+signature'],
      ['a key that it brings', assertion(server, newKey(), {}, { jwk: key.jwk }), '+unknown_key'],
      ['crit', assertion(server, key, {}, { crit: ['exp'] }), '+critical_header'],
    ]);
  },

  C09: async ({ server, ask }, { attempt, twin }) => {
    const others = [
      ['Basic', {}, basicHeader(AGENT)],
      ['a secret in the form', gateway, {}],
    ] as const;
    for (const [what, form, headers] of others) {
      for (const claims of [{}, { iss: 'agent', sub: 'agent' }, { iss: 'gateway', sub: 'gateway', scope: 'admin' }]) {
        const payload = base64url(JSON.stringify({ ...goodClaims(server), ...claims }));
        const unsigned = `${base64url('{"alg":"none"}')}.${payload}.`;
        await attempt(`${what}, ${JSON.stringify(claims)}`, ask({ ...asserting(unsigned), ...form }, headers));
      }
      const both = await ask({ ...asserting(assertion(server, key)), ...form }, headers);
      assert.equal(server.audit(both)?.reason, 'client_authentication_doubled', 'a valid assertion does not help');
      await twin(ask(form, headers));
    }
  },

  C10: async (world, trial) => {
    const { server, ask } = world;
    await tryAll(world, trial, [
      ['iss', assertion(server, key, { iss: 'gateway' }), '+claims'],
      ['no iss', assertion(server, key, { iss: undefined }), '+claims'],
      ['iss is a list', assertion(server, key, { iss: ['batch'] }), '+claims'],
      ['another client', assertion(server, key, { iss: 'gateway', sub: 'gateway' }), 'client_method'],
      ['sub', assertion(server, key, { sub: 'gateway' }), 'client_method'],
      ['nobody', assertion(server, key, { iss: 'nobody', sub: 'nobody' }), 'client_unknown'],
      ['no sub', assertion(server, key, { sub: undefined }), 'client_unknown'],
      ['a sub that is not a string', assertion(server, key, { sub: ['batch'] }), 'client_unknown'],
    ]);
    for (const client_id of ['gateway', 'other']) {
      const form = { ...asserting(assertion(server, key)), client_id };
      await trial.attempt(`client_id ${client_id}`, ask(form));
    }
    await trial.twin(ask({ ...asserting(assertion(server, key)), client_id: 'batch' }));
  },

  C11: async (world, trial) => {
    const { server, ask, prove } = world;
    const { issuer } = server;
    const endpoint = `${issuer}/oauth/token`;
    const near = [
      endpoint,
      `${endpoint}/`,
      `${issuer}//`,
      issuer.toUpperCase(),
      `${issuer} `,
      'https://other.example',
      '',
    ];
    const lists = [
      [issuer, endpoint],
      [issuer, issuer],
      [issuer, `${issuer}/`],
      [issuer, 'https://other.example'],
      [],
      [[issuer]],
    ];
    const wrong = [...near, ...lists, 7, null, undefined, { issuer }, `${issuer}/tenant/oauth/token`];
    const attacks = wrong.map(
      (aud): Attack => [`${JSON.stringify(aud)}`, assertion(server, key, { aud }), '+audience'],
    );
    await tryAll(world, trial, attacks);
    const old = { iss: 'old', sub: 'old' };
    const [others, slash] = [['https://other.example', `${issuer}/oauth/introspect`], `${endpoint}/`];
    for (const aud of [...others, [endpoint, 'https://other.example'], slash]) {
      await trial.attempt('of a client with assertionAudience: legacy', prove({ ...old, aud }));
    }
    for (const aud of [issuer, endpoint, [endpoint], [issuer, endpoint]]) await trial.twin(prove({ ...old, aud }));
    for (const aud of [[issuer], `${issuer}/`, [`${issuer}/`]]) await trial.twin(prove({ aud }));
    const mismatch = await ask(asserting(assertion(server, key, { aud: endpoint })));
    assert.equal(server.audit(mismatch)?.detail, `its aud is "${endpoint}" and must be ${issuer}`);
  },

  C12: async (world, trial) => {
    const bad: readonly (readonly [Claims, string])[] = [
      [{ exp: undefined }, '+claims'],
      [{ exp: 'tomorrow' }, '+claims'],
      [{ exp: -31 }, '+expired'],
      [{ exp: 631 }, '+claims'],
      [{ exp: 86_400 }, '+claims'],
      [{ exp: 9e15 }, '+claims'],
      [{ iat: 31 }, '+not_yet_valid'],
      [{ nbf: 31 }, '+not_yet_valid'],
    ];
    await tryAll(
      world,
      trial,
      bad.map(([dates, fault]) => [JSON.stringify(dates), at(world, dates), fault]),
    );
    const good = [{ exp: -30 }, { exp: 630 }, { iat: 30 }, { nbf: 30 }, { iat: -86_400 }, { iat: undefined }];
    for (const dates of good) await trial.twin(world.ask(asserting(at(world, dates))));
  },

  C32: async (world, { attempt, twin }) => {
    const { server, ask } = world;
    const slow = { iss: 'slow', sub: 'slow' };
    const refused = async (what: string, dates: Claims, reason: string): Promise<void> => {
      const answer = await attempt(what, ask(asserting(at(world, dates))));
      assert.equal(server.audit(answer)?.reason, reason, what);
    };
    for (const exp of [3631, 86_400]) await refused(`an exp in ${exp} s`, { ...slow, exp }, 'client_assertion_claims');
    await refused('of another client', { exp: 3600 }, 'client_assertion_claims');
    const once = asserting(at(world, { ...slow, exp: 3600 }));
    await twin(ask(once));
    server.clock.now += 3_500_000;
    assert.equal(
      server.audit(await attempt('again, most of an hour later', ask(once)))?.reason,
      'client_assertion_replayed',
    );
    await twin(ask(asserting(at(world, { ...slow, exp: 3630 }))));
  },

  C13: async ({ server, ask }, { attempt, twin }) => {
    const replayed = async (what: string, form: ReturnType<typeof asserting>): Promise<void> => {
      assert.equal(server.audit(await attempt(what, ask(form)))?.reason, 'client_assertion_replayed', what);
    };
    const once = asserting(assertion(server, key));
    const first = await twin(ask(once));
    await replayed('after a token', once);
    const wasted = asserting(assertion(server, key));
    assert.equal((await ask({ ...wasted, scope: 'unheard-of' })).body.error, 'invalid_scope');
    await replayed('after a refusal', wasted);
    const asking = asserting(assertion(server, key));
    const post = (path: string) => server.post(path, encode({ ...asking, token: String(first.body.access_token) }));
    assert.equal((await post('/oauth/introspect')).body.active, true);
    for (const path of ['/oauth/introspect', '/oauth/revoke']) await attempt(`at ${path}`, post(path));
    await replayed('after an introspection', asking);
    const racing = asserting(assertion(server, key));
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(racing)));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array(9).fill(401)]);
  },

  C15: async ({ prove }, { attempt, twin }) => {
    for (const id of ['batch', 'other']) await attempt(id, prove({ iss: id, sub: id, jti: 'one' }));
    assert.equal((await prove({ jti: 'one' })).status, 401, 'each of them once');
    await twin(prove({ jti: 'two' }));
  },

  C16: (world, trial) => {
    const bad = [undefined, null, '', 7, ['x'], {}, true, 'x'.repeat(1025), 'x'.repeat(40_000), 'x'.repeat(65_536)];
    const attacks = bad.map((jti, index): Attack => {
      // A token may have at most 64 KiB.
      const reason = index === bad.length - 1 ? '+malformed' : '+claims';
      return [`${JSON.stringify(jti)}`.slice(0, 20), assertion(world.server, key, { jti }), reason];
    });
    return tryAll(world, trial, attacks);
  },

  C21: async ({ server, ask }, { attempt, twin }) => {
    const client_assertion = assertion(server, key);
    const kinds = ['urn:ietf:params:oauth:client-assertion-type:saml2-bearer', 'jwt-bearer', 'x', undefined, ''];
    const case_ = 'urn:ietf:params:oauth:client-assertion-type:JWT-bearer';
    for (const client_assertion_type of [...kinds, case_]) {
      await attempt(`${client_assertion_type}`, ask({ client_assertion, client_assertion_type }));
    }
    await attempt('a type alone', ask({ ...asserting(client_assertion), client_assertion: undefined }));
    await twin(ask(asserting(client_assertion)));
  },

  C24: async (world, trial) => {
    const { server, prove } = world;
    const types = [
      'at+jwt',
      'oauth-id-jag+jwt',
      'dpop+jwt',
      'logout+jwt',
      'secevent+jwt',
      'token-introspection+jwt',
      'x',
    ];
    const typed = types.map((typ): Attack => [typ, assertion(server, key, {}, { typ }), '+wrong_type']);
    await tryAll(world, trial, [
      ...typed,
      ['our own access token', await subjectToken(server, stranger), 'client_method'],
    ]);
    for (const typ of ['client-authentication+jwt', 'application/client-authentication+JWT', 'JWT', undefined]) {
      await trial.twin(prove({}, { typ }));
    }
  },
} as const satisfies Readonly<Record<string, Case<World>>>;
