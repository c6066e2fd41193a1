// Rules that can certainly never decide are reported with their line when the file is checked.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatFault } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { API, BACKEND, configuration, textBeforeRules } from '../support/basics.ts';
import { cambio } from '../support/command.ts';
import { changed, edited, yamlOf } from '../support/configuration.ts';
import { temporaryFolder } from '../support/program.ts';

const environment = { ISSUER: 'https://login.example', PORT: '8080' };
const GRANT = `grant: { audiences: [${API}], scopes: [read] }`;
const IDP = {
  issuer: 'https://idp.example',
  name: 'idp',
  accepts: ['jwt'],
  audiences: ['https://api.example'],
  grants: { id_jag: {}, chaining_grant: {} },
};
/** The client can exchange and redeem, so that only shadowing is warned of. */
const HEAD = yamlOf(
  changed(configuration, {
    rules: undefined,
    issuers: [IDP, { issuer: 'https://giver.example', name: 'giver', grants: { id_jag: {} } }],
    clients: edited('gateway', { grants: ['client_credentials', 'token_exchange', 'jwt_bearer'] }),
  }),
);

/** The line of the first rule. */
const FIRST = HEAD.split('\n').length + 1;

/** Returns the warnings of a file with these rules, without their places. */
async function warningsOf(...rules: readonly string[]): Promise<readonly string[]> {
  const yaml = `${HEAD}rules:${rules.map((rule) => `\n  - ${rule}`).join('')}\n`;
  const { warnings } = await parseConfiguration(yaml, { file: 'cambio.yaml', environment });
  return warnings.map((fault) => formatFault('cambio.yaml', fault));
}

const shadows = async (one: string, other: string): Promise<boolean> => {
  const warnings = await warningsOf(
    `{ name: one, client: gateway, ${one} }`,
    `{ name: other, client: gateway, ${other} }`,
  );
  if (warnings.length === 0) return false;
  assert.deepEqual(warnings, [
    `cambio.yaml:${FIRST + 1}:5: warning: rules[other]: this rule can never decide, because “one” always matches first. Move it before that rule, or remove it.`,
  ]);
  return true;
};

test('warns of a rule after another that always matches first', async () => {
  const both = `grant: { audiences: [${API}, ${BACKEND}], scopes: [read] }`;
  for (const [one, other] of [
    [GRANT, GRANT],
    [both, GRANT],
    [GRANT, `grant: { audiences: [${API}], scopes: [write], types: [jwt], lifetime: 1m }`],
    [GRANT, `subject: { types: [access_token] }, ${GRANT}`],
    [GRANT, `subject: { issuer: self }, ${GRANT}`],
    [GRANT, `subject: { when: 'subject.claims.a == 1' }, ${GRANT}`],
    [GRANT, `when: 'now > 1', ${GRANT}`],
    [GRANT, `actor: { forbidden: true }, ${GRANT}`],
    [GRANT, `actor: { required: true }, ${GRANT}`],
    [GRANT, `mode: audit, ${GRANT}`],
    [GRANT, `act: client, ${GRANT}`],
    [`subject: { clients: [gateway, agent] }, ${GRANT}`, `subject: { clients: [agent] }, ${GRANT}`],
    [`subject: { issuer: [self, idp] }, ${GRANT}`, `subject: { issuer: idp }, ${GRANT}`],
    [`subject: { issuer: [idp, self] }, ${GRANT}`, `subject: { issuer: https://idp.example }, ${GRANT}`],
    [`actor: { clients: [agent, stranger] }, ${GRANT}`, `actor: { required: true, clients: [agent] }, ${GRANT}`],
    [`actor: { clients: [agent], delegated: allow }, ${GRANT}`, `actor: { clients: [agent] }, ${GRANT}`],
    [`actor: { required: true, clients: [agent] }, ${GRANT}`, `actor: { required: true, clients: [agent] }, ${GRANT}`],
    [`actor: { forbidden: true }, ${GRANT}`, `actor: { forbidden: true, clients: [agent] }, ${GRANT}`],
  ] as const) {
    assert.equal(await shadows(one, other), true, `${one}\n${other}`);
  }
});

test('does not warn of a rule that some request can reach', async () => {
  const backend = `grant: { audiences: [${BACKEND}], scopes: [read] }`;
  const both = `grant: { audiences: [${API}, ${BACKEND}], scopes: [read] }`;
  for (const [one, other] of [
    [GRANT, backend],
    [GRANT, both],
    [`mode: audit, ${GRANT}`, GRANT],
    [`when: 'now > 1', ${GRANT}`, GRANT],
    [`subject: { when: 'subject.claims.a == 1' }, ${GRANT}`, GRANT],
    [`subject: { when: 'subject.claims.a == 1' }, ${GRANT}`, `subject: { when: 'subject.claims.a == 1' }, ${GRANT}`],
    [`subject: { types: [access_token] }, ${GRANT}`, GRANT],
    [`subject: { types: [access_token] }, ${GRANT}`, `subject: { types: [access_token, refresh_token] }, ${GRANT}`],
    // Naming the origin of a token admits tokens that the other rule does not.
    [GRANT, `subject: { clients: [agent] }, ${GRANT}`],
    [GRANT, `subject: { issuer: idp }, ${GRANT}`],
    [`subject: { issuer: self }, ${GRANT}`, `subject: { clients: [agent] }, ${GRANT}`],
    [`subject: { issuer: self }, ${GRANT}`, `subject: { issuer: [self, idp] }, ${GRANT}`],
    [`subject: { clients: [agent] }, ${GRANT}`, `subject: { issuer: self }, ${GRANT}`],
    [`actor: { forbidden: true }, ${GRANT}`, GRANT],
    [`actor: { required: true, clients: [agent] }, ${GRANT}`, `actor: { clients: [agent] }, ${GRANT}`],
    [`actor: { clients: [agent] }, ${GRANT}`, GRANT],
    [GRANT, `actor: { clients: [agent] }, ${GRANT}`],
    [`actor: { clients: [agent] }, ${GRANT}`, `actor: { clients: [agent], delegated: allow }, ${GRANT}`],
    [`actor: { clients: [agent], when: 'actor.claims.a == 1' }, ${GRANT}`, `actor: { clients: [agent] }, ${GRANT}`],
  ] as const) {
    assert.equal(await shadows(one, other), false, `${one}\n${other}`);
  }
});

test('warns of a rule only if all its clients are shadowed', async () => {
  const rule = (name: string, client: string): string => `{ name: ${name}, client: ${client}, ${GRANT} }`;
  const warned = async (first: string, second: string): Promise<number> =>
    (await warningsOf(rule('one', first), rule('other', second))).filter((one) => one.includes('can never decide'))
      .length;
  assert.equal(await warned('[gateway, agent]', 'agent'), 1);
  assert.equal(await warned('[gateway, agent]', '[agent, gateway]'), 1);
  assert.equal(await warned('gateway', '[gateway, agent]'), 0);
});

test('a faulty condition is a fault, and shadows no other rule', async () => {
  const rules = [
    `{ name: one, client: gateway, when: 'nobody', ${GRANT} }`,
    `{ name: other, client: gateway, ${GRANT} }`,
  ];
  await assert.rejects(warningsOf(...rules), (error: Error) => {
    assert.match(error.message, /rules\[one\]\.when/);
    assert.equal(error.message.includes('can never decide'), false);
    return true;
  });
  assert.deepEqual(await warningsOf(rules[1] ?? ''), []);
});

test('warns of unknown clients, issuers, audiences and scopes, each with its line', async (t) => {
  const rules = `
rules:
  - name: everything wrong
    client:
      - gateway
      - nobody
    subject:
      issuer: [self, nowhere]
      clients: ghost
    actor:
      issuer: elsewhere
      clients:
        - agent
        - phantom
    grant:
      audiences:
        - ${API}
        - https://nothing.example
      scopes:
        - read
        - fly
      types: [access_token, refresh_token]
  - name: nobody asks
    client: stranger
    grant: { audiences: [${BACKEND}], scopes: [read] }
`;
  const folder = temporaryFolder(t);
  const file = join(folder, 'cambio.yaml');
  const head = textBeforeRules.trimEnd();
  writeFileSync(file, head + rules);
  const at = (line: number): number => head.split('\n').length + line;
  const { code, stdout, stderr } = await cambio(t, ['check', '--config', file], { env: environment });
  assert.deepEqual([code, stdout], [0, `${file}: good (3 clients, 3 resources, 2 rules)\n`]);
  assert.deepEqual(
    stderr.trimEnd().split('\n').toSorted(),
    [
      `${file}:${at(5)}:9: warning: rules[everything wrong].client[1]: there is no client "nobody". Add it to clients.`,
      `${file}:${at(7)}:22: warning: rules[everything wrong].subject.issuer[1]: there is no issuer "nowhere". Write self, or the issuer, the trustDomain or the name of an entry of issuers.`,
      `${file}:${at(8)}:16: warning: rules[everything wrong].subject.clients: there is no client "ghost". Add it to clients.`,
      `${file}:${at(10)}:15: warning: rules[everything wrong].actor.issuer: there is no issuer "elsewhere". Write self, or the issuer, the trustDomain or the name of an entry of issuers.`,
      `${file}:${at(13)}:11: warning: rules[everything wrong].actor.clients[1]: there is no client "phantom". Add it to clients.`,
      `${file}:${at(17)}:11: warning: rules[everything wrong].grant.audiences[1]: there is no resource with the audience "https://nothing.example". Add it to resources.`,
      `${file}:${at(23)}:13: warning: rules[nobody asks].client: no client of this rule has the grant token_exchange. Add it to the grants of one.`,
    ].toSorted(),
  );
});

test('warns of a rule that grants only unknown audiences, which never decides; the others do', async () => {
  const lost = `{ name: lost, client: gateway, grant: { audiences: [https://nothing.example], scopes: [read] } }`;
  const warnings = await warningsOf(lost, `{ name: other, client: gateway, ${GRANT} }`);
  assert.deepEqual(warnings.map((one) => one.replace(/^.*warning: /, '')).toSorted(), [
    'rules[lost].grant.audiences[0]: there is no resource with the audience "https://nothing.example". Add it to resources.',
  ]);
});

test('a rule without types takes no assertion that is redeemed, so that a later rule which lists one may decide', async () => {
  const jag = `subject: { issuer: idp, types: [id_jag] }, ${GRANT}`;
  assert.equal(await shadows(`subject: { issuer: idp }, ${GRANT}`, jag), false);
  assert.equal(await shadows(`subject: { issuer: idp, types: [id_jag, chaining_grant] }, ${GRANT}`, jag), true);
});

test('warns of types that the issuer of a rule does not give, with the words to write', async () => {
  const of = async (subject: string): Promise<readonly string[]> =>
    (await warningsOf(`{ name: r, client: gateway, subject: { ${subject} }, ${GRANT} }`)).map((one) =>
      one.replace(/^.*warning: /, ''),
    );
  const none = 'rules[r].subject.types: no issuer that the rule names has an entry that accepts one of these types. ';
  assert.deepEqual(await of('issuer: giver, types: [id_jag]'), []);
  for (const subject of ['issuer: giver', 'issuer: giver, types: [workload]'])
    assert.deepEqual(await of(subject), [
      `${none}The entry gives id_jag, by grants. Write types: [id_jag], or change grants.`,
    ]);
  assert.deepEqual(await of('issuer: idp, types: [workload]'), [
    `${none}Add the type to accepts of the issuer, or write id_jag, chaining_grant or workload under its grants.`,
  ]);
});
