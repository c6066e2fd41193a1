// Secrets: their encoding in a request, their owner, and the limit on guesses.
import assert from 'node:assert/strict';
import { exchange, withoutRequestId } from '../../../support/basics.ts';
import { encode } from '../../../support/harness.ts';
import type { Case } from '../../group.ts';
import { AGENT, basicHeader, gateway, SECRET, stranger, type World } from './world.ts';

const formEncode = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+');
const GUESSES = 5000;
const WRONG = { grant_type: 'client_credentials', client_secret: 'wrong' };

export const secrets = {
  C04: async ({ server, ask, basic }, { attempt, twin }) => {
    const unreadable = ['Basic', 'Basic !!!!', 'Basic YWdlbnQ', 'Basic YWdlbnQ6YWdlbnQtc2VjcmV0=', 'x', AGENT];
    const strange = ['Digest username="agent"', `Basic ${btoa(AGENT)}, Basic x`, `Basic ${btoa(':agent-secret')}`];
    const nul = [`Basic ${btoa('agent\0:agent-secret')}`, `Basic ${btoa('agent:agent-secret\0')}`];
    for (const authorization of [...unreadable, ...strange, ...nul]) {
      const answer = await attempt(authorization, ask({}, { authorization }));
      assert.equal(answer.status, 401);
      assert.match(server.audit(answer)?.reason ?? '', /^client_(authentication_malformed|credentials)$/);
    }
    for (const pair of ['agent:', 'agent:agent-secret:', 'agent::agent-secret', 'agent:agent-secret\n', 'agent']) {
      assert.equal((await attempt(pair, basic(pair))).status, 401);
    }
    assert.equal((await attempt('10 KiB', basic(`agent:${'x'.repeat(10_000)}`))).status, 401);
    assert.equal((await attempt('64 KiB', basic(`agent:${'x'.repeat(49_152)}`))).status, 431);
    await twin(basic(AGENT));
  },

  C05: async ({ basic }, { attempt, twin }) => {
    const id = 'a:b c+%';
    for (const pair of [
      `plain:${formEncode(formEncode(SECRET))}`,
      `plain:${SECRET.replaceAll(' ', '+')}`,
      `plain:${SECRET.replaceAll(':', '%3A')}`,
      `plain:${formEncode(SECRET)}%`,
      `plain:${decodeURIComponent(SECRET)}`,
      `${formEncode(formEncode(id))}:${formEncode(SECRET)}`,
      `${id}:${SECRET}`,
    ]) {
      await attempt(pair, basic(pair));
    }
    for (const pair of [
      `plain:${SECRET}`,
      `plain:${formEncode(SECRET)}`,
      `plain:${encodeURIComponent(SECRET)}`,
      `${formEncode(id)}:${formEncode(SECRET)}`,
      `${encodeURIComponent(id).toLowerCase()}:${SECRET}`,
    ]) {
      await twin(basic(pair));
    }
  },

  C06: async ({ server, basic }, { attempt, twin }) => {
    for (const client_id of ['gateway', 'agent ', 'Agent', 'nobody']) {
      const answer = await attempt(client_id, basic(AGENT, { client_id }));
      assert.equal(server.audit(answer)?.reason, 'client_id_mismatch');
    }
    for (const client_secret of ['agent-secret', 'wrong']) {
      const answer = await attempt('in two ways', basic(AGENT, { client_id: 'agent', client_secret }));
      assert.equal(server.audit(answer)?.reason, 'client_authentication_doubled');
    }
    const wrong = await basic('agent:wrong', { client_id: 'gateway' });
    assert.equal(wrong.status, 401, 'who does not authenticate learns nothing of the mismatch');
    await twin(basic(AGENT, { client_id: 'agent' }));
  },

  C33: async ({ server, ask, basic }, { attempt, twin }) => {
    const form = { client_id: 'both', client_secret: 'both-secret' };
    for (const [pair, secret] of [
      ['both:both-secret', 'both-secret'],
      ['both:both-secret', 'wrong'],
      ['both:wrong', 'both-secret'],
      [AGENT, 'both-secret'],
    ] as const) {
      const answer = await attempt(`${pair} and ${secret}`, basic(pair, { ...form, client_secret: secret }));
      assert.equal(server.audit(answer)?.reason, 'client_authentication_doubled');
    }
    await twin(basic('both:both-secret', { client_id: 'both' }));
    await twin(ask(form));
  },

  C19: async ({ server }, { attempt, twin }) => {
    const answer = await attempt('token exchange', exchange(server, stranger));
    assert.deepEqual([server.audit(answer)?.reason, server.audit(answer)?.issued], ['grant_not_allowed', undefined]);
    await twin(exchange(server, gateway));
  },

  C22: async ({ server, elsewhere, ask }, { attempt, twin }) => {
    const from = { 'x-forwarded-for': '203.0.113.9' };
    const guess = encode({ grant_type: 'client_credentials', client_id: 'gateway', client_secret: 'wrong' });
    const lines = ['POST /oauth/token HTTP/1.1', 'Host: x', 'X-Forwarded-For: 203.0.113.9'];
    const form = ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${guess.length}`];
    const one = (...more: readonly string[]): string => `${[...lines, ...more, ...form].join('\r\n')}\r\n\r\n${guess}`;
    const first = Array.from({ length: 20 }, () => ask({ ...gateway, client_secret: 'wrong' }, from));
    for (const answer of first) assert.equal((await attempt('a wrong one', answer)).status, 401);
    const statuses: string[] = [];
    for (let sent = 20; sent < GUESSES; sent += 100) {
      const many = Math.min(100, GUESSES - sent);
      const answers = await server.raw(one().repeat(many - 1) + one('Connection: close'));
      statuses.push(...(answers.match(/HTTP\/1\.1 \d+/g) ?? []));
    }
    assert.deepEqual([statuses.length, [...new Set(statuses)]], [GUESSES - 20, ['HTTP/1.1 429']]);
    for (let i = 0; i < 20; i++) await ask({ client_id: 'nobody', client_secret: 'wrong' }, from);
    const unknown = await attempt('for an unknown client', ask({ client_id: 'nobody', client_secret: 'wrong' }, from));
    const locked = await attempt('then the right one', ask(gateway, from));
    assert.deepEqual([locked.status, locked.headers.get('retry-after') !== null], [429, true]);
    assert.deepEqual(
      [unknown.status, withoutRequestId(unknown)],
      [429, withoutRequestId(locked)],
      'unknown clients alike',
    );
    await attempt('a wrong one, from elsewhere', ask({ ...gateway, client_secret: 'wrong' }));
    // A caller that is not a proxy cannot name an address.
    const named = (n: number) => ({ 'x-forwarded-for': `203.0.113.${n}` });
    const guesses = Array.from({ length: 21 }, (_, n) => elsewhere.token({ ...WRONG, client_id: 'agent' }, named(n)));
    for (const answer of guesses) await attempt('under many names', answer);
    assert.equal((await guesses[20])?.status, 429);
    const spoofed = await twin(ask(gateway, { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' }));
    assert.equal(
      server.audit(spoofed)?.address,
      '198.51.100.7',
      'the last is the proxy’s word, the others the caller’s',
    );
    await twin(ask(stranger, from));
    await twin(ask({}, { ...basicHeader(AGENT), ...from }));
    server.clock.now += 60_000;
    await twin(ask(gateway, from));
  },
} as const satisfies Readonly<Record<string, Case<World>>>;
