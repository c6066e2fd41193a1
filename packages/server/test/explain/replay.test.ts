// Recorded exchanges, evaluated again with a changed file: `cambio audit export` and `cambio check --against`.
import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AuditEvent } from '../../src/audit/event.ts';
import { eventOf } from '../../src/audit/row.ts';
import {
  API,
  acting,
  assertIssued,
  BACKEND,
  configuration,
  exchange,
  forgedToken,
  gateway,
  named,
  subjectToken,
  withRules,
} from '../support/basics.ts';
import { beside, type Outcome } from '../support/command.ts';
import { type Configuration, changed, type Entry, edited, yamlOf } from '../support/configuration.ts';
import {
  type Answer,
  claimsOf,
  everythingIn,
  type Form,
  start,
  type TestServer,
  type,
  writtenIn,
} from '../support/harness.ts';
import { entry, startIssuer, trusting } from '../support/issuer.ts';
import { eventually } from '../support/node.ts';

const patient = { timeout: 120_000 };
const CLIENT = 'client: gateway, actor: { clients: [agent] }';
const OPEN = {
  name: 'open',
  client: 'gateway',
  actor: { clients: ['agent'] },
  grant: { audiences: [API, BACKEND], scopes: ['read', 'write'], types: ['access_token', 'jwt'] },
};
const openWith = (changes: Configuration): Configuration => changed(OPEN, changes);

const idOf = (answer: Answer): string => answer.headers.get('x-request-id') ?? '';

/** Runs `check --against` with all rows of the server and a file with these rules. */
async function against(t: TestContext, server: TestServer, source: Configuration): Promise<Outcome> {
  const export_ = join(server.folder, 'audit.jsonl');
  const rows = everythingIn(server).audit as { event: string; personal: string }[];
  writeFileSync(export_, rows.map((row) => `${JSON.stringify(eventOf(row))}\n`).join(''));
  writeFileSync(join(server.folder, 'cambio.yaml'), yamlOf(source));
  const outcome = await beside(t, server, ['check', '--against', export_]);
  return { ...outcome, stdout: outcome.stdout.split('\n').slice(1).join('\n') };
}

/** Reads the changes: [request id, was, now]. */
const changes = ({ stdout }: Outcome): readonly (readonly string[])[] =>
  [...stdout.matchAll(/^\S+Z (\S+): .*\n {2}was (.*)\n {2}now (.*)$/gm)].map(([, id = '', was = '', now = '']) => [
    id,
    was,
    now,
  ]);

test('audit export prints every row as a line of JSON, oldest first, and changes nothing', patient, async (t) => {
  const server = await start(t, configuration);
  const answers: Answer[] = [];
  for (const form of [{}, { audience: BACKEND }, { scope: 'admin' }, { subject_token: 'x.y.z' }]) {
    answers.push(await exchange(server, form));
  }
  const before = writtenIn(server);
  const { code, stdout, stderr } = await beside(t, server, ['audit export']);
  assert.deepEqual([code, stderr], [0, '']);
  const rows: AuditEvent[] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event !== undefined)
    .map(eventOf);
  assert.deepEqual(
    rows.map(({ requestId }) => requestId).filter((id) => answers.map(idOf).includes(id)),
    answers.map(idOf),
  );
  assert.deepEqual(rows.map((row) => row.requestId).length, (before.audit ?? []).length);
  for (const answer of answers) {
    assert.deepEqual(
      rows.find(({ requestId }) => requestId === idOf(answer)),
      server.audit(answer),
    );
  }
  assert.deepEqual(writtenIn(server), before);
});

test(
  'check --against exits with 0 if no decision would change, and otherwise lists each and exits with 1',
  patient,
  async (t) => {
    const server = await start(t, withRules(OPEN));
    const reads = await exchange(server, { scope: 'read' });
    const writes = await exchange(server, { scope: 'write' });
    const refused = await exchange(server, { scope: 'admin' });
    const exported = await beside(t, server, ['audit export']);
    writeFileSync(join(server.folder, 'audit.jsonl'), exported.stdout);
    const [same, byInput] = await Promise.all([
      beside(t, server, ['check', '--against', join(server.folder, 'audit.jsonl')]),
      beside(t, server, ['check', '--against', '-'], { input: exported.stdout }),
    ]);
    assert.deepEqual(same, byInput);
    assert.deepEqual([same.code, same.stderr], [0, '']);
    assert.match(same.stdout, /\n0 of 3 recorded decisions would change\n3 other rows, which no rule decided\n$/);
    const narrower = withRules(openWith({ grant: { scopes: ['read'] } }));
    writeFileSync(join(server.folder, 'cambio.yaml'), yamlOf(narrower));
    const after = await beside(t, server, ['check', '--against', join(server.folder, 'audit.jsonl')]);
    assert.deepEqual([after.code, after.stderr], [1, '']);
    assert.deepEqual(changes(after), [
      [
        idOf(writes),
        `allowed by “open”: the scope “write” at ${API} for 1 h`,
        'refused (scope_exceeded): more scope was requested than subject, client, rule and targets all allow',
      ],
    ]);
    assert.match(after.stdout, new RegExp(`Z ${idOf(writes)}: gateway for gateway\n`));
    assert.match(after.stdout, /\n1 of 3 recorded decisions would change\n/);
    const file = join(server.folder, 'audit.jsonl');
    const forPrograms = await beside(t, server, ['check', '--against', file, '--output', 'json']);
    assert.equal(forPrograms.code, 1);
    assert.deepEqual(
      JSON.parse(forPrograms.stdout).map(({ requestId, client }: Record<string, unknown>) => [requestId, client]),
      [[idOf(writes), 'gateway']],
    );
    assertIssued(server, reads);
    assert.equal(refused.status, 400);
  },
);

test('a different scope, target, lifetime, actor or verdict is a change, and a different name of a rule is not', async (t) => {
  const server = await start(t, changed(withRules(OPEN), named('ada')));
  const answer = await exchange(server, { subject_token: await forgedToken(server, { sub: 'ada' }) });
  const delegated = await exchange(server, { ...(await acting(server)), audience: BACKEND });
  const refused = await exchange(server, { audience: 'https://private.example' });
  const before = `allowed by “open”: the scope “read write” at ${API} for 1 h`;
  const changesBy = async (...rules: readonly Entry[]): Promise<unknown> =>
    changes(await against(t, server, withRules(...rules)));
  assert.deepEqual(await changesBy(OPEN), []);
  assert.deepEqual(await changesBy(openWith({ name: 'renamed' })), []);
  assert.deepEqual(await changesBy(openWith({ grant: { scopes: ['write', 'read'] } })), []);
  assert.deepEqual(
    await changesBy(`{ name: first, ${CLIENT}, grant: { audiences: [${API}], scopes: [read] } }`, OPEN),
    [[idOf(answer), before, `allowed by “first”: the scope “read” at ${API} for 1 h`]],
  );
  assert.deepEqual(await changesBy(openWith({ grant: { lifetime: '20m' } })), [
    [idOf(answer), before, `allowed by “open”: the scope “read write” at ${API} for 20 min`],
  ]);
  assert.deepEqual(await changesBy(openWith({ grant: { audiences: [BACKEND, API] } })), [
    [idOf(answer), before, `allowed by “open”: the scope “read” at ${BACKEND} for 10 min`],
  ]);
  assert.deepEqual(await changesBy(openWith({ act: 'client' })), [
    [idOf(answer), before, `${before}; gateway acts for ada`],
  ]);
  assert.deepEqual(await changesBy(openWith({ actor: { clients: undefined, forbidden: true } })), [
    [
      idOf(delegated),
      `allowed by “open”: the scope “read” at ${BACKEND} for 10 min; agent acts for gateway`,
      'refused (no_rule_for_actor): rules match the client and the subject, but none the actor',
    ],
  ]);
  assert.deepEqual(await changesBy(openWith({ grant: { audiences: [API, BACKEND, 'https://private.example'] } })), [
    [
      idOf(refused),
      'refused (target_not_granted): rules match client, subject and actor, but none grants this target',
      'allowed by “open”: the scope “read” at https://private.example for 1 h',
    ],
  ]);
});

test('a client that is removed, disabled or without the grant is refused under any rules', async (t) => {
  const server = await start(t, withRules(OPEN));
  await exchange(server);
  const now = async (changesOfGateway: Configuration): Promise<string | undefined> => {
    const source = changed(withRules(OPEN), { clients: edited('gateway', changesOfGateway) });
    return changes(await against(t, server, source))[0]?.[2];
  };
  assert.match(String(await now({ id: 'other' })), /^refused \(client_unknown\)/);
  assert.match(String(await now({ disabled: true })), /^refused \(client_disabled\)/);
  assert.match(String(await now({ grants: ['client_credentials'] })), /^refused \(grant_not_allowed\)/);
  assert.equal(await now({}), undefined);
});

test('evaluates conditions again with the recorded claims, with any name and at any depth', async (t) => {
  const rule = (when: string): Configuration =>
    withRules(`{ name: r, ${CLIENT}, when: '${when}', grant: { audiences: [${API}], scopes: [read] } }`);
  const paths = [
    'subject.claims.tenant == "a"',
    'subject.claims.org.unit.id == 7',
    'subject.claims["https://example.com/t"] == "x"',
    '"dev" in subject.claims.groups',
    'actor.claims.level > 2',
    'subject.claims.org == {"unit": {"id": 7}}',
    'chain[0].sub == "agent" && client.id == "gateway" && request.scope == ["read"] && subject.aud == ["https://api.example"]',
  ];
  const server = await start(t, rule(paths.join(' && ')));
  const claims = { tenant: 'a', org: { unit: { id: 7 } }, 'https://example.com/t': 'x', groups: ['ops', 'dev'] };
  const form = {
    subject_token: await forgedToken(server, claims),
    ...(await acting(server, { level: 3 })),
    scope: 'read',
  };
  const answer = await exchange(server, form);
  assertIssued(server, answer);
  for (const path of paths) assert.deepEqual(changes(await against(t, server, rule(path))), [], path);
  for (const [index, other] of [
    'subject.claims.tenant == "b"',
    'subject.claims.org.unit.id == 8',
    'subject.claims["https://example.com/t"] == "y"',
    '"root" in subject.claims.groups',
    'actor.claims.level > 3',
    undefined,
    'chain[0].sub == "tool"',
  ].entries()) {
    if (other === undefined) continue;
    const [change] = changes(await against(t, server, rule(paths.with(index, other).join(' && '))));
    assert.equal(change?.[0], idOf(answer), other);
    assert.match(String(change?.[2]), /^refused \(no_rule_for_actor\)/);
  }
});

test('names a claim that was not recorded if a decision would change, and compares no decision with a redacted one', async (t) => {
  const rule = (when: string): Configuration =>
    withRules(`{ name: r, ${CLIENT}, when: '${when}', grant: { audiences: [${API}], scopes: [read] } }`);
  const server = await start(t, rule('has(subject.claims.tenant)'));
  const answer = await exchange(server, { subject_token: await forgedToken(server, { tenant: 'a', team: 'x' }) });
  assertIssued(server, answer);
  const outcome = await against(t, server, rule('subject.claims.team == "x"'));
  assert.equal(changes(outcome)[0]?.[0], idOf(answer));
  assert.match(outcome.stdout, /\n {2}the rules read subject\.claims\.team, which was not recorded or not there\n/);
  const long = await start(t, rule('has(subject.claims.tenant)'));
  assertIssued(long, await exchange(long, { subject_token: await forgedToken(long, { tenant: 'x'.repeat(300) }) }));
  const withheld = await against(t, long, rule('subject.claims.tenant == "a"'));
  assert.deepEqual([withheld.code, changes(withheld)], [0, []]);
  assert.match(
    withheld.stdout,
    /^0 of 0 recorded decisions would change\n1 decision cannot be compared: what the rules read was not recorded\n/m,
  );
});

test('counts rows that no rule decided: other grants, invalid tokens, replayed tokens, failed client authentication', async (t) => {
  const idp = await startIssuer(t);
  const rule = `{ name: r, client: gateway, subject: { issuer: [self, idp] }, grant: { audiences: [${API}], scopes: [read] } }`;
  const yaml = trusting(entry(idp, { reuse: 'never' }), [rule]);
  const server = await start(t, yaml);
  const once: Form = { subject_token: idp.sign(), subject_token_type: type('jwt') };
  const first = await exchange(server, once);
  assertIssued(server, first);
  const counted = [
    await exchange(server, once),
    await server.token({ grant_type: 'client_credentials', ...gateway }),
    await exchange(server, { ...once, subject_token: 'x.y.z' }),
    await exchange(server, { ...once, client_secret: 'wrong' }),
    await exchange(server, { ...once, subject_token: idp.sign({ may_act: { sub: 'nobody' } }) }),
  ];
  assert.deepEqual(
    counted.map(({ status }) => status),
    [400, 200, 400, 401, 400],
  );
  const outcome = await against(t, server, yaml);
  assert.deepEqual(
    [outcome.code, outcome.stdout],
    [0, '0 of 1 recorded decisions would change\n5 other rows, which no rule decided\n'],
  );
  const closed = await against(t, server, trusting(entry(idp, { reuse: 'never' }), []));
  assert.deepEqual(
    changes(closed).map(([id]) => id),
    [idOf(first)],
  );
});

test('counts refusals by limits and suspensions among the rows that no rule decided', async (t) => {
  const limited = changed(withRules(OPEN), { clients: edited('gateway', { limits: { perMinute: 1 } }) });
  const server = await start(t, limited);
  const token = await subjectToken(server);
  assertIssued(server, await exchange(server, { subject_token: token }));
  assert.equal((await exchange(server, { subject_token: token })).status, 429);
  assert.equal((await beside(t, server, ['actors suspend', 'gateway'])).code, 0);
  await eventually(
    async () => await exchange(server, { subject_token: token }),
    ({ status }) => status === 400,
  );
  const outcome = await against(t, server, limited);
  assert.deepEqual([outcome.code, outcome.stderr], [0, '']);
  assert.match(outcome.stdout, /^0 of 1 recorded decisions would change\n\d+ other rows, which no rule decided\n$/);
});

test('replays foreign subjects, refresh tokens and a required acr as recorded', async (t) => {
  const idp = await startIssuer(t);
  const rules = (acr: string): Configuration =>
    changed(
      trusting(entry(idp), [
        `{ name: r, client: gateway, subject: { issuer: [idp], types: [jwt] }, actor: { issuer: [idp] }, grant: { audiences: [${API}], scopes: [read], types: [access_token, refresh_token] } }`,
      ]),
      {
        clients: edited('gateway', { grants: ['client_credentials', 'token_exchange', 'refresh_token'] }),
        resources: edited(API, { requiredAcr: acr }),
      },
    );
  const server = await start(t, rules('gold'));
  const form = { subject_token_type: type('jwt'), actor_token_type: type('jwt') };
  const subject_token = idp.sign({ acr: 'gold', act: { sub: 'tool' } });
  const answer = await exchange(server, { ...form, subject_token, actor_token: idp.sign({ sub: 'agent' }) });
  assertIssued(server, answer);
  const refreshing = await exchange(server, {
    subject_token,
    subject_token_type: type('jwt'),
    requested_token_type: type('refresh_token'),
  });
  assertIssued(server, refreshing);
  assert.deepEqual(changes(await against(t, server, rules('gold'))), []);
  const stricter = changes(await against(t, server, rules('platinum')));
  assert.deepEqual(
    stricter.map(([id]) => id),
    [idOf(answer), idOf(refreshing)],
  );
  assert.match(
    String(stricter[0]?.[1]),
    new RegExp(`agent of ${idp.url} acts for ada; before that acted tool of ${idp.url}$`),
  );
  assert.match(String(stricter[0]?.[2]), /^refused \(target_needs_acr\)/);
  assert.match(String(stricter[1]?.[1]), /^allowed by “r”: the scope “read” at .* for 1 d; tool of .* acts for ada$/);
  assert.equal(claimsOf(answer.body.access_token).acr, 'gold');
});

test('refuses a file that is not an audit export, names the line, and exits with 1', patient, async (t) => {
  const server = await start(t, configuration);
  await subjectToken(server);
  const file = join(server.folder, 'audit.jsonl');
  const { stdout } = await beside(t, server, ['audit export']);
  const number = stdout.split('\n').length + 1;
  for (const line of ['null', '{"event":"{"}', Buffer.from('{"time":1,"client":"\xff"}', 'latin1')]) {
    writeFileSync(file, stdout);
    appendFileSync(file, Buffer.concat([Buffer.from('\n'), Buffer.from(line), Buffer.from('\n')]));
    const bad = await beside(t, server, ['check', '--against', file]);
    const fault = 'not an audit row. audit search --output json and audit export print such rows';
    assert.deepEqual([bad.code, bad.stderr], [1, `cambio: ${file}:${number}: ${fault}\n`]);
  }
  const missing = await beside(t, server, ['check', '--against', join(server.folder, 'nowhere.jsonl')]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^cambio: .*nowhere\.jsonl/);
  writeFileSync(file, stdout);
  assert.equal((await beside(t, server, ['check', '--against', file])).code, 0);
});

test('replays a claim that the token only referred to, and describes a decision that becomes possible', async (t) => {
  const rule = (when: string): Configuration =>
    withRules(`{ name: r, ${CLIENT}, when: '${when}', grant: { audiences: [${API}], scopes: [read] } }`);
  const server = await start(t, rule('!("contractors" in subject.claims.groups)'));
  const claims = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.example' } } };
  const answer = await exchange(server, { subject_token: await forgedToken(server, claims) });
  assert.equal(server.audit(answer)?.reason, 'subject_claims_elsewhere');
  assert.deepEqual(changes(await against(t, server, rule('!("staff" in subject.claims.groups)'))), []);
  const [change] = changes(await against(t, server, rule('now > 1')));
  assert.match(
    String(change?.[1]),
    /^refused \(subject_claims_elsewhere\): the rules read a claim that the subject token/,
  );
  assert.match(String(change?.[2]), /^allowed by “r”/);
});
