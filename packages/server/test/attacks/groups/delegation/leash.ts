// Can an agent go beyond its limits, act while it is suspended, or hide from a rule that denies it by a pattern?
import assert from 'node:assert/strict';
import { admin, withOperators } from '../../../support/admin-api.ts';
import { exchange, subjectToken } from '../../../support/basics.ts';
import { added, type Configuration, changed, edited } from '../../../support/configuration.ts';
import { type Answer, claimsOf, type Form, start, type TestServer, type } from '../../../support/harness.ts';
import { entry, startIssuer } from '../../../support/issuer.ts';
import { BESIDE, basic, FOREIGN_BESIDE, life, other, refresh } from '../../../support/life.ts';
import type { Case } from '../../group.ts';
import { because, type DelegationWorld } from './world.ts';

const OURS = type('access_token');
const by = (token: unknown): Form => ({ actor_token: String(token), actor_token_type: OURS });
const about = (token: unknown): Form => ({ subject_token: String(token), subject_token_type: OURS });
const tokenOf = ({ body }: Answer): unknown => body.access_token;
const agentToken = async (server: TestServer): Promise<unknown> =>
  tokenOf(await server.token({ grant_type: 'client_credentials' }, basic('agent')));
const limited = (limits: Configuration, base = withOperators(life())): Configuration =>
  changed(base, { clients: edited('agent', { limits }) });

export const leash: Readonly<Record<string, Case<DelegationWorld>>> = {
  D40: async (_world, { attempt, twin, after }) => {
    const server = await start({ after }, limited({ perMinute: 2 }));
    const ada = await subjectToken(server);
    const agent = await agentToken(server);
    const first = await twin(exchange(server, { ...about(ada), ...by(agent) }));
    await twin(exchange(server, { ...about(ada), ...by(agent) }));
    const ways: Readonly<Record<string, Form>> = {
      again: { ...about(ada), ...by(agent) },
      'with a new token of its own': { ...about(ada), ...by(await agentToken(server)) },
      'by another client': { ...about(ada), ...by(agent), ...other },
      'one hop deeper': about(tokenOf(first)),
      'for another type': { ...about(ada), ...by(agent), requested_token_type: type('refresh_token') },
      'by its refresh token as subject': {
        subject_token: String(first.body.refresh_token),
        subject_token_type: type('refresh_token'),
      },
    };
    for (const [what, form] of Object.entries(ways)) await attempt(what, exchange(server, form));
    await attempt('by a refresh', refresh(server, first.body.refresh_token));
    const atOnce = Array.from({ length: 8 }, () => exchange(server, { ...about(ada), ...by(agent) }));
    for (const [index, answer] of (await Promise.all(atOnce)).entries()) await attempt(`at once, ${index}`, answer);
    await twin(exchange(server, about(ada)));
  },

  D41: async (_world, { attempt, twin, after }) => {
    const idp = await startIssuer({ after });
    const foreign = changed(FOREIGN_BESIDE, { actor: { clients: ['agent'] } });
    const server = await start(
      { after },
      limited({ delegation: '20m' }, withOperators(life([BESIDE, foreign], [entry(idp)]))),
    );
    const ada = await subjectToken(server);
    const first = await twin(exchange(server, { ...about(ada), ...by(await agentToken(server)) }));
    const { exp = 0 } = claimsOf(tokenOf(first)) as { exp?: number };
    assert.ok(exp * 1000 - server.clock.now <= 1_200_000);
    const old = { ...about(ada), ...by(await agentToken(server)) };
    const jwt = (claims: Record<string, unknown>): Form => ({
      subject_token: idp.sign(claims),
      subject_token_type: type('jwt'),
    });
    await attempt(
      'one that another issuer delegated',
      exchange(server, { ...jwt({ act: { sub: 'x' } }), ...by(await agentToken(server)) }),
    );
    server.clock.now += 1_210_000;
    await attempt('the first token again', exchange(server, old));
    await attempt('with a new actor token', exchange(server, { ...about(ada), ...by(await agentToken(server)) }));
    await attempt(
      'with a refresh token',
      exchange(server, { ...about(ada), ...by(await agentToken(server)), requested_token_type: type('refresh_token') }),
    );
    const seconds = Math.floor(server.clock.now / 1000);
    const stale = jwt({ iat: seconds, exp: seconds + 600, auth_time: seconds - 1210 });
    await attempt('a new token of an old sign-in', exchange(server, { ...stale, ...by(await agentToken(server)) }));
    await twin(exchange(server, { ...about(await subjectToken(server)), ...by(await agentToken(server)) }));
  },

  D42: async (_world, { attempt, twin, after }) => {
    const server = await start({ after }, withOperators(life()));
    const ada = await subjectToken(server);
    const agent = await agentToken(server);
    const first = await exchange(server, { ...about(ada), ...by(agent) });
    const ways: Readonly<Record<string, Form>> = {
      'as actor': { ...about(ada), ...by(agent) },
      'as subject': about(agent),
      'in the chain': about(tokenOf(first)),
      'in the chain, by another client': { ...about(tokenOf(first)), ...other },
      'by its refresh token': {
        subject_token: String(first.body.refresh_token),
        subject_token_type: type('refresh_token'),
      },
    };
    const suspended = await admin(server, 'POST /actors/suspend', { body: { subject: 'agent' } });
    assert.equal(suspended.status, 204);
    for (const [what, form] of Object.entries(ways)) {
      const answer = await attempt(what, exchange(server, form));
      assert.match(String(server.audit(answer)?.reason), /^(?:subject|actor)_token_suspended$/, what);
    }
    const refreshed = await attempt('by a refresh', refresh(server, first.body.refresh_token));
    because(server, refreshed, 'refresh_token_suspended');
    await twin(exchange(server, about(ada)));
    assert.equal((await admin(server, 'POST /actors/resume', { body: { subject: 'agent' } })).status, 204);
    await twin(exchange(server, { ...about(ada), ...by(agent) }));
  },

  D43: async (_world, { attempt, twin, after }) => {
    const idp = await startIssuer({ after });
    const foreign = {
      ...{ name: 'foreign', client: 'gateway', subject: { issuer: ['self', 'idp'], types: ['access_token', 'jwt'] } },
      actor: { issuer: ['self', 'idp'], types: ['access_token', 'jwt'], delegated: 'allow' },
      grant: { audiences: ['https://api.example'], scopes: ['read'] },
    };
    const no = {
      name: 'no',
      effect: 'deny',
      actor: { issuer: 'idp', subjects: ['bot-*'], claims: { sub_profile: ['ai_agent'] } },
    };
    const base = withOperators(life([foreign], [entry(idp)]));
    const server = await start({ after }, base);
    const jwt = (sub: string, sub_profile?: unknown): Form => ({
      actor_token: idp.sign({ sub, sub_profile }),
      actor_token_type: type('jwt'),
    });
    const ada = { subject_token: idp.sign({ sub: 'ada' }), subject_token_type: type('jwt') };
    const ours = tokenOf(
      await exchange(server, { subject_token: idp.sign({ sub: 'bot-1' }), subject_token_type: type('jwt') }),
    );
    const acted = tokenOf(await exchange(server, { ...ada, ...jwt('bot-1', 'service') }));
    await server.reload(changed(base, { rules: added(no) }));
    const ways: Readonly<Record<string, Form>> = {
      'by its profile': { ...ada, ...jwt('bot-1', 'ai_agent') },
      'with another profile beside': { ...ada, ...jwt('bot-1', 'service ai_agent') },
      'without a profile': { ...ada, ...jwt('bot-1') },
      'with its profile in a list': { ...ada, ...jwt('bot-1', ['ai_agent']) },
      'by a token of ours': { ...ada, ...by(ours) },
      'one hop deeper': about(acted),
      'one hop deeper, behind another actor': { ...about(acted), ...jwt('helper', 'service') },
    };
    for (const [what, form] of Object.entries(ways)) await attempt(what, exchange(server, form));
    await twin(exchange(server, { ...ada, ...jwt('bot-1', 'service') }));
    await twin(exchange(server, { ...ada, ...jwt('helper', 'ai_agent') }));
  },

  D44: async (_world, { attempt, twin, after }) => {
    const idp = await startIssuer({ after });
    const asks = (name: string, actor: Configuration): Configuration => ({
      name,
      client: 'gateway',
      subject: { issuer: 'self' },
      actor: { required: true, claims: { sub_profile: ['ai_agent'] }, ...actor },
      grant: { audiences: ['https://api.example'], scopes: ['read'] },
    });
    const rules = [
      asks('ours', { issuer: 'self', clients: ['agent', 'plain'], delegated: 'allow' }),
      asks('foreign', { issuer: 'idp', types: ['jwt'] }),
    ];
    const kinds = { clients: edited('agent', { subProfile: ['service', 'ai_agent'] }) };
    const source = changed(life(rules, [entry(idp)]), kinds);
    const server = await start({ after }, source);
    const ada = about(await subjectToken(server));
    const agent = claimsOf(await agentToken(server));
    const kind = { sub_profile: 'ai_agent' };
    const one = (claims: Record<string, unknown>): Form =>
      by(server.forge({ ...agent, sub: 'plain', client_id: 'plain', ...claims }));
    const foreign = (claims: Record<string, unknown>): Form => ({
      actor_token: idp.sign({ sub: 'bot', ...claims }),
      actor_token_type: type('jwt'),
    });
    const ways: Readonly<Record<string, Form>> = {
      'a client without a kind': { ...ada, ...one({ sub_profile: undefined }) },
      'as a parameter': { ...ada, ...one({ sub_profile: undefined }), ...kind },
      'of the actor that acted before': { ...ada, ...one({ sub_profile: undefined, act: { sub: 'agent', ...kind } }) },
      'in a list': { ...ada, ...foreign({ sub_profile: ['ai_agent'] }) },
      'as a part of a word': { ...ada, ...foreign({ sub_profile: 'ai_agents not-ai_agent' }) },
      'in another case': { ...ada, ...foreign({ sub_profile: 'AI_agent' }) },
      'of the subject': {
        ...about(server.forge({ ...claimsOf(await subjectToken(server)), ...kind })),
        ...foreign({}),
      },
    };
    for (const [what, form] of Object.entries(ways)) await attempt(what, exchange(server, form));
    const issued = await twin(exchange(server, { ...ada, ...by(await agentToken(server)) }));
    assert.equal((claimsOf(tokenOf(issued)).act as Form).sub_profile, 'service ai_agent');
    await twin(exchange(server, { ...ada, ...foreign(kind) }));
  },
};
