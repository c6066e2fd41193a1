// The list of targets as an oracle: what it shows of rules, and of tokens.
import assert from 'node:assert/strict';
import { admin, withOperators } from '../../../support/admin-api.ts';
import {
  acting,
  BACKEND,
  configuration,
  exchange,
  forgedToken,
  gateway,
  named,
  subjectToken,
} from '../../../support/basics.ts';
import { changed } from '../../../support/configuration.ts';
import { type Answer, encode, type Form, start, type TestServer, type } from '../../../support/harness.ts';
import { newProver } from '../../../support/prover.ts';
import type { Cases } from '../../group.ts';
import { as, because, type World } from './world.ts';

const ask = async (server: TestServer, form: Form = {}): Promise<Answer> => {
  const subject = 'subject_token' in form ? {} : { subject_token: await subjectToken(server) };
  return server.post(
    '/oauth/targets',
    encode({ ...gateway, ...subject, subject_token_type: type('access_token'), ...form }),
  );
};

const bound = { cnf: { jkt: newProver().jkt } };

export const discovery = {
  P40: async ({ server, idp }, { attempt, twin }) => {
    const foreign = {
      subject_token: idp.sign({ sub: 'repo:org-evil/x:ref:refs/heads/main' }),
      subject_token_type: type('jwt'),
    };
    for (const [what, form] of Object.entries<Form>({
      'a token of another client': { subject_token: await forgedToken(server, { client_id: 'plain', aud: BACKEND }) },
      'as a client without a rule': as('idle'),
      'a token that is bound to a key': { subject_token: await forgedToken(server, bound) },
      'a subject that no rule accepts': foreign,
      'a scope that no target has': { subject_token: await forgedToken(server, { scope: 'other' }) },
    })) {
      const { body } = await attempt(what, ask(server, form));
      assert.deepEqual(
        Object.values(body).filter((entry) => 'scope' in (entry as object)),
        [],
        what,
      );
    }
    assert.equal(Object.keys((await twin(ask(server))).body).length, 3);
  },

  P41: async (_world, { attempt, twin, after }) => {
    const server = await start({ after }, changed(withOperators(configuration), named('other')));
    const subject_token = await subjectToken(server);
    const revoked = await subjectToken(server);
    await server.post('/oauth/revoke', encode({ ...gateway, token: revoked }));
    for (const [what, form, reason] of [
      ['a revoked token', { subject_token: revoked }, 'subject_token_revoked'],
      ['an expired token', { subject_token: await forgedToken(server, { exp: 1 }) }, 'subject_token_expired'],
      [
        'a token with another signature',
        { subject_token: `${subject_token.slice(0, -6)}AAAAAA` },
        'subject_token_signature',
      ],
      ['a wrong secret', { client_secret: 'x' }, 'client_credentials'],
      ['no credentials', { client_secret: undefined }, undefined],
      ['a client that may not exchange', as('stranger'), 'grant_not_allowed'],
    ] as const) {
      const answer = await attempt(what, ask(server, { subject_token, ...form }));
      if (reason !== undefined) because(server, answer, reason, what);
    }
    const actor = await acting(server);
    await twin(ask(server, { subject_token, ...actor }));
    const suspend = (subject: string) => admin(server, 'POST /actors/suspend', { body: { subject } });
    await suspend('agent');
    because(
      server,
      await attempt('a suspended actor', ask(server, { subject_token, ...actor })),
      'actor_token_suspended',
    );
    await twin(ask(server, { subject_token }));
    await suspend('gateway');
    await attempt('a suspended client', ask(server, { subject_token }));
    await attempt('a suspended client, in an exchange', exchange(server, { subject_token }));
  },

  P42: async (_world, { attempt, twin, after }) => {
    const server = await start({ after }, configuration);
    const subject_token = await subjectToken(server);
    for (let asked = 0; asked < 60; asked++) await twin(ask(server, { subject_token }));
    await attempt('the same token', ask(server, { subject_token }));
    await attempt('another token', ask(server, { subject_token: await subjectToken(server) }));
    await twin(exchange(server, { subject_token }));
  },
} satisfies Cases<World>;
