// Bound tokens without their key, and ways to lose the binding.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { admin, adminToken } from '../../../support/admin-api.ts';
import { type Answer, claimsOf, type Form, read, type TestServer, type } from '../../../support/harness.ts';
import { introspect } from '../../../support/life.ts';
import { newProver } from '../../../support/prover.ts';
import type { Case } from '../../group.ts';
import {
  ACCEPTING,
  type BindingWorld,
  CLIENTS_URL,
  digestOf,
  obtain,
  type Proof,
  present,
  REBINDING,
  tokenOf,
  USERINFO_URL,
  VAULT,
  withCertificate,
  withKey,
} from './world.ts';

const because = (server: TestServer, answer: Answer, reason: string, what = ''): void =>
  assert.equal(server.audit(answer)?.reason, reason, `${what} ${answer.text}`);

const ownClient = { client_id: 'gateway', client_secret: 'gateway-secret' };

export const boundTokens: Readonly<Record<string, Case<BindingWorld>>> = {
  B09: async (world, { attempt, twin }) => {
    const { server, idp, own, other, certificates, prove } = world;
    const subject = await tokenOf(server, 'web', withKey(prove()));
    const agent = await tokenOf(server, 'agent', withKey(prove()));
    const asked = { requested_token_type: type('refresh_token') };
    const lasting = String((await present(server, subject, withKey(prove()), asked)).body.access_token);
    const foreign = (cnf: unknown): [string, Form] => [idp.sign({ cnf }), { subject_token_type: type('jwt') }];
    const mutual = await tokenOf(server, 'mutual-web', withCertificate(certificates.own));
    const proofs: Readonly<Record<string, () => Proof>> = {
      nothing: () => ({}),
      'another key': () => withKey(prove({}, {}, other)),
      'a certificate': () => withCertificate(certificates.own),
    };
    const plain = await tokenOf(server, 'web');
    const tokens: Readonly<Record<string, [string, Form, string?]>> = {
      'a subject': [subject, {}],
      'a subject as jwt': [subject, { subject_token_type: type('jwt') }],
      'a refresh token': [lasting, { subject_token_type: type('refresh_token') }],
      'a foreign subject': foreign({ jkt: own.jkt }),
      'an actor': [plain, { actor_token: agent, actor_token_type: type('access_token') }, 'actor_token_bound'],
    };
    for (const [token, [text, form, reason = 'subject_token_bound']] of Object.entries(tokens)) {
      for (const [proof, headers] of Object.entries(proofs)) {
        const what = `${token} with ${proof}`;
        because(server, await attempt(what, present(server, text, headers(), form)), reason, what);
      }
      await twin(present(server, text, withKey(prove()), form));
    }
    const over = withCertificate(certificates.other);
    because(server, await attempt('another certificate', present(server, mutual, over)), 'subject_token_bound');
    because(server, await attempt('no certificate', present(server, mutual)), 'subject_token_bound');
    await twin(present(server, mutual, withCertificate(certificates.own)));
  },

  B10: async ({ server, other, certificates, prove }, { attempt, twin }) => {
    const subject = await tokenOf(server, 'web', withKey(prove()));
    const mutual = await tokenOf(server, 'mutual-web', withCertificate(certificates.own));
    const gateways = (): Proof => withKey(prove({}, {}, other));
    because(server, await attempt('a key', present(server, subject, gateways())), 'subject_token_bound');
    because(server, await attempt('a certificate', present(server, mutual, gateways())), 'subject_token_bound');
    const none = present(server, subject, {}, { audience: ACCEPTING });
    because(server, await attempt('by a rule that binds anew, to nothing', none), 'subject_token_bound');
    for (const token of [subject, mutual]) {
      const { body } = await twin(present(server, token, gateways(), { audience: ACCEPTING }));
      assert.deepEqual(claimsOf(body.access_token).cnf, { jkt: other.jkt });
    }
  },

  B11: async ({ server, own, other, prove }, { attempt, twin }) => {
    const subject = await tokenOf(server, 'web', withKey(prove()));
    const asked: Readonly<Record<string, Form>> = {
      'an access token': {},
      'a jwt': { requested_token_type: type('jwt') },
      'an opaque token': { audience: VAULT },
      'a refresh token': { requested_token_type: type('refresh_token') },
      'under a rule that could rebind': { audience: REBINDING },
      'under a rule that takes any key': { audience: ACCEPTING },
    };
    for (const [what, form] of Object.entries(asked)) {
      const { body } = await attempt(what, present(server, subject, withKey(prove()), form));
      const told = await introspect(server, body.access_token, ownClient);
      assert.deepEqual([body.cnf, told.body.cnf], [{ jkt: own.jkt }, { jkt: own.jkt }], what);
      if (body.token_type !== 'N_A') assert.equal(body.token_type, 'DPoP', what);
    }
    const { body: first } = await present(server, subject, withKey(prove()));
    const again = await attempt('twice', present(server, String(first.access_token), withKey(prove())));
    assert.deepEqual(claimsOf(again.body.access_token).cnf, { jkt: own.jkt });
    const lasting = await present(server, subject, withKey(prove()), { requested_token_type: type('refresh_token') });
    const refresh = { grant_type: 'refresh_token', ...ownClient, refresh_token: String(lasting.body.access_token) };
    const without = await attempt('refreshed without a proof', server.token(refresh));
    assert.deepEqual([without.status, without.body.access_token], [400, undefined]);
    // The subject token was bound. Tokens derived from it keep the key, for any client.
    const stolen = await attempt('refreshed with another key', server.token(refresh, withKey(prove({}, {}, other))));
    because(server, stolen, 'refresh_token_not_allowed');
    const anew = await twin(server.token(refresh, withKey(prove())));
    assert.deepEqual(claimsOf(anew.body.access_token).cnf, { jkt: own.jkt });
    // The twin: its rule allows another key, and the audit row records it.
    const rebound = await twin(present(server, subject, {}, { audience: REBINDING }));
    assert.deepEqual([rebound.body.token_type, server.audit(rebound)?.rebound], ['Bearer', 'bearer']);
  },

  B12: async (world, { attempt, twin }) => {
    const { server, idp, own, certificates, prove } = world;
    const digest = digestOf(certificates.own);
    const over = (): Proof => withCertificate(certificates.own);
    const mutual = await tokenOf(server, 'mutual-web', over());
    const bound = await tokenOf(server, 'web', withKey(prove()));
    because(
      server,
      await attempt('a proof for a certificate', present(server, mutual, withKey(prove()))),
      'subject_token_bound',
    );
    because(server, await attempt('a certificate for a proof', present(server, bound, over())), 'subject_token_bound');
    const foreign = (cnf: unknown, proof: Proof): Promise<Answer> =>
      present(server, idp.sign({ cnf }), proof, { subject_token_type: type('jwt') });
    const both = { jkt: own.jkt, 'x5t#S256': digest };
    const unknown = [{ jwk: own.jwk }, { kid: 'x' }, { ...both, kid: 'x' }, { jku: 'x' }, {}, 'x', null, [both]];
    const shapes = [{ jkt: digest }, { 'x5t#S256': own.jkt }, { jkt: `${own.jkt}=` }, { jkt: own.jkt.toLowerCase() }];
    const empty = [{ jkt: '' }, { jkt: null }, { jkt: [own.jkt] }, { jkt: { toString: own.jkt } }, { JKT: own.jkt }];
    for (const cnf of [...unknown, ...shapes, ...empty, { 'x5t#S1': digest }, { x5t: digest }]) {
      for (const proof of [withKey(prove()), over()]) {
        const what = JSON.stringify(cnf);
        because(server, await attempt(what, foreign(cnf, proof)), 'subject_token_bound', what);
      }
    }
    because(server, await attempt('both, one proven', foreign(both, withKey(prove()))), 'subject_token_bound');
    because(server, await attempt('both, the other proven', foreign(both, over())), 'subject_token_bound');
    await twin(foreign({ jkt: own.jkt }, withKey(prove())));
    await twin(present(server, mutual, over()));
    await twin(present(server, bound, withKey(prove())));
  },

  B13: async ({ server, own, prove }, { attempt, twin }) => {
    const large = {
      'a jti of 1 MiB': { jti: 'x'.repeat(1 << 20) },
      'a jti of 20 KB': { jti: 'x'.repeat(20_000) },
      'a jti of 8 KB': { jti: 'x'.repeat(8000) },
      'a jti of 1025': { jti: 'x'.repeat(1025) },
      'an htu of 8 KB': { htu: `https://login.example/${'x'.repeat(8000)}` },
      'claims 200 deep': { deep: JSON.parse('['.repeat(200) + ']'.repeat(200)) },
    };
    for (const [what, claims] of Object.entries(large))
      await attempt(what, obtain(server, 'gateway', withKey(prove(claims))));
    const jwk = { ...own.jwk, x5c: ['x'.repeat(50_000)] };
    await attempt('a jwk of 50 KB', obtain(server, 'gateway', withKey(prove({}, { jwk }))));
    await twin(obtain(server, 'gateway', withKey(prove({ jti: 'x'.repeat(1024) }))));
  },

  B14: async (world, { attempt, twin }) => {
    const { server, own, prove } = world;
    const userinfo = async (token: string, dpop: string, scheme = 'DPoP'): Promise<Answer> =>
      read(await fetch(`${server.issuer}/oauth/userinfo`, { headers: { authorization: `${scheme} ${token}`, dpop } }));
    // A problem document has the error in its type.
    const clients = async (token: string, dpop: string, scheme = 'DPoP'): Promise<Answer> => {
      const answer = await admin(server, 'GET /clients', { headers: { authorization: `${scheme} ${token}`, dpop } });
      return { ...answer, body: { error: String(answer.body.type).replace('urn:cambio:error:', '') } };
    };
    const now = Math.floor(server.clock.now / 1000);
    const issuer = 'https://login.example';
    const adas = server.forge({
      ...{ iss: issuer, sub: 'ada', aud: issuer, client_id: 'person', scope: 'openid', jti: 'ada', iat: now },
      ...{ exp: now + 600, cnf: { jkt: own.jkt } },
    });
    const auditors = String(
      (await obtain(server, 'auditor', withKey(prove()), { client_secret: 'auditor-secret' })).body.access_token,
    );
    for (const [name, ask, token, htu] of [
      ['userinfo', userinfo, adas, USERINFO_URL],
      ['admin', clients, auditors, CLIENTS_URL],
    ] as const) {
      const ath = hash('sha256', token, 'base64url');
      const good = { htm: 'GET', htu, ath };
      const wrong = {
        'ath of another token': { ath: hash('sha256', `${token}x`, 'base64url') },
        'ath of a part': { ath: ath.slice(0, -1) },
        'ath padded': { ath: `${ath}=` },
        'ath in hexadecimal': { ath: hash('sha256', token, 'hex') },
        'no ath': { ath: undefined },
        'ath as a list': { ath: [ath] },
        'another method': { htm: 'POST' },
        'another endpoint': { htu: 'https://login.example/oauth/token' },
        'another time': { iat: now - 3600 },
      };
      for (const [what, claims] of Object.entries(wrong))
        await attempt(`${name}, ${what}`, ask(token, prove({ ...good, ...claims })));
      await attempt(`${name}, another key`, ask(token, prove(good, {}, newProver())));
      await attempt(`${name}, as a bearer token`, ask(token, prove(good), 'Bearer'));
      await attempt(`${name}, without a proof`, ask(token, ''));
      const used = prove(good);
      await twin(ask(token, used));
      await attempt(`${name}, a second time`, ask(token, used));
      await twin(ask(token, prove(good)));
    }
    assert.ok(await adminToken(server), 'a bearer token opens it without');
  },
};
