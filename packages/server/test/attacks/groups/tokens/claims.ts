// The claims of correctly signed tokens: subject, audience, time, and kind of token.
import assert from 'node:assert/strict';
import { agentBasic, exchange } from '../../../support/basics.ts';
import { claimsOf, type } from '../../../support/harness.ts';
import { type Claims, US } from '../../../support/issuer.ts';
import type { Case } from '../../group.ts';
import { named, present, tryTokens, type World } from './world.ts';

const EVIL = '{"sub":"admin","email":"admin","role":"admin","scope":"admin","aud":"https://private.example","iss":"x"}';

const textOf = (token: string): string => Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
const crowd = Array.from({ length: 40 }, (_, index) => `stranger ${index}`);

export const claims = {
  J14: async (world, { attempt, twin }) => {
    const { server, ours, theirs, mapping } = world;
    const poison = `,"__proto__":${EVIL},"constructor":{"prototype":${EVIL}},"prototype":${EVIL}}`;
    const subjects = [
      ['gateway', ours.declared, ours.signText(`${textOf(ours.sign()).slice(0, -1)}${poison}`)],
      ['idp:ada', theirs.declared, theirs.signText(`${textOf(theirs.sign()).slice(0, -1)}${poison}`)],
      ['ada@x', 'jwt', mapping.signAll(`${textOf(mapping.sign({ email: 'ada@x' })).slice(0, -1)}${poison}`)],
    ] as const;
    for (const [sub, declared, token] of subjects) {
      const answer = await attempt(sub, present(world, 'subject', token, declared));
      const said = claimsOf(answer.body.access_token);
      assert.deepEqual([said.sub, said.role, said.scope], [sub, undefined, 'read write']);
    }
    const { sub, ...others } = JSON.parse(textOf(ours.sign()));
    const inherited = `${JSON.stringify(others).slice(0, -1)},"__proto__":{"sub":"${sub}"}}`;
    const answer = await present(world, 'subject', ours.signText(inherited), 'access_token');
    assert.deepEqual([answer.status, server.audit(answer)?.reason], [400, 'subject_token_claims']);
    await twin(present(world, 'subject', theirs.sign(), 'jwt'));
  },

  J17: async (world, trial) => {
    const { server, ours, theirs } = world;
    const now = Math.floor(server.clock.now / 1000);
    const until = (exp: number) => ({ exp, iat: now - 600 });
    const early = ['iat', 'nbf'].map((name): Claims => ({ [name]: now + 31 }));
    const soon = ['iat', 'nbf'].map((name): Claims => ({ [name]: now + 30 }));
    const make = (origin: typeof ours) => (changed: unknown) => origin.sign(changed as Claims);
    // Our own tokens get no leeway: it would add up along a chain.
    const past = named([now, now - 1, now - 30, 0].map(until), make(ours));
    await tryTokens(world, trial, ours, past, ['expired'], [now + 1, now + 1.5].map(until).map(make(ours)));
    const ended = named([now - 31, now - 60, 0].map(until), make(theirs));
    await tryTokens(world, trial, theirs, ended, ['expired'], [now - 30, now].map(until).map(make(theirs)));
    for (const origin of [ours, theirs]) {
      await tryTokens(world, trial, origin, named(early, make(origin)), ['not_yet_valid'], soon.map(make(origin)));
    }
    const last = await trial.twin(present(world, 'subject', theirs.sign(until(now - 30)), 'jwt'));
    assert.equal(last.body.expires_in, 1);
    assert.ok(Number(claimsOf(last.body.access_token).exp) <= now + 1);
  },

  J18: async (world, trial) => {
    const { server, idp, ours, theirs } = world;
    const others = [undefined, null, '', 1, 'idp', 'self', 'https://unknown.example'];
    for (const [origin, url] of [
      [ours, server.issuer],
      [theirs, idp.url],
    ] as const) {
      const { host, port } = new URL(url);
      const near = [`${url}/`, url.toUpperCase(), url.replace('http:', 'https:'), `${url} `, `${url}#`, `${url}\0`];
      const alike = [`http://ada@${host}`, `http://127.0.0.1.:${port}`, `http://localhost:${port}`];
      const unicode = [`http://１27.0.0.1:${port}`, `http://xn--127.0.0.1:${port}`, `http://127.0.0.1:${port}\u200b`];
      const wrong = [...near, ...alike, ...unicode, ...others, [url], { url }];
      const seen = idp.seen.length;
      const tokens = named(wrong, (iss) => origin.sign({ iss }));
      await tryTokens(world, trial, origin, tokens, ['unknown_issuer', 'claims'], []);
      assert.equal(idp.seen.length, seen, 'nobody was asked');
      await tryTokens(world, trial, origin, {}, [], [origin.sign({ iss: url })]);
    }
    const swapped = { 'our own, signed by them': theirs.sign({ iss: server.issuer }) };
    await tryTokens(world, trial, theirs, swapped, ['wrong_type', 'unknown_key']);
  },

  J23: async (world, { attempt, twin }) => {
    const { idp } = world;
    for (const aud of [
      [US, ...crowd],
      ['gateway', ...crowd],
      [...crowd, US],
    ]) {
      await attempt('an ID token', present(world, 'subject', idp.sign({ aud }), 'id_token'));
      await attempt('for a stranger', present(world, 'subject', idp.sign({ aud, azp: crowd[0] }), 'id_token'));
    }
    await attempt('strangers alone', present(world, 'subject', idp.sign({ aud: crowd }), 'jwt'));
    await twin(present(world, 'subject', idp.sign({ aud: [US, ...crowd] }), 'jwt'));
    await twin(present(world, 'subject', idp.sign({ aud: US }), 'id_token'));
    await twin(present(world, 'subject', idp.sign({ aud: [US, ...crowd], azp: US }), 'id_token'));
  },

  J24: async (world, { attempt, twin }) => {
    const { server, idp, ours } = world;
    const identity = { nonce: 'n', at_hash: 'x', auth_time: 1 };
    const access = { scope: 'read', client_id: 'web' };
    const header = { header: { typ: 'at+jwt' } };
    const kinds: readonly (readonly [what: string, declared: string, token: string])[] = [
      ['an ID token', 'access_token', idp.sign(identity)],
      ['an ID token by its claim typ', 'access_token', idp.sign({ ...identity, typ: 'ID' })],
      ['an ID token for the client', 'access_token', idp.sign({ ...identity, aud: 'gateway', azp: 'gateway' })],
      ['an ID token of ours', 'access_token', ours.sign({ aud: 'gateway', nonce: 'n' }, { typ: 'JWT' })],
      ['an access token', 'id_token', idp.sign({ ...access, aud: 'gateway' }, header)],
      ['an access token with claims of an ID token', 'id_token', idp.sign({ ...identity, aud: 'gateway' }, header)],
      ['an access token by its scope', 'id_token', idp.sign({ auth_time: 1, scope: 'read' })],
      ['an access token by its client_id', 'id_token', idp.sign({ auth_time: 1, client_id: 'gateway' })],
      ['an access token by its claim typ', 'id_token', idp.sign({ ...identity, typ: 'Bearer' })],
      ['an access token of ours', 'id_token', ours.sign()],
      ['an access token of ours, for the client', 'id_token', ours.sign({ aud: 'gateway', nonce: 'n' })],
    ];
    for (const [what, declared, token] of kinds) {
      const answer = await attempt(`${what} as ${declared}`, present(world, 'subject', token, declared));
      assert.equal(server.audit(answer)?.reason, 'subject_token_wrong_type', what);
    }
    for (const azp of ['stranger', ['gateway'], 1]) {
      const stolen = idp.sign({ ...identity, aud: 'gateway', azp });
      await attempt(`azp ${azp}`, present(world, 'subject', stolen, 'id_token'));
    }
    await twin(present(world, 'subject', idp.sign({ ...identity, aud: 'gateway', azp: 'gateway' }), 'id_token'));
    // As ZITADEL and Nextcloud write them.
    const zitadel = { ...identity, aud: 'gateway', azp: 'gateway', client_id: 'gateway', scope: 'openid' };
    await twin(present(world, 'subject', idp.sign(zitadel), 'id_token'));
    await twin(present(world, 'subject', idp.sign(access, header), 'access_token'));
    await twin(present(world, 'subject', ours.sign(), 'access_token'));
  },

  J39: async (world, { attempt, twin }) => {
    const { server, ours } = world;
    const plain = { typ: 'JWT' };
    const marked = { typ: 'at+jwt' };
    const identity = { aud: 'gateway', nonce: 'n', client_id: undefined, scope: undefined };
    const kinds: readonly (readonly [what: string, declared: string, token: string])[] = [
      ['no claim typ', 'access_token', ours.sign({}, plain)],
      ['no claim typ', 'jwt', ours.sign({}, plain)],
      ['an ID token', 'access_token', ours.sign(identity, plain)],
      ['an ID token', 'jwt', ours.sign(identity, plain)],
      ['the claim typ Bearer', 'access_token', ours.sign({ typ: 'Bearer' }, plain)],
      ['the claim typ in a list', 'access_token', ours.sign({ typ: ['at+jwt'] }, plain)],
      ['a logout token', 'access_token', ours.sign(marked, { typ: 'logout+jwt' })],
      ['an ID-JAG', 'access_token', ours.sign(marked, { typ: 'oauth-id-jag+jwt' })],
      ['no typ in the header', 'access_token', ours.sign(marked, { typ: undefined })],
      ['an access token', 'id_token', ours.sign(marked, plain)],
      ['an access token without scope, for the client', 'id_token', ours.sign({ ...identity, ...marked }, plain)],
    ];
    for (const [what, declared, token] of kinds) {
      const answer = await attempt(`${what} as ${declared}`, present(world, 'subject', token, declared));
      assert.equal(server.audit(answer)?.reason, 'subject_token_wrong_type', what);
    }
    for (const declared of ['access_token', 'jwt'])
      await twin(present(world, 'subject', ours.sign(marked, plain), declared));
  },

  J27: async (world, { attempt, twin }) => {
    const { server, ours } = world;
    const { body } = await server.token({ grant_type: 'client_credentials' }, agentBasic);
    const agents = { client_id: 'agent', sub: 'agent' };
    const tokens = [String(body.access_token), ours.sign(agents), ours.sign({ ...agents, aud: ['agent', 'gateway '] })];
    for (const token of tokens) {
      for (const declared of ['access_token', 'jwt']) {
        const answer = await attempt(declared, present(world, 'subject', token, declared));
        assert.equal(server.audit(answer)?.reason, 'no_rule_for_subject');
      }
    }
    await attempt('as actor', present(world, 'actor', tokens[0] ?? '', 'access_token'));
    await twin(present(world, 'subject', ours.sign({ ...agents, aud: 'gateway' }), 'access_token'));
    await twin(present(world, 'subject', ours.sign({ sub: 'ada' }), 'access_token'));
  },

  J31: async (world, trial) => {
    const empty = [undefined, null, '', 7, true, {}, ['ada']];
    const strange = [
      'x'.repeat(1025),
      'x'.repeat(65_536),
      'a\0b',
      'a\nb',
      'a\u202eb',
      'a\u2066b',
      'a\u200fb',
      '\ud800',
    ];
    for (const origin of [world.ours, world.theirs]) {
      const tokens = named([...empty, ...strange], (sub) => origin.sign({ sub }));
      const good = ['x'.repeat(1000), 'Zoë 😀', 'עדה'].map((sub) =>
        origin.sign({ sub, ...(origin === world.ours && { sub_id: { format: 'iss_sub', iss: world.idp.url, sub } }) }),
      );
      await tryTokens(world, trial, origin, tokens, ['claims', 'malformed'], good);
    }
  },

  J32: async (world, { attempt, twin }) => {
    const { server, idp, other } = world;
    const subs: unknown[] = [];
    for (const one of [idp, other]) {
      const answer = await attempt(one.url, present(world, 'subject', one.sign(), 'jwt'));
      const { sub, sub_id } = claimsOf(answer.body.access_token);
      assert.deepEqual(sub_id, { format: 'iss_sub', iss: one.url, sub: 'ada' });
      assert.equal(server.audit(answer)?.subject?.iss, one.url);
      subs.push(sub);
    }
    assert.deepEqual(subs, ['idp:ada', 'other:ada']);
    const own = await twin(present(world, 'subject', world.ours.sign({ sub: 'ada' }), 'access_token'));
    assert.equal(claimsOf(own.body.access_token).sub, 'ada');
  },

  J37: async (world, { attempt, twin }) => {
    const { server, idp, ours, theirs } = world;
    // These differ in one claim only. Key id, header, length, beginning and end are equal.
    const alike = { jti: 'one', iat: 1, nonce: 'x'.repeat(500) };
    const names = ['ada1', 'ada2', 'bob1', 'bob2'];
    for (const _time of [1, 2]) {
      for (const sub of names) {
        const [one, two] = [ours.sign({ ...alike, sub }), idp.sign({ ...alike, sub })];
        const own = await attempt(`ours, ${sub}`, present(world, 'subject', one, 'access_token'));
        const foreign = await attempt(`theirs, ${sub}`, present(world, 'subject', two, 'jwt'));
        const told = [own, foreign].map(({ body }) => claimsOf(body.access_token).sub);
        assert.deepEqual(told, [sub, `idp:${sub}`]);
      }
    }
    // An accepted token does not vouch for another one that shares two of its parts.
    for (const origin of [ours, theirs]) {
      const [good, evil] = [origin.sign({ sub: 'ada1' }), origin.sign({ sub: 'admin' })];
      await twin(present(world, 'subject', good, origin.declared));
      const [a = [], b = []] = [good.split('.'), evil.split('.')];
      for (const parts of [
        [a[0], b[1], a[2]],
        [a[0], a[1], b[2]],
        [b[0], b[1], a[2]],
      ]) {
        const answer = await present(world, 'subject', parts.join('.'), origin.declared);
        assert.deepEqual([answer.status, server.audit(answer)?.reason], [400, 'subject_token_signature']);
      }
      const again = await exchange(server, { subject_token: good, subject_token_type: type(origin.declared) });
      await twin(again);
    }
  },
} as const satisfies Readonly<Record<string, Case<World>>>;
