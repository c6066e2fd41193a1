// Bodies and queries of the admin API with too little, too much, or unknown content.

import assert from 'node:assert/strict';
import { everythingIn } from '../../../support/harness.ts';
import type { Case, Trial } from '../../group.ts';
import { type AdminWorld, ANY, ENTRY } from './world.ts';

/** Bodies that create or change a client. Each is refused and changes nothing. */
async function tryEntries(
  { call, server }: AdminWorld,
  { attempt, twin }: Trial,
  bad: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Promise<void> {
  await call('POST /clients', { ...ENTRY, id: 'there' });
  const before = everythingIn(server).registered_clients;
  for (const [what, entry] of Object.entries(bad)) {
    const made = await attempt(what, call('POST /clients', { id: 'new', ...entry }));
    assert.ok((made.body.errors as unknown[]).length > 0, what);
    const { id: _id, ...rest } = entry;
    await attempt(`${what}, changed`, call('PUT /clients/there', rest, ANY));
  }
  assert.deepEqual(everythingIn(server).registered_clients, before);
  await twin(call('POST /clients', { ...ENTRY, id: 'new' }));
  await twin(call('PUT /clients/new', { ...ENTRY, scopes: ['read', 'write'] }, ANY));
  for (const id of ['new', 'there']) assert.equal((await call(`DELETE /clients/${id}`, undefined, ANY)).status, 204);
}

const without = (name: keyof typeof ENTRY): Record<string, unknown> => ({ ...ENTRY, [name]: undefined });

/** Unknown columns and invalid values. */
const PAGES = [
  'limit=1000000000',
  'limit=0',
  'limit=-1',
  'limit=1.5',
  'limit=x',
  'limit=',
  'limit=1&limit=2',
  'limit=9e99',
];
const CURSORS = [
  '',
  '!',
  'AAAA',
  "' or 1=1 --",
  '\u0000',
  Buffer.from('{"$gt":""}').toString('base64url'),
  '9'.repeat(300),
];
const UNKNOWN = ['sort=secret', 'order=time', 'fields=*', 'id[$ne]=', '__proto__=1', 'where=1=1', 'offset=1'];

export const bodies: Readonly<Record<string, Case<AdminWorld>>> = {
  A04: async (world, trial) => {
    await tryEntries(world, trial, {
      'auth absent': without('auth'),
      'grants absent': without('grants'),
      'audiences absent, with a grant that needs them': { ...without('audiences'), grants: ['authorization_code'] },
      'auth null': { ...ENTRY, auth: null },
      'grants null': { ...ENTRY, grants: null },
      'scopes null': { ...ENTRY, scopes: null },
      'audiences null': { ...ENTRY, audiences: null },
      'disabled null': { ...ENTRY, disabled: null },
      'no grants': { ...ENTRY, grants: [] },
      'auth by default': { ...ENTRY, auth: 'default' },
      'auth empty': { ...ENTRY, auth: '' },
      'disabled as text': { ...ENTRY, disabled: 'false' },
      'scopes as text': { ...ENTRY, scopes: 'read' },
      'scopes of any kind': { ...ENTRY, scopes: ['*', 1] },
      'a key without a key': { ...ENTRY, auth: 'private_key_jwt' },
      'an audience that is not there': { ...ENTRY, audiences: ['https://nowhere.example'] },
      'keys over http': { ...ENTRY, auth: 'private_key_jwt', jwksUri: 'http://keys.example/jwks' },
      'keys at a private address': { ...ENTRY, auth: 'private_key_jwt', jwksUri: 'https://169.254.169.254/jwks' },
      'redirects to anywhere': { ...ENTRY, grants: ['authorization_code'], redirectUris: ['*'] },
      nothing: {},
    });
    const { attempt } = trial;
    for (const body of [{}, { id: null }, { subject: '' }, { all: null }, { all: false }, { all: true, id: 'a' }])
      await attempt(`revoke ${JSON.stringify(body)}`, world.call('POST /revocations', body));
    for (const body of [{ alg: null }, { alg: 'none' }, { alg: 'HS256' }, { alg: 'RS256' }])
      await attempt(`rotate ${JSON.stringify(body)}`, world.call('POST /keys', body));
    // A client without scopes is granted none.
    const { body } = await world.call('POST /clients', { ...without('scopes'), id: 'bare' });
    const form = { grant_type: 'client_credentials', client_id: 'bare', client_secret: String(body.secret) };
    assert.equal((await world.server.token(form)).body.error, 'invalid_scope');
    await world.call('DELETE /clients/bare', undefined, ANY);
  },

  A06: async (world, trial) => {
    const members = {
      ...{ tenant: 'x', createdAt: 0, updatedAt: 0, source: 'file', revision: 1, isAdmin: true, admin: true },
      ...{ secretHash: 'x', secrets: ['x'], secret: { plain: 'mine' }, client_secret: 'mine', constructor: {} },
      ...{ rules: [], issuer: 'x', resource: 7, sub: 'x', role: 'operator', permissions: ['admin:write'] },
    };
    const more = Object.entries(members).map(([name, value]) => [name, { ...ENTRY, [name]: value }] as const);
    await tryEntries(world, trial, Object.fromEntries(more));
    const text = JSON.stringify({ ...ENTRY, id: 'new' });
    await trial.attempt('__proto__', world.call('POST /clients', text.replace('{', '{"__proto__":{"disabled":true},')));
    await trial.attempt('the id of a client', world.call('PUT /clients/agent', { ...ENTRY, id: 'operator' }, ANY));
    for (const body of ['{"id":"a","id":"b"}', '[]', '"x"', '{', '']) {
      const answer = await world.call('POST /clients', body);
      assert.equal(answer.status, 400, `${body} is not a JSON object`);
    }
    const typed = await world.call('POST /clients', text, { 'content-type': 'text/plain' });
    assert.equal(typed.status, 400);
    assert.equal((await world.call('GET /clients/new')).status, 404);
  },

  A08: async (world, { attempt, twin }) => {
    const { call } = world;
    for (const list of ['clients', 'resources', 'issuers', 'rules', 'audit', 'configurations']) {
      for (const query of [...PAGES, ...UNKNOWN, ...CURSORS.map((one) => `cursor=${encodeURIComponent(one)}`)])
        await attempt(`${list}?${query}`, call(`GET /${list}?${query}`));
      await twin(call(`GET /${list}?limit=200`));
    }
    for (const query of ['limit=1', 'cursor=MQ', 'sort=kid'])
      await attempt(`keys?${query}`, call(`GET /keys?${query}`));
    for (const query of ['since=1', 'since=yesterday', 'until=-1', 'subject=', 'subject=a%00b', 'client=a&client=b'])
      await attempt(`audit?${query}`, call(`GET /audit?${query}`));
    await attempt('a row by no id', call('GET /audit/%00'));
    // SQL and LIKE syntax is plain text here, and matches nothing.
    const rows = async (query: string): Promise<number> =>
      ((await call(`GET /audit?${query}`)).body.items as unknown[]).length;
    for (const text of [
      "%' or 1=1 --",
      "' union select * from secrets --",
      '%',
      '_______',
      'operato_',
      'OPERATOR',
      '*',
    ]) {
      for (const name of ['subject', 'actor', 'issuer', 'client', 'audience', 'outcome', 'reason', 'rule', 'request'])
        assert.equal(await rows(`${name}=${encodeURIComponent(text)}`), 0, `${name}=${text}`);
    }
    assert.ok((await rows('client=operator&limit=1')) > 0);
    const ids: unknown[] = [];
    for (let next: unknown = ''; next !== undefined; ) {
      const { body } = await twin(call(`GET /clients?limit=2${next === '' ? '' : `&cursor=${next}`}`));
      ids.push(...(body.items as { id: string }[]).map(({ id }) => id));
      next = body.next;
    }
    assert.deepEqual(ids, ['agent', 'auditor', 'gateway', 'operator', 'stranger'], 'page by page, each once');
  },

  A33: async ({ server, call }, { attempt, twin }) => {
    const audiences = Array.from(
      { length: 240 },
      (_, index) => `audience=${encodeURIComponent('a:'.repeat(120) + index)}`,
    );
    const { headers } = await server.post(
      '/oauth/token',
      `grant_type=client_credentials&client_id=stranger&client_secret=stranger-secret&${audiences.join('&')}`,
    );
    const row = `request=${headers.get('x-request-id')}`;
    for (const id of [`${'a:'.repeat(100)}b`, `${'a'.repeat(64)}b`, '"a', '%a', 'a\\', 'a b'])
      await attempt(`token=${id.slice(0, 20)}`, call(`GET /audit?${row}&token=${encodeURIComponent(id)}`));
    const few = Array.from({ length: 16 }, (_, index) => 'a'.repeat(40) + index);
    await attempt('17 ids', call(`GET /audit?${row}&token=${[...few, 'b'].join(',')}`));
    const none = await twin(call(`GET /audit?${row}&token=${few.join(',')}`));
    assert.deepEqual(none.body.items, [], 'no part of a text matches');
    assert.equal(((await twin(call(`GET /audit?${row}`))).body.items as unknown[]).length, 1, 'the row is there');
  },
};
