// The body of a token request: type, encoding, parameters.
import assert from 'node:assert/strict';
import { API, acting, BACKEND, exchange, gateway, subjectToken } from '../../../support/basics.ts';
import { type Answer, claimsOf, type Form, type } from '../../../support/harness.ts';
import { signedFor } from '../../../support/saml-exchange.ts';
import { freshToken } from '../../../support/trusting.ts';
import { answerOf, FORM, LENGTH, request } from '../../../support/wire.ts';
import type { Cases } from '../../group.ts';
import { because, NARROW, tryPairs, tryTypes, URLENCODED, type World } from './world.ts';

export const forms = {
  T03: (world, trial) => {
    const json = JSON.stringify({ grant_type: 'client_credentials', ...gateway });
    const types = ['application/json', 'text/plain', `${URLENCODED}x`, `text/plain, ${URLENCODED}`, '', '/'];
    const typed = types.map((type) => [type, FORM] as const);
    return tryTypes(world, trial, [['application/json', json], ...typed, [`text/plain; x=${URLENCODED}`, FORM]]);
  },

  T04: async ({ server }, { attempt, twin }) => {
    const post = (type: string) => server.post('/oauth/token', FORM, { 'content-type': type });
    for (const same of [`${URLENCODED}\t;`, `${URLENCODED};`, ` ${URLENCODED} ; x=y`, URLENCODED.toUpperCase()]) {
      for (const _time of [1, 2]) assert.equal((await attempt(same, post(same))).status, 200, same);
    }
    for (const other of ['application/json', URLENCODED]) {
      const doubled = request(['Host: x', LENGTH, `Content-Type: ${other}`]);
      const answer = await attempt(`doubled, ${other}`, answerOf(await server.raw(doubled)));
      assert.equal(answer.status, 400, 'which of two counts, a proxy may see otherwise');
    }
    await twin(post(`${URLENCODED};charset=UTF-8`));
  },

  T05: (world, trial) => {
    const part = '--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--';
    return tryTypes(world, trial, [
      ['multipart/form-data; boundary=x', part],
      ['multipart/form-data', FORM],
      ['multipart/form-data; boundary=x', FORM],
    ]);
  },

  T14: async ({ server, idp }, { attempt, twin }) => {
    const forIt = { aud: 'gateway', nonce: 'n' };
    const tokens: Readonly<Record<string, () => Promise<string> | string>> = {
      access_token: () => subjectToken(server),
      refresh_token: async () =>
        String((await exchange(server, { requested_token_type: type('refresh_token') })).body.access_token),
      id_token: () => idp.signAll({ ...claimsOf(freshToken(server, idp)), ...forIt }),
      jwt: () => idp.signAll({ ...claimsOf(freshToken(server, idp)), scope: 'read' }),
      saml1: () => signedFor(server, 'saml1'),
      saml2: () => signedFor(server, 'saml2'),
    };
    for (const [proved, make] of Object.entries(tokens)) {
      for (const declared of Object.keys(tokens)) {
        const answer = exchange(server, { subject_token: await make(), subject_token_type: type(declared) });
        // Our own access token may be declared as jwt. A foreign access token that states its scope may be declared as such.
        const good = [`${proved} ${proved}`, 'access_token jwt', 'jwt access_token'].includes(`${proved} ${declared}`);
        if (good && (proved === declared || proved === 'access_token')) await twin(answer);
        else if (!good) await attempt(`${proved} as ${declared}`, answer);
      }
    }
  },

  T15: async ({ server }, { attempt, twin }) => {
    const { actor_token } = await acting(server);
    for (const actor_token_type of [undefined, '']) {
      because(
        server,
        await attempt('no type', exchange(server, { actor_token, actor_token_type })),
        'parameter_missing',
      );
    }
    for (const empty of [undefined, '']) {
      const form = { actor_token: empty, actor_token_type: type('access_token') };
      because(server, await attempt('no token', exchange(server, form)), 'parameter_not_allowed');
    }
    await twin(exchange(server, { actor_token, actor_token_type: type('access_token') }));
    await twin(exchange(server, { actor_token: '', actor_token_type: '' }));
  },

  T17: async ({ server }, { attempt, twin }) => {
    const ask = async (name: string, form: Form = {}): Promise<Answer> =>
      exchange(server, { requested_token_type: name, ...form, subject_token: await subjectToken(server) });
    const unknown = ['x', 'access_token', type('ACCESS_TOKEN'), type('access_token '), type('toString')];
    for (const name of [...unknown, type('id_token'), type('saml2')]) {
      because(server, await attempt(name, ask(name)), 'requested_token_type_unsupported');
    }
    // A grant for another authorization server needs its name.
    because(server, await attempt('an ID-JAG for nobody', ask(type('id-jag'))), 'parameter_missing');
    const forbidden = { jwt: 'requested_token_type_not_granted', refresh_token: 'requested_token_type_needs_grant' };
    for (const [name, reason] of Object.entries(forbidden)) {
      const answer = await attempt(`${name}, which the client may not have`, ask(type(name), NARROW));
      because(server, answer, reason);
      assert.equal(server.audit(answer)?.issued, undefined);
    }
    for (const name of ['access_token', 'jwt', 'refresh_token']) await twin(ask(type(name)));
    await twin(ask(type('access_token'), NARROW));
  },

  T18: (world, trial) =>
    tryPairs(
      world,
      trial,
      ['%', '%2', '%zz', '%u0041', '%%20', '%+1', '%-1', '% 41'],
      ['%F0%9F%98%80', '%EF%BB%BF', '😀', 'a=b=c', '?;,#'],
    ),

  T19: (world, trial) => {
    const nul = ['%00', 'a%00b', '\0'];
    const encoded = ['%FF', '%C3', '%C3%28', '%C0%AF', '%E0%80%AF', '%ED%A0%80', '%F5%80%80%80', '%F0%9F%98'];
    const bytes = ['\xff', '\xc3\x28', '\xed\xa0\x80', '\xc0\xaf', '\xfe\xff\x00a'];
    return tryPairs(world, trial, [...nul, ...encoded, ...bytes], ['%C3%A9', 'é']);
  },

  T20: async ({ server }, { attempt, twin }) => {
    const names = ['__proto__', 'constructor', 'toString', 'audience[]', 'audience[0]', 'audience.x', 'audience%5B%5D'];
    for (const name of [...names, '__proto__.audience', 'constructor[prototype][scope]', 'request_context']) {
      const answer = await attempt(name, exchange(server, { [name]: 'https://unknown.example', audience: API }));
      assert.deepEqual(server.audit(answer)?.targets, [API], name);
    }
    const own = await twin(exchange(server, { audience: BACKEND }));
    assert.deepEqual(server.audit(own)?.targets, [BACKEND]);
  },
} satisfies Cases<World>;
