// Clients of a file with limits: which ids it may take, which ids its rules may name, and whether people sign in to it. Each refused file has an accepted twin.
import assert from 'node:assert/strict';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigurationError, type Fault, formatFault } from '../../src/config/fault.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { temporaryFolder } from '../support/program.ts';

const SECRET = `secret: { sha256: ${'a'.repeat(43)} }`;
const main = (more: string, limits: string): string => `issuer: https://login.example.com
include:
  - { path: team.yaml, audiences: ['https://pay.example/*'] ${limits} }
  - { path: 'others/*.yaml', audiences: ['https://others.example/*'], clients: 'others-*' }
resources:
  - { audience: https://orders.example, scopes: [read] }
clients:
  - { id: gateway, auth: client_secret_post, ${SECRET}, grants: [token_exchange] }
  - { id: agent-1, auth: client_secret_post, ${SECRET}, grants: [client_credentials], audiences: [https://orders.example] }
issuers:
  - { issuer: https://idp.example, name: idp, accepts: [id_token], audiences: [https://login.example.com], jwksUri: https://idp.example/jwks }
${more}`;
const client = (id: string): string =>
  `  - { id: ${JSON.stringify(id)}, auth: client_secret_post, ${SECRET}, grants: [client_credentials, token_exchange], audiences: [https://pay.example/api] }\n`;
const team = (id: string, ...others: string[]): string =>
  `resources:\n  - { audience: https://pay.example/api, scopes: [pay] }\nclients:\n${client(id)}${others.join('')}`;
const rule = (party: string, name = 'more', audience = 'https://orders.example', scope = 'read'): string =>
  `rules:\n  - name: ${name}\n    client: ${name === 'pay' ? 'pay-api' : 'gateway'}\n    ${party}\n    grant: { audiences: [${audience}], scopes: [${scope}] }\n`;
const payRule = (party: string): string => rule(party, 'pay', 'https://pay.example/api', 'pay');
const actors = (names: string): string => `actors:\n  - { name: research, ${names}, limits: { perDay: 5 } }\n`;

async function messagesOf(t: TestContext, mainFile: string, teamFile: string): Promise<readonly string[]> {
  const folder = temporaryFolder(t);
  const file = join(folder, 'cambio.yaml');
  mkdirSync(join(folder, 'others'));
  writeFileSync(file, mainFile);
  writeFileSync(join(folder, 'team.yaml'), teamFile);
  const { warnings } = await loadConfiguration(file, {}).catch((error) => ({ warnings: error.faults }));
  return warnings.map((fault: Fault) => formatFault(file, fault).replaceAll(`${folder}/`, ''));
}

async function faultsOf(t: TestContext, mainFile: string, teamFile: string): Promise<readonly string[]> {
  const folder = temporaryFolder(t);
  const file = join(folder, 'cambio.yaml');
  mkdirSync(join(folder, 'others'));
  writeFileSync(file, mainFile);
  writeFileSync(join(folder, 'team.yaml'), teamFile);
  try {
    await loadConfiguration(file, {});
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.faults
      .filter(({ severity }) => severity === 'fault')
      .map((fault) => formatFault(file, fault).replaceAll(`${folder}/`, ''));
  }
}

test('a file without clients cannot take an id that a file without limits trusts, and can if its entry has clients', async (t) => {
  const trusting: readonly (readonly [how: string, more: string, kind: string])[] = [
    ['a caller', rule('subject: { issuer: self }').replace('gateway', '[gateway, late]'), 'a rule'],
    ['a client of subjects', rule('subject: { clients: late }'), 'a rule'],
    ['an actor', rule('actor: { required: true, clients: [agent-1, late] }'), 'a rule'],
    ['a pattern of actors', rule("actor: { required: true, clients: [agent-1, 'l*'] }"), 'a rule'],
    ['a subject of actors', rule('actor: { required: true, issuer: self, subjects: late }'), 'a rule'],
    ['a pattern of subjects, of any issuer', rule("actor: { required: true, subjects: 'la*' }"), 'a rule'],
    ['a subject of this issuer', rule('actor: { issuer: [https://login.example.com], subjects: late }'), 'a rule'],
    ['a claim of actors', rule('actor: { required: true, claims: { client_id: [late] } }'), 'a rule'],
    [
      'an actor who is denied',
      "rules:\n  - { name: no, effect: deny, audiences: [https://orders.example], actor: { clients: 'lat*' } }\n",
      'a rule',
    ],
    ['a group of clients', actors("clients: 'l*'"), 'an entry of actors'],
    ['one of a group', actors('clients: [agent-1, late]'), 'an entry of actors'],
    ['a subject of a group', actors("issuer: self, subjects: ['late*']"), 'an entry of actors'],
  ];
  for (const [how, more, kind] of trusting) {
    const [fault, ...others] = await faultsOf(t, main(more, ''), team('late'));
    assert.match(
      fault ?? '',
      new RegExp(`team\\.yaml:4:11: clients\\[late\\]\\.id: ${kind} at cambio\\.yaml:\\d+ names the client "late"`),
      how,
    );
    assert.deepEqual(others, [], how);
    assert.deepEqual(await faultsOf(t, main(more, ', clients: late'), team('late')), [], how);
    assert.deepEqual(await faultsOf(t, main(more, ''), team('new')), [], how);
  }
  const ofOthers = rule('actor: { required: true, issuer: idp, subjects: late }');
  assert.deepEqual(await faultsOf(t, main(ofOthers, ''), team('late')), []);
  const [reserved] = await faultsOf(t, main('', ''), team('others-1'));
  assert.match(reserved ?? '', /id: an entry of include at cambio\.yaml:4 names the client "others-1"/);
});

test('a * in an id of a file with limits is refused, and in its rules always a pattern', async (t) => {
  const [star] = await faultsOf(t, main('', ''), team('pay-api', client('a*')));
  assert.match(star ?? '', /clients\[a\*\]\.id: "a\*" has a \*, which stands for any text in a rule\./);
  assert.match(
    (await faultsOf(t, main('', ", clients: ['pay-*']"), team('pay-*')))[0] ?? '',
    /id: "pay-\*" has a \*, which stands for any text/,
  );
  const parties: readonly (readonly [party: string, limits: string, fault?: RegExp])[] = [
    ["actor: { clients: ['agent-*'] }", '', /actor\.clients: "agent-\*" is not a client of this file/],
    ["actor: { clients: ['pay-*'] }", '', /actor\.clients: "pay-\*" is not a client of this file/],
    ['actor: { clients: pay-api }', ''],
    ["actor: { clients: ['pay-*', pay-api] }", ", clients: 'pay-*'"],
    ["actor: { clients: 'pa*' }", ", clients: 'pay-*'", /actor\.clients: "pa\*" is not a client of this file/],
    ["actor: { issuer: self, subjects: [gateway, 'a*'] }", '', /actor\.subjects\[1\]: "a\*" may be a client of others/],
    ['actor: { required: true, subjects: nobody }', '', /actor\.subjects: "nobody" may be a client of others/],
    ['actor: { issuer: self, subjects: [agent-1, pay-api] }', ''],
    ["actor: { issuer: self, subjects: 'pay-*' }", ", clients: 'pay-*'"],
    ["actor: { issuer: idp, subjects: 'a*' }", ', issuers: idp'],
  ];
  for (const [party, limits, fault] of parties) {
    const faults = await faultsOf(t, main('', limits), team('pay-api') + payRule(party));
    if (fault === undefined) assert.deepEqual(faults, [], party);
    else assert.match(faults.join('\n'), fault, party);
    assert.ok(faults.length <= 1, party);
  }
});

test('a * in an id of a file without limits is a warning: a server that has one still starts', async (t) => {
  const file = join(temporaryFolder(t), 'cambio.yaml');
  writeFileSync(
    file,
    `issuer: https://login.example.com\nclients:\n${client('a*').replace('https://pay.example/api', 'a')}resources:\n  - { audience: a }\n`,
  );
  const { warnings } = await loadConfiguration(file, {});
  assert.match(
    warnings.map(({ path, message }) => `${path}: ${message}`).join('\n'),
    /clients\[a\*\]\.id: "a\*" has a \*/,
  );
});

test('people sign in to a client of a file with limits only if its entry has redirectUris, and only where they lead', async (t) => {
  const web = (members: string): string =>
    `resources:\n  - { audience: https://pay.example/api, scopes: [pay] }\nclients:\n  - { id: web, auth: none, audiences: [https://pay.example/api], ${members} }\n`;
  const page = 'grants: [authorization_code, refresh_token], redirectUris: [https://pay.example/cb]';
  const PAGES = ", redirectUris: 'https://pay.example/*'";
  const closed = /people may not sign in to a client of this file\. Add redirectUris to its entry of include/;
  const rows: readonly (readonly [members: string, limits: string, fault?: RegExp])[] = [
    [page, '', closed],
    [page, PAGES],
    [`${page}, scopes: [openid, profile, email, offline_access, pay]`, '', closed],
    [`${page}, scopes: [openid, profile, email, offline_access, pay]`, PAGES],
    ['grants: [device_code]', '', closed],
    ['grants: [device_code]', PAGES],
    ['grants: [refresh_token], scopes: [openid]', '', closed],
    [
      page.replace('https://pay', 'https://evil'),
      PAGES,
      /redirectUris\[0\]: "?https:\/\/evil\.example\/cb"? is not a redirect/,
    ],
    [
      page.replace('/cb', '/../cb'),
      PAGES.replace('/*', '/app/*'),
      /redirectUris\[0\]: .* is not a redirect URI of this/,
    ],
    [
      page.replace('pay.example', 'pay.example.evil'),
      PAGES,
      /redirectUris\[0\]: .* is not a redirect URI of this file/,
    ],
    [
      `${page}, postLogoutRedirectUris: [https://evil.example/]`,
      PAGES,
      /postLogoutRedirectUris\[0\]: .* is not a redirect/,
    ],
    [`${page}, postLogoutRedirectUris: [https://pay.example/]`, PAGES],
    [
      `${page}, refreshLifetime: 9999d`,
      PAGES,
      /refreshLifetime: refresh tokens of this file may be good for 1d at most, and this is 9999d/,
    ],
    [`${page}, refreshLifetime: 2d`, `${PAGES}, maxRefreshLifetime: 2d`],
    [
      'grants: [refresh_token]',
      ', maxRefreshLifetime: 1h',
      /refreshLifetime: .* good for 1h at most, and this is 1d, the default\. Write refreshLifetime: 1h, or raise maxRefreshLifetime/,
    ],
  ];
  for (const [members, limits, fault] of rows) {
    const faults = await faultsOf(t, main('', limits), web(members));
    if (fault === undefined) assert.deepEqual(faults, [], members);
    else assert.match(faults.join('\n'), fault, members);
    assert.ok(faults.length <= 1, faults.join('\n'));
  }
  const rule30 = `${team('pay-api')}rules:
  - name: pay
    client: gateway
    subject: { issuer: self }
    grant: { audiences: [https://pay.example/api], scopes: [pay], refreshToken: true, refreshLifetime: 30d }
`;
  assert.match(
    (await faultsOf(t, main('', ''), rule30)).join('\n'),
    /grant\.refreshLifetime: refresh tokens of this file may be good for 1d at most/,
  );
  assert.deepEqual(await faultsOf(t, main('', ', maxRefreshLifetime: 30d'), rule30), []);
});

test('a file with limits has a thousand entries of a section at most, and a file that an entry names a mebibyte', async (t) => {
  const many = (count: number): string => Array.from({ length: count }, (_, n) => client(`c${n}`)).join('');
  assert.deepEqual(await faultsOf(t, main('', ''), team('pay-api', many(999))), []);
  assert.match(
    (await faultsOf(t, main('', ''), team('pay-api', many(1000)))).join('\n'),
    /^cambio\.yaml:3:\d+: include\[0\]\.path: .*team\.yaml: with this file, the files of this entry have 1001 clients, and may have 1000\. Remove some/,
  );
  const tests = `    tests:\n${'      - { subject: { claims: { sub: x } }, client: pay-api, audience: https://pay.example/api, expect: refused }\n'.repeat(1001)}`;
  const tested = team('pay-api') + payRule('subject: { issuer: self }') + tests;
  assert.match((await faultsOf(t, main('', ''), tested)).join('\n'), /have 1001 tests, and may have 1000/);
  const long = `# ${'x'.repeat(1_048_576)}\n${team('pay-api')}`;
  assert.match((await faultsOf(t, main('', ''), long)).join('\n'), /have \d+ bytes, and may have 1048576/);
  const folder = temporaryFolder(t);
  const secret = join(folder, 'secret');
  const named = `resources:\n  - { audience: https://pay.example/api }\nclients:\n  - { id: pay-api, auth: client_secret_post, secret: { file: ${secret} }, grants: [token_exchange] }\n`;
  writeFileSync(secret, 'x'.repeat(1_048_576));
  const reading = main('', `, files: '${secret}'`);
  assert.deepEqual(await faultsOf(t, reading, named), []);
  truncateSync(secret, 500_000_000);
  assert.match(
    (await faultsOf(t, reading, named)).join('\n'),
    /clients\[pay-api\]\.secret: cannot read .*secret: it has 500000000 bytes, and a named file may have 1048576/,
  );
});

test('a suggestion is a name that the file with limits can use, and in the main file any name', async (t) => {
  const own =
    team('pay-api', client('pay-batch')) + payRule('subject: { clients: pay-batsh }').replace('pay-api', 'agent-2');
  const ofTeam = await messagesOf(t, main('', ', clients: [pay-*, agent-2, orders-*]'), own);
  assert.match(ofTeam.join('\n'), /there is no client "agent-2"\. Add it to clients\.$/m);
  assert.match(ofTeam.join('\n'), /there is no client "pay-batsh"\. Did you mean pay-batch\?$/m);
  const mistyped = rule('subject: { issuer: self }', 'pay', 'https://pay.example/ap', 'pay');
  const ofAudience = await messagesOf(t, main('', ''), team('pay-api') + mistyped);
  assert.match(ofAudience.join('\n'), /"https:\/\/pay\.example\/ap"\. Did you mean https:\/\/pay\.example\/api\?$/m);
  const inMain = await messagesOf(t, main(rule('subject: { clients: agent-2 }'), ''), team('pay-api'));
  assert.match(inMain.join('\n'), /there is no client "agent-2"\. Did you mean agent-1\?$/m);
});

test('one cause is one line: nothing is said of what follows from a faulty name, from faulty grants, or from an alias', async (t) => {
  const [api, there] = ['https://pay.example/api', 'https://pay.example/there'];
  const resource = (audience: string): string => `resources:\n  - { audience: ${audience}, scopes: [pay] }\n`;
  const clients = (...entries: string[]): string => `clients:\n${entries.join('')}`;
  const open = `  - { id: pay-web, auth: none, grants: [authorization_code], audiences: [${api}] }\n`;
  const alias = (id: string, audiences: string): string =>
    `  - { id: ${id}, auth: client_secret_post, ${SECRET}, grants: [token_exchange], audiences: ${audiences} }\n`;
  const own = ', clients: [pay-*]';
  const rows: readonly (readonly [what: string, main: string, team: string, message: RegExp])[] = [
    [
      'an id twice',
      own,
      team('pay-a', client('pay-a')) + payRule('subject: { clients: pay-b }'),
      /clients\[pay-a\]\.id: another client/,
    ],
    [
      'an id of others',
      own,
      team('late') + payRule('subject: { clients: pay-b }'),
      /"late" is not a client of this file/,
    ],
    [
      'an id of others, without clients',
      '',
      team('others-1') + payRule('subject: { issuer: self }'),
      /names the client "others-1"/,
    ],
    ['an id with *', own, team('pay-*') + payRule('actor: { clients: [pay-b] }'), /"pay-\*" has a \*/],
    [
      'an audience of others',
      own,
      resource('https://orders.example') + clients(client('pay-api')),
      /"https:\/\/orders\.example" is not an audience of this file/,
    ],
    [
      'an audience twice',
      own,
      `${resource(there)}  - { audience: ${there} }\n${clients(client('pay-api'))}`,
      /another resource has the audience/,
    ],
    [
      'an issuer',
      own,
      team('pay-api') + payRule('subject: { issuer: slef }'),
      /of the issuer "slef", but of self\. Did you mean self\?/,
    ],
    [
      'grants',
      own,
      resource(api) +
        clients(open) +
        `rules:\n  - { name: web, client: pay-web, grant: { audiences: [${api}], scopes: [pay] } }\n`,
      /people may not sign in/,
    ],
    [
      'a merge key',
      own,
      team('pay-api') +
        'rules:\n  - name: pay\n    <<: { client: pay-api }\n    grant: { audiences: [https://pay.example/api], scopes: [pay] }\n',
      /<< is a key of older YAML, and merges nothing here/,
    ],
    [
      'an alias',
      own,
      resource(api) + clients(alias('pay-a', `&a [${there}]`), alias('pay-b', '*a')),
      /clients\[pay-a\]\.audiences\[0\]: there is no resource/,
    ],
  ];
  for (const [what, limits, file, message] of rows) {
    const said = (await messagesOf(t, main('', limits), file)).filter((one) => !one.includes('no file matches'));
    assert.match(said[0] ?? '', message, what);
    assert.deepEqual(said.slice(1), [], what);
  }
  // Faults of other kinds are said beside it.
  const both = await messagesOf(t, main('', own), team('pay-a', client('pay-a')) + payRule('subject: { issuer: odd }'));
  assert.equal(both.filter((one) => /another client|issuer "odd"/.test(one)).length, 2, both.join('\n'));
});
