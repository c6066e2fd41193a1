// The tests of rules (`tests:`), and the messages of `cambio check` about those that fail.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { API, assertIssued, BACKEND, client, exchange, textBeforeRules, withRules } from '../support/basics.ts';
import { cambio } from '../support/command.ts';
import { added, type Configuration, changed, edited, entries, yamlOf } from '../support/configuration.ts';
import { start } from '../support/harness.ts';
import { temporaryFolder } from '../support/program.ts';
import { idp, pem, samlEntry } from '../support/saml-exchange.ts';

const environment = { ISSUER: 'https://login.example', PORT: '8080' };
const IDP = {
  issuer: 'https://idp.example',
  name: 'idp',
  accepts: ['jwt'],
  audiences: ['https://login.example'],
  subject: '"person:" + claims.sub',
  claims: { email: 'claims.email' },
};

/** A file with one rule that has these tests, each a line of YAML. */
const file = (rule: string, tests: readonly string[]): string =>
  yamlOf(changed(withRules(`{ name: r, ${rule}, tests: [${tests.join(', ')}] }`), { issuers: [IDP] }));

/** Returns the failures without their places, or the number of tests if none fails. */
async function examine(rule: string, ...tests: readonly string[]): Promise<number | readonly string[]> {
  const { examine: run } = await parseConfiguration(file(rule, tests), { file: 'cambio.yaml', environment });
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.faults
      .filter(({ severity }) => severity === 'fault')
      .map(({ path, message }) => `${path}: ${message}`);
  }
}

const OPEN = `client: gateway, subject: { issuer: [self, idp] }, actor: { clients: [agent] }, grant: { audiences: [${API}, ${BACKEND}], scopes: [read, write], types: [access_token, jwt], lifetime: 10m, claims: { tenant: subject.claims.tenant } }`;
const ADA = 'subject: { claims: { sub: ada } }';

test('a test expects a request to be allowed, to be allowed with claims, or to be refused for a reason', async () => {
  for (const good of [
    `{ ${ADA}, expect: allowed }`,
    `{ name: named, client: gateway, ${ADA}, expect: { allowed: { sub: ada, client_id: gateway, aud: '${API}' } } }`,
    `{ ${ADA}, audience: '${BACKEND}', scope: [read], expect: { allowed: { aud: '${BACKEND}', scope: read } } }`,
    `{ ${ADA}, audience: ['${API}', '${BACKEND}'], expect: { allowed: { aud: ['${API}', '${BACKEND}'], scope: read } } }`,
    `{ ${ADA}, resource: '${BACKEND}/api/x', expect: { allowed: { aud: '${BACKEND}' } } }`,
    `{ ${ADA}, actor: { client: agent, claims: { sub: agent } }, expect: { allowed: { act: { sub: agent } } } }`,
    `{ ${ADA}, expect: { allowed: { act: null, may_act: null, tenant: null } } }`,
    `{ subject: { claims: { sub: ada, act: { sub: tool } } }, expect: { allowed: { act: { sub: tool, iss: 'https://login.example' } } } }`,
    `{ subject: { claims: { sub: ada, tenant: a, acr: gold } }, expect: { allowed: { tenant: a, acr: gold } } }`,
    `{ subject: { issuer: idp, type: jwt, claims: { sub: ada, email: a@b.c } }, expect: { allowed: { sub: 'person:ada', email: a@b.c, sub_id: { iss: 'https://idp.example', sub: ada } } } }`,
    `{ subject: { issuer: 'https://idp.example', type: jwt, audiences: ['https://login.example'], claims: { sub: ada } }, expect: allowed }`,
    `{ subject: { type: jwt, claims: { sub: ada } }, expect: allowed }`,
    `{ ${ADA}, requestedType: jwt, expect: allowed }`,
    `{ ${ADA}, requestedType: refresh_token, expect: { refused: requested_token_type_not_granted } }`,
    `{ ${ADA}, scope: [admin], expect: { refused: scope_exceeded } }`,
    `{ subject: { scope: [read], claims: { sub: ada } }, scope: [write], expect: { refused: scope_exceeded } }`,
    `{ subject: { scope: [], claims: { sub: ada } }, expect: { refused: scope_empty } }`,
    `{ ${ADA}, audience: 'https://private.example', expect: { refused: target_not_granted } }`,
    `{ ${ADA}, audience: nothing, expect: { refused: target_unknown } }`,
    `{ ${ADA}, resource: nothing, expect: { refused: target_malformed } }`,
    `{ subject: { client: agent, claims: { sub: ada } }, expect: { refused: no_rule_for_subject } }`,
    `{ subject: { client: agent, audiences: [gateway], claims: { sub: ada } }, expect: allowed }`,
    `{ ${ADA}, actor: { client: stranger, claims: { sub: x } }, expect: { refused: no_rule_for_actor } }`,
    `{ ${ADA}, actor: { client: agent, claims: { sub: ada } }, expect: { refused: actor_is_subject } }`,
    `{ subject: { claims: { sub: ada, may_act: { sub: agent } } }, expect: { refused: may_act } }`,
    `{ subject: { claims: { sub: ada, may_act: { sub: agent } } }, actor: { client: agent, claims: { sub: agent } }, expect: allowed }`,
    `{ client: stranger, ${ADA}, expect: { refused: grant_not_allowed } }`,
    `{ client: nobody, ${ADA}, expect: { refused: client_unknown } }`,
  ]) {
    assert.equal(await examine(OPEN, good), 1, good);
  }
});

test('refuses a token in a test that would be refused as a real one, and names the token', async () => {
  for (const good of [
    `{ subject: { claims: { name: ada } }, expect: { refused: subject_token_claims } }`,
    `{ subject: { claims: { sub: ada, act: tool } }, expect: { refused: subject_token_claims } }`,
    `{ ${ADA}, actor: { client: agent, claims: { sub: agent, act: [] } }, expect: { refused: actor_token_claims } }`,
    `{ subject: { client: nobody, claims: { sub: ada } }, expect: { refused: subject_token_client_disabled } }`,
    `{ subject: { type: saml2, claims: { sub: ada } }, expect: { refused: subject_token_wrong_type } }`,
    `{ subject: { issuer: elsewhere, type: jwt, claims: { sub: ada } }, expect: { refused: subject_token_unknown_issuer } }`,
    `{ subject: { issuer: idp, type: id_token, claims: { sub: ada } }, expect: { refused: subject_token_not_accepted } }`,
    `{ subject: { issuer: idp, type: jwt, audiences: [elsewhere], claims: { sub: ada } }, expect: { refused: subject_token_audience } }`,
    `{ subject: { issuer: idp, type: jwt, claims: { sub: 7 } }, expect: { refused: subject_token_claims } }`,
  ]) {
    assert.equal(await examine(OPEN, good), 1, good);
  }
});

test('a test describes a SAML assertion by its NameID and attributes', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'idp.pem'), pem(idp));
  const rule = {
    name: 'r',
    client: 'gateway',
    subject: { issuer: 'idp', when: '"ops" in subject.claims.attributes.group' },
    grant: { audiences: [API], scopes: ['read'] },
  };
  const entry = samlEntry({ claims: '{ mail: "attributes.mail" }', accepts: '[saml2]' });
  const run = async (...tests: readonly string[]): Promise<number> => {
    const source = changed(withRules({ ...rule, tests: entries(tests) }), { issuers: [entry] });
    const { examine: runTests } = await parseConfiguration(yamlOf(source), {
      file: join(folder, 'cambio.yaml'),
      environment,
    });
    return runTests();
  };
  const subject = (claims: string, type = 'saml2'): string =>
    `subject: { issuer: idp, type: ${type}, claims: { ${claims} } }`;
  assert.equal(
    await run(
      `{ ${subject('nameId: ada, attributes: { group: [ops], mail: a@b.c }')}, expect: { allowed: { sub: 'idp:ada', mail: a@b.c, sub_id: { sub: ada } } } }`,
      `{ ${subject('nameId: ada, attributes: { group: [dev] }')}, expect: { refused: no_rule_for_subject } }`,
      `{ ${subject('nameId: ada')}, expect: { refused: no_rule_for_subject } }`,
      `{ ${subject('sub: ada')}, expect: { refused: subject_token_subject } }`,
      `{ ${subject('nameId: ada', 'saml1')}, expect: { refused: subject_token_not_accepted } }`,
    ),
    5,
  );
  const people = samlEntry({ subject: `'"user:" + attributes.mail'`, accepts: '[saml2]' });
  const named = changed(
    withRules({
      ...rule,
      tests: entries([
        `{ ${subject('attributes: { group: [ops], mail: a@b.c }')}, expect: { allowed: { sub: 'user:a@b.c' } } }`,
        `{ ${subject('attributes: { group: [ops] }')}, expect: { refused: subject_token_subject } }`,
      ]),
    }),
    { issuers: [people] },
  );
  const { examine } = await parseConfiguration(yamlOf(named), { file: join(folder, 'cambio.yaml'), environment });
  assert.equal(examine(), 2);
});

test('evaluates conditions with the claims of the test, at a fixed time', async () => {
  const rule = `client: gateway, when: 'subject.claims.level > 2 && now - subject.claims.iat < 60', grant: { audiences: [${API}], scopes: [read] }`;
  assert.equal(
    await examine(
      rule,
      '{ subject: { claims: { sub: ada, level: 3 } }, expect: allowed }',
      '{ subject: { claims: { sub: ada, level: 2 } }, expect: { refused: no_rule_for_subject } }',
      '{ subject: { claims: { sub: ada, level: 3, iat: 1 } }, expect: { refused: no_rule_for_subject } }',
      '{ subject: { claims: { sub: ada } }, expect: { refused: no_rule_for_subject } }',
    ),
    4,
  );
  const own = `client: gateway, when: 'subject.claims.scope == "read" && subject.claims.client_id == "gateway" && subject.aud == ["x"]', grant: { audiences: [${API}], scopes: [read] }`;
  assert.equal(
    await examine(own, '{ subject: { scope: [read], audiences: [x], claims: { sub: ada } }, expect: allowed }'),
    1,
  );
});

test('a failed test reports the expected and the actual result', async () => {
  assert.deepEqual(
    await examine(
      OPEN,
      `{ name: good, ${ADA}, expect: allowed }`,
      `{ name: too much, ${ADA}, scope: [admin], expect: allowed }`,
      `{ name: other reason, ${ADA}, scope: [admin], expect: { refused: scope_empty } }`,
      `{ name: not refused, ${ADA}, expect: { refused: scope_empty } }`,
      `{ name: other claim, ${ADA}, expect: { allowed: { sub: bob } } }`,
      `{ name: no claim, ${ADA}, expect: { allowed: { tenant: a } } }`,
      `{ name: a claim, ${ADA}, expect: { allowed: { sub: null } } }`,
      `{ name: half an actor, subject: { claims: { sub: ada, act: { sub: tool } } }, expect: { allowed: { act: { sub: agent } } } }`,
      `{ ${ADA}, audience: nothing, expect: allowed }`,
    ),
    [
      'rules[r].tests[too much]: this test fails: expected it to be allowed, but it is refused for scope_exceeded (more scope was requested than subject, client, rule and targets all allow).',
      'rules[r].tests[other reason]: this test fails: expected scope_empty, but it is refused for scope_exceeded (more scope was requested than subject, client, rule and targets all allow).',
      'rules[r].tests[not refused]: this test fails: expected scope_empty, but it is allowed by “r”.',
      'rules[r].tests[other claim]: this test fails: expected sub to be "bob", but it is "ada".',
      'rules[r].tests[no claim]: this test fails: expected tenant to be "a", but it is absent.',
      'rules[r].tests[a claim]: this test fails: expected sub to be absent, but it is "ada".',
      'rules[r].tests[half an actor]: this test fails: expected act to be {"sub":"agent"}, but it is {"sub":"tool","iss":"https://login.example"}.',
      'rules[r].tests[8]: this test fails: expected it to be allowed, but it is refused for target_unknown (an audience or resource is not registered).',
    ],
  );
});

const linesWith = (scope: string, expected: string): string => `rules:
  - name: r
    client: gateway
    grant: { audiences: [${API}], scopes: [read] }
    tests:
      - subject: { claims: { sub: ada } }
        expect: allowed
      - name: may write
        subject: { claims: { sub: ada } }
        scope: [${scope}]
        expect: allowed
  - name: s
    client: gateway
    grant: { audiences: [${BACKEND}], scopes: [read] }
    tests:
      - name: is for the backend
        subject: { claims: { sub: ada } }
        expect: ${expected}
`;

test('check runs the tests and prints each failure with its line, or the number of tests', {
  timeout: 120_000,
}, async (t) => {
  const folder = temporaryFolder(t);
  const [bad, good] = [join(folder, 'bad.yaml'), join(folder, 'good.yaml')];
  writeFileSync(bad, textBeforeRules + linesWith('write', `{ allowed: { aud: ${BACKEND} } }`));
  writeFileSync(good, textBeforeRules + linesWith('read', 'allowed'));
  const [failed, passed] = await Promise.all(
    [bad, good].map((one) => cambio(t, ['check', '--config', one], { env: environment })),
  );
  const at = (line: number): number => textBeforeRules.trimEnd().split('\n').length + line;
  assert.deepEqual([failed?.code, failed?.stdout], [1, '']);
  assert.deepEqual(
    failed?.stderr
      .replaceAll(/, but .*/g, '')
      .trimEnd()
      .split('\n'),
    [
      `${bad}:${at(8)}:9: rules[r].tests[may write]: this test fails: expected it to be allowed`,
      `${bad}:${at(16)}:9: rules[s].tests[is for the backend]: this test fails: expected aud to be "${BACKEND}"`,
      `${bad}: 2 faults`,
    ],
  );
  assert.deepEqual(passed, {
    code: 0,
    stdout: `${good}: good (3 clients, 3 resources, 2 rules, 3 tests passed)\n`,
    stderr: '',
  });
});

test('a server starts although a test fails', async (t) => {
  const failing = `{ client: gateway, grant: { audiences: [${API}], scopes: [read] }, tests: [{ ${ADA}, expect: { refused: scope_empty } }] }`;
  const server = await start(t, withRules(failing));
  assertIssued(server, await exchange(server));
});

test('the tests of a disabled client are left out, so that the file which disables it comes into force', async () => {
  const rule = `{ name: r, client: gateway, grant: { audiences: [${API}], scopes: [read] }, tests: [{ ${ADA}, expect: allowed }, { ${ADA}, expect: { refused: scope_empty } }] }`;
  const disabled = changed(withRules(rule), { clients: edited('gateway', { disabled: true }) });
  const read = await parseConfiguration(yamlOf(disabled), { file: 'cambio.yaml', environment });
  assert.equal(read.examine(), 0);
  assert.deepEqual(
    read.warnings.map(({ message }) => message),
    Array.from({ length: 2 }, () => 'this test is left out, because the client gateway is disabled.'),
  );
  read.testRules();
  const twin = await parseConfiguration(yamlOf(withRules(rule)), { file: 'cambio.yaml', environment });
  for (const run of [twin.examine, twin.testRules]) assert.throws(run, /this test fails: expected scope_empty/);
});

test('an invalid test is a fault of the file: unknown keys, unknown reasons, no expectation', async () => {
  for (const [bad, message] of [
    [`{ ${ADA}, expect: { refused: because } }`, /"because" is not a reason\. Write one of those in/],
    [`{ ${ADA}, expect: maybe }`, /"maybe" is not an expectation\. Write allowed, /],
    [`{ ${ADA} }`, /expect: is missing\. Write allowed, /],
    [`{ ${ADA}, expect: allowed, colour: blue }`, /colour: unknown key/],
    [`{ subject: { sub: ada }, expect: allowed }`, /subject\.(sub: unknown key|claims: is missing)/],
    [`{ subject: { type: paper, claims: {} }, expect: allowed }`, /type/],
  ] as const) {
    await assert.rejects(examine(OPEN, bad), message, bad);
  }
  assert.equal(await examine(OPEN, `{ ${ADA}, expect: allowed }`), 1);
});

test('a test may have a token that is bound to a key, and may prove a key', async () => {
  const [own, other] = ['k', 'o'].map((letter) => letter.repeat(43));
  const bound = `subject: { claims: { sub: ada, cnf: { jkt: ${own} } } }`;
  assert.equal(
    await examine(
      OPEN,
      `{ ${bound}, proves: { jkt: ${own} }, expect: { allowed: { cnf: { jkt: ${own} } } } }`,
      `{ ${bound}, proves: { jkt: ${other} }, expect: { refused: subject_token_bound } }`,
      `{ ${bound}, expect: { refused: subject_token_bound } }`,
      `{ ${ADA}, proves: { 'x5t#S256': ${own} }, expect: { allowed: { cnf: { 'x5t#S256': ${own} } } } }`,
      `{ ${ADA}, expect: { allowed: { cnf: null } } }`,
    ),
    5,
  );
});

test('a test may expect that a condition cannot be told', async () => {
  const rule = `client: gateway, subject: { when: '"dev" in subject.claims.groups' }, grant: { audiences: [${API}], scopes: [read] }`;
  const referring = 'subject: { claims: { sub: ada, hasgroups: true } }';
  assert.equal(await examine(rule, `{ ${referring}, expect: { refused: subject_claims_elsewhere } }`), 1);
  assert.deepEqual(await examine(rule, `{ ${referring}, expect: allowed }`), [
    'rules[r].tests[0]: this test fails: expected it to be allowed, but it is refused for subject_claims_elsewhere (the rules read a claim that the subject token only refers to (_claim_names, or a group overage), or that its assertion does not state as text).',
  ]);
  assert.equal(await examine(rule, `{ ${ADA}, expect: { refused: no_rule_for_subject } }`), 1);
});

test('a test may have a refresh token or an ID token of this server, which a rule accepts if it names the type', async () => {
  const rule = (types: string): string =>
    `client: gateway, subject: { issuer: self${types} }, grant: { audiences: [${API}], scopes: [read] }`;
  for (const type of ['id_token', 'refresh_token']) {
    const brought = `subject: { type: ${type}, claims: { sub: ada } }`;
    assert.equal(await examine(rule(''), `{ ${brought}, expect: { refused: no_rule_for_subject } }`), 1);
    assert.equal(await examine(rule(`, types: [${type}]`), `{ ${brought}, expect: allowed }`), 1);
  }
});

test('an assertion in a test has the checks of a real one: its client, its person, and its workload', async () => {
  const issuer = 'https://giver.example';
  const yaml = (type: string, claims: Configuration, expect: unknown): string => {
    const by = type === 'workload' ? { issuer: 'platform', client: 'jobs' } : { issuer: 'giver', client: 'wiki' };
    return yamlOf(
      changed(withRules('{ name: r }'), {
        issuers: [
          { issuer, name: 'giver', grants: { id_jag: {}, chaining_grant: {} } },
          { issuer: 'https://platform.example', name: 'platform', grants: { workload: {} } },
        ],
        clients: added(client('wiki', { grants: ['jwt_bearer'], audiences: undefined, scopes: ['read'] }), {
          id: 'jobs',
          auth: 'none',
          grants: ['jwt_bearer'],
          scopes: ['read'],
          workload: { issuer: 'platform', subjects: ['job-*'], claims: { stage: 'test' } },
        }),
        rules: entries([
          {
            name: 'r',
            client: by.client,
            subject: { issuer: by.issuer, types: [type] },
            grant: { audiences: [API], scopes: ['read'] },
            tests: [{ subject: { issuer: by.issuer, type, scope: ['read'], claims }, expect }],
          },
        ]),
      }),
    );
  };
  const ada = { sub: 'ada', resource: API };
  const subId = (sub: string) => ({ sub_id: { format: 'iss_sub', iss: issuer, sub } });
  for (const [type, claims, reason] of [
    ['id_jag', ada, undefined],
    ['id_jag', { ...ada, client_id: 'wiki', ...subId('ada') }, undefined],
    ['id_jag', { ...ada, client_id: 'gateway' }, 'assertion_client'],
    ['id_jag', { ...ada, tenant: 'a' }, 'assertion_claims'],
    ['chaining_grant', { sub: 'ada', ...subId('ada') }, undefined],
    ['chaining_grant', { sub: 'ada', ...subId('bob') }, 'assertion_subject'],
    ['chaining_grant', { sub: 'ada', client_id: 'gateway' }, 'assertion_client'],
    ['workload', { sub: 'job-7', stage: 'test' }, undefined],
    ['workload', { sub: 'job-7' }, 'assertion_client'],
    ['workload', { sub: 'else', stage: 'test' }, 'assertion_client'],
  ] as const) {
    const expect = reason === undefined ? 'allowed' : { refused: reason };
    const { examine: run } = await parseConfiguration(yaml(type, claims, expect), { file: 'cambio.yaml', environment });
    assert.equal(run(), 1, JSON.stringify([type, claims]));
  }
});
