// Files of many teams: what an included file may have, and that each message names its own file and line.
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigurationError, formatFault } from '../../src/config/fault.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { temporaryFolder } from '../support/program.ts';

type Files = Readonly<Record<string, string>>;

const MAIN = `issuer: https://login.example.com
include:
  - { path: teams/pay/*.yaml, audiences: ['https://pay.example/*', pay-*] LIMITS }
resources:
  - { audience: https://orders.example, scopes: [read, write] }
clients:
  - { id: gateway, auth: client_secret_post, secret: { env: GATEWAY }, grants: [token_exchange] }
  - { id: anybody, auth: none, publicExchange: true, grants: [token_exchange] }
  - { id: web, auth: client_secret_post, secret: { env: GATEWAY }, grants: [client_credentials] }
issuers:
  - { issuer: https://idp.example, name: idp, accepts: [id_token], audiences: [https://login.example.com, 'api://tokens'], jwksUri: https://idp.example/jwks }
rules:
  - name: a rule of the main file
    client: gateway
    subject: { issuer: self, clients: [web, trusted-later] }
    grant: { audiences: [https://orders.example], scopes: [read] }
`;
const ENVIRONMENT = { GATEWAY: 'gateway-secret', PAY_SECRET: 'pay-secret' };
const OWN_API = 'resources:\n  - { audience: https://pay.example/api, scopes: [pay, read], token: { lifetime: 1h } }\n';
const SECRET = `secret: { sha256: ${'a'.repeat(43)} }`;
const server = (named: string, api = 'https://pay.example/there', scopes = '[pay]', more = ''): string =>
  `authorizationServers:\n  - { issuer: https://login.partner.example, grants: [id_jag], clients: { ${named}: x }${more}, resources: { ${api}: { scopes: ${scopes} } } }\n`;
const client = (more: string, id = 'pay-api'): string =>
  `clients:\n  - { id: ${id}, auth: client_secret_post, ${SECRET}, grants: [token_exchange, client_credentials] ${more} }\n`;
const rule = (text: string, caller = 'gateway'): string =>
  `rules:\n  - name: pay\n    client: ${caller}\n${text.replace(/^/gm, '    ')}\n`;
const grant = (more = '', scopes = '[pay]'): string =>
  `grant: { audiences: [https://pay.example/api], scopes: ${scopes} ${more} }`;

function write(t: TestContext, files: Files): string {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** The messages about a configuration, with paths relative to its folder. */
async function messagesOf(folder: string): Promise<readonly string[]> {
  const file = join(folder, 'cambio.yaml');
  const format = (faults: ConfigurationError['faults']) =>
    faults.map((fault) => formatFault(file, fault).replaceAll(`${folder}/`, ''));
  try {
    return format((await loadConfiguration(file, ENVIRONMENT)).warnings);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return format(error.faults);
  }
}

/** The limits beside `audiences`, the file of the team, and what is said about it. */
type Row = readonly [name: string, limits: string, team: string, ...messages: RegExp[]];
const rows: readonly Row[] = [
  ['an API, a client and a rule of its own', '', OWN_API + client('') + rule(grant())],
  ['no entry', '', 'rules: []\n'],
  ['lists that have nothing, as their defaults', ', issuers: [], claims: [], files: []', OWN_API],
  ...['', '# being written\n', '{}'].map(
    (text): Row => ['an empty file', '', text, /^teams\/pay\/a\.yaml.*this is empty\. Write rules: \[\]/],
  ),
  [
    'another audience',
    '',
    OWN_API.replace('https://pay.example/api', 'https://orders.example/v2'),
    /:2:17: resources\[https:\/\/orders\.example\/v2\]\.audience: .* is not an audience of this file, which has https:\/\/pay\.example\/\*, pay-\*\./,
  ],
  [
    'a host that only begins alike',
    '',
    OWN_API.replace('pay.example/api', 'pay.example.evil/api'),
    /audience: .* is not an audience of this file/,
  ],
  [
    'a path that leads out',
    '',
    OWN_API.replace('/api', '/x/../../api'),
    /audience: .* is not an audience of this file/,
  ],
  [
    'an escaped path that leads out',
    '',
    OWN_API.replace('/api', '/x/%2e%2e/api'),
    /audience: .* is not an audience of this file/,
  ],
  ['a name that is a pattern of names', '', OWN_API.replace('https://pay.example/api', 'pay-api')],
  [
    'the audience of the server',
    ", 'https://login.example.com/*'",
    OWN_API.replace('https://pay.example/api', 'https://login.example.com/'),
    /audience: .* is an audience of this server itself, which belongs to no file/,
  ],
  [
    'the audience of the admin API',
    ", 'https://login.example.com/*'",
    OWN_API.replace('https://pay.example/api', 'https://login.example.com/admin'),
    /audience: .* is an audience of this server itself, which belongs to no file/,
  ],
  ['a location of its own', '', OWN_API.replace('scopes', 'locations: [https://pay.example/v1], scopes')],
  [
    'a location of others',
    '',
    OWN_API.replace('scopes', 'locations: [https://orders.example/v1], scopes'),
    /:2:\d+: resources\[https:\/\/pay\.example\/api\]\.locations\[0\]: .*not an audience of this file/,
  ],
  [
    'a scope of sign-in',
    '',
    OWN_API.replace('[pay,', '[openid,'),
    /scopes\[0\]: this file may not have the scope "openid"/,
  ],
  [
    'a scope of the admin API',
    '',
    OWN_API.replace('[pay,', "['admin:write',"),
    /scopes\[0\]: this file may not have the scope "admin:write"/,
  ],
  ['a scope that it was not given', ', scopes: [pay]', OWN_API, /scopes\[1\]: this file may not have the scope "read"/],
  [
    'tokens that are good for longer',
    '',
    OWN_API.replace('1h', '2h'),
    /lifetime: tokens of this file may be good for 1h at most, and this is 2h\. Write token: \{ lifetime: 1h \}, or raise maxLifetime of its entry of include/,
  ],
  ['tokens that are good for longer, which it may have', ', maxLifetime: 2h', OWN_API.replace('1h', '2h')],
  [
    'a client for its own API',
    '',
    OWN_API + client(', audiences: [https://pay.example/api], resource: https://pay.example/api'),
  ],
  [
    'a client for an API of others',
    '',
    client(', audiences: [https://orders.example]'),
    /:2:\d+: clients\[pay-api\]\.audiences\[0\]: .*not an audience of this file/,
  ],
  [
    'a client for it under another name',
    '',
    client(', audiences: [https://orders.example/]'),
    /audiences\[0\]: .*not an audience of this file/,
  ],
  [
    'a client that is an API of others',
    '',
    client(', resource: https://orders.example'),
    /\.resource: .*not an audience of this file/,
  ],
  [
    'a client that is called as an API of others',
    '',
    client('').replace('pay-api', 'https://orders.example'),
    /\.id: "https:\/\/orders\.example" is an audience too/,
  ],
  [
    'a client that is called as an audience of an issuer',
    '',
    client('').replace('pay-api', 'api://tokens'),
    /\.id: "api:\/\/tokens" is an audience too/,
  ],
  [
    'a client that is called as the server',
    '',
    client('').replace('pay-api', 'https://login.example.com'),
    /\.id: .* is an audience too/,
  ],
  [
    'a client that the main file has',
    '',
    client('').replace('pay-api', 'gateway'),
    /teams\/pay\/a\.yaml:2:11: clients\[gateway\]\.id: another client \(cambio\.yaml:7\) has the id "gateway"/,
  ],
  [
    'a client that the main file trusts already',
    '',
    client('').replace('pay-api', 'trusted-later'),
    /:2:11: clients\[trusted-later\]\.id: a rule at cambio\.yaml:\d+ names the client "trusted-later"/,
  ],
  [
    'a client that the main file trusts already, and lets it have',
    ', clients: trusted-*',
    client('').replace('pay-api', 'trusted-later'),
  ],
  [
    'a client outside its names',
    ', clients: [pay-*, x]',
    client('').replace('pay-api', 'other'),
    /clients\[other\]\.id: "other" is not a client of this file, which has pay-\*, x\./,
  ],
  [
    'a SAML service provider of others',
    '',
    client(', saml: { entityId: https://orders.example/saml, acs: https://orders.example/acs }'),
    /saml\.entityId: .*not an audience/,
    /saml\.acs: .*not an audience/,
  ],
  [
    'a workload of an issuer that it was not given',
    '',
    client(', workload: { issuer: idp, audience: https://login.example.com }')
      .replace('client_secret_post', 'none')
      .replace(`${SECRET}, `, '')
      .replace(', client_credentials', ''),
    /workload\.issuer: this file may not take tokens of the issuer "idp"/,
    /workload\.audience: .* is an audience of this server itself/,
  ],
  [
    'a SPIFFE id that it was not given',
    '',
    client(', spiffeId: spiffe://prod/orders').replace('client_secret_post', 'spiffe_jwt').replace(`${SECRET}, `, ''),
    /spiffeId: this file may not have the SPIFFE id/,
  ],
  [
    'requests to private addresses',
    '',
    client(', jwksUri: https://10.0.0.1/keys, allowPrivateNetwork: true')
      .replace('client_secret_post', 'private_key_jwt')
      .replace(`${SECRET}, `, ''),
    /allowPrivateNetwork: only the main file may allow this/,
  ],
  [
    'a variable of the main file as a secret',
    '',
    client('').replace(SECRET, 'secret: { env: GATEWAY }'),
    /secret: this file may not read the environment variable GATEWAY\. Add it to variables/,
  ],
  [
    'a variable of its own as a secret',
    ', variables: PAY_*',
    client('').replace(SECRET, 'secret: { env: PAY_SECRET }'),
  ],
  [
    'a variable of the main file as a name',
    '',
    client(`, name: '\${GATEWAY}'`),
    /name: this file may not read the environment variable GATEWAY/,
  ],
  ['a default in place of a variable of the main file', '', client(`, name: '\${GATEWAY:-the default}'`)],
  [
    'the main file as a secret',
    '',
    client('').replace(SECRET, 'secret: { file: ../../cambio.yaml }'),
    /secret: this file may not read cambio\.yaml/,
  ],
  [
    'a file that is absent as a secret',
    '',
    client('').replace(SECRET, 'secret: { file: none }'),
    /secret: this file may not read teams\/pay\/none\. Add it to files/,
  ],
  [
    'a file that is absent, and that it may read, as a secret',
    ', files: teams/pay/*',
    client('').replace(SECRET, 'secret: { file: none }'),
    /secret: cannot read teams\/pay\/none: there is no such file, and only a file that exists can be read with limits\./,
  ],
  ['a file of its own as a secret', ', files: teams/pay/*', client('').replace(SECRET, 'secret: { file: secret.txt }')],
  [
    'a link to the main file as a secret',
    ', files: teams/pay/*',
    client('').replace(SECRET, 'secret: { file: link.txt }'),
    /secret: this file may not read teams\/pay\/link\.txt/,
  ],
  ['a folder as a logo', ', files: teams/pay/*', client(', logo: .'), /logo: this file may not read teams\/pay/],
  [
    'a rule that grants an API of others',
    '',
    rule(grant().replace('https://pay.example/api', 'https://orders.example')),
    /:4:26: rules\[pay\]\.grant\.audiences\[0\]: "https:\/\/orders\.example" is not an audience of this file/,
    /./,
  ],
  [
    'a rule that grants it under another name',
    '',
    rule(grant().replace('https://pay.example/api', 'HTTPS://orders.example/')),
    /rules\[pay\]\.grant\.audiences\[0\]: .* is not an audience of this file/,
    /./,
  ],
  [
    'a rule that grants it beside its own',
    '',
    OWN_API + rule(grant().replace('[https://pay.example/api]', '[https://pay.example/api, https://orders.example]')),
    /grant\.audiences\[1\]: .* is not an audience of this file/,
  ],
  [
    'a rule that denies its own API to everybody',
    '',
    `${OWN_API}rules:\n  - { name: pay, effect: deny, audiences: [https://pay.example/api] }\n`,
  ],
  [
    'a rule that denies everything',
    '',
    'rules:\n  - { name: pay, effect: deny }\n',
    /:2:5: rules\[pay\]\.audiences: is missing\. A rule of this file may deny only its own audiences/,
  ],
  [
    'a rule that denies an API of others',
    '',
    'rules:\n  - { name: pay, effect: deny, audiences: [https://orders.example] }\n',
    /audiences\[0\]: .* is not an audience of this file/,
  ],
  [
    'rules that deny beyond their number',
    '',
    `${OWN_API}rules:\n${Array.from({ length: 101 }, (_, n) => `  - { name: no ${n}, effect: deny, audiences: [https://pay.example/api] }\n`).join('')}`,
    /rules\[no 100\]: a file with limits may have 100 rules that deny/,
  ],
  [
    'a rule without a name',
    '',
    (OWN_API + rule(grant())).replace('name: pay\n    client', 'client'),
    /:4:5: rules\[0\]\.name: is missing\. A rule of an included file needs a name/,
  ],
  [
    'a rule with the name of another',
    '',
    (OWN_API + rule(grant())).replace('name: pay', 'name: a rule of the main file'),
    /another rule \(cambio\.yaml:\d+\) has the name "a rule of the main file"/,
  ],
  [
    'a rule for a client that nobody has',
    '',
    OWN_API + rule(grant()).replace('gateway', 'registered'),
    /client: "registered" is not a client of this file, nor of another, so somebody else may register it/,
  ],
  [
    'an audience of nobody, for which there is one line and not two',
    '',
    OWN_API + client(', audiences: [https://crm.example/api]'),
    /audiences\[0\]: "https:\/\/crm\.example\/api" is not an audience of this file/,
  ],
  [
    'a rule for a client outside its names',
    ', clients: pay-*',
    OWN_API + rule(grant()),
    /:5:13: rules\[pay\]\.client: "gateway" is not a client of this file, which has pay-\*/,
  ],
  [
    'tokens of clients of others, brought by a client of others',
    '',
    OWN_API + rule(`subject: { issuer: self, clients: [web] }\n${grant()}`),
  ],
  [
    'tokens of clients of others, brought by its own client',
    '',
    OWN_API + client('') + rule(`subject: { issuer: self, clients: [web] }\n${grant()}`).replace('gateway', 'pay-api'),
    /subject\.clients: "web" is not a client of this file, so the callers of this rule may not take its tokens/,
  ],
  [
    'tokens of clients of others, brought by anybody',
    '',
    OWN_API + rule(`subject: { issuer: self, clients: [web] }\n${grant()}`).replace('gateway', 'anybody'),
    /subject\.clients: "web" is not a client/,
  ],
  [
    'actor tokens of clients of others, brought by its own client',
    '',
    OWN_API + client('') + rule(`actor: { required: true, clients: [web] }\n${grant()}`).replace('gateway', 'pay-api'),
    /actor\.clients: "web" is not a client/,
  ],
  [
    'tokens of an issuer that it was not given',
    '',
    OWN_API + rule(`subject: { issuer: idp, types: [id_token] }\n${grant()}`),
    /:6:24: rules\[pay\]\.subject\.issuer: this file may not take tokens of the issuer "idp", but of self\./,
  ],
  [
    'actor tokens of that issuer under another name',
    '',
    OWN_API + rule(`actor: { issuer: https://idp.example }\n${grant()}`),
    /actor\.issuer: this file may not take tokens of the issuer "https:\/\/idp\.example"/,
  ],
  [
    'tokens of an issuer that it was given',
    ', issuers: idp',
    OWN_API + rule(`subject: { issuer: https://idp.example, types: [id_token] }\n${grant()}`),
  ],
  [
    'tokens of that issuer for a scope of others',
    ', issuers: [idp]',
    OWN_API + rule(`subject: { issuer: idp }\n${grant('', '[read]')}`),
    /scopes\[0\]: "read" is a scope of https:\/\/orders\.example too \(cambio\.yaml:5\)/,
  ],
  [
    'a map to a scope of others',
    '',
    OWN_API + rule(grant('', '{ pay: [read] }')),
    /:6:\d+: rules\[pay\]\.grant\.scopes\.pay\[0\]: "read" is a scope of https:\/\/orders\.example too/,
  ],
  ['a map to that scope, which it was given', ', scopes: [pay, read]', OWN_API + rule(grant('', '{ pay: [read] }'))],
  ['a scope that others have, which the token must have', '', OWN_API + rule(grant('', '[read]'))],
  [
    'a claim',
    '',
    OWN_API + rule(grant(', claims: { groups: \'["admin"]\' }')),
    /grant\.claims\.groups: this file may not add the claim "groups"/,
  ],
  ['a claim that it was given', ', claims: pay_*', OWN_API + rule(grant(', claims: { pay_tier: \'"gold"\' }'))],
  [
    'a bearer token for a bound one',
    '',
    OWN_API + rule(`subject: { constrained: accept }\nrebind: bearer\n${grant()}`),
    /subject\.constrained: only a file without limits may have constrained/,
    /rebind: only a file without limits may have rebind/,
  ],
  [
    'an authorization server',
    '',
    server('gateway'),
    /issuer: "https:\/\/login\.partner\.example" is not an authorization server of this file, which has none\. Write it to authorizationServers of its entry/,
    /clients\.gateway: "gateway" is not a client of this file/,
  ],
  [
    'an authorization server that it was given, for its own client and APIs',
    ', authorizationServers: https://login.partner.example',
    client('') + server('pay-api'),
  ],
  [
    'what others have, at that server',
    ', authorizationServers: https://login.partner.example',
    server(
      'gateway',
      'https://orders.example/there',
      '[admin:write, openid]',
      ', aliases: orders, claims: [email], samlSubjectId: true, subject: email',
    ),
    /clients\.gateway: "gateway" is not a client of this file/,
    /aliases\[0\]: "orders" is not an audience of this file/,
    /claims\[0\]: this file may not copy the claim "email"/,
    /samlSubjectId: only the main file may have this/,
    /subject: this file may not copy the claim "email"/,
    /resources\.https:\/\/orders\.example\/there: .* is not an audience of this file/,
    /this file may not have the scope "admin:write"/,
    /this file may not have the scope "openid"/,
  ],
  [
    'a longer grant than it may have',
    ', authorizationServers: https://login.partner.example, maxLifetime: 4m',
    client('') + server('pay-api'),
    /lifetime: grants of this file may be good for 4m at most, and this is 5m, the default\. Write lifetime: 4m, or raise maxLifetime/,
  ],
  [
    'a rule for that server',
    ', authorizationServers: https://login.partner.example, clients: [pay-*]',
    `${client(', scopes: [pay]')}${server('pay-api')}${rule('grant: { audiences: [https://login.partner.example], scopes: [pay], types: [id_jag] }', 'pay-api')}`,
  ],
  [
    'issuers',
    '',
    'issuers:\n  - { issuer: https://evil.example, accepts: [id_token], audiences: [x] }\n',
    /teams\/pay\/a\.yaml:1:1: issuers: an included file with limits has only resources, authorizationServers, clients and rules\. Write it in the main file\./,
  ],
  ['a file that includes', '', 'include: ../orders/*.yaml\n', /:1:1: include: an included file cannot include others/],
  [
    'an administrator',
    '',
    'server: { trustProxy: [0.0.0.0/0] }\naccounts: []\n',
    /:1:1: server: an included file/,
    /:2:1: accounts: an included file/,
  ],
  ['a misspelled section', '', 'rule: []\n', /:1:1: rule: .*Did you mean rules\?/],
  ['a section that is not a list', '', 'rules: { a: b }\n', /:1:8: rules: is not a list/],
  ['a list in place of sections', '', '- a\n', /:1:1: an included file has sections/],
  ['a key twice', '', 'rules: []\nrules: []\n', /:2:1: rules: this key stands twice/],
  ['an anchor of another file', '', 'rules: *rules\n', /:1:8: rules: a value that begins with \*/],
  [
    'an unknown key of an entry',
    '',
    OWN_API.replace('scopes', 'scope'),
    /:2:\d+: resources\[https:\/\/pay\.example\/api\]\.scope: unknown key\. Did you mean scopes\?/,
  ],
  ['half a text', '', 'rules:\n  - {\n', /teams\/pay\/a\.yaml:\d+:\d+: /],
];

test('a file with limits has only what is its own; each row is a file of a team and what is said of it', async (t) => {
  const wrong: string[] = [];
  for (const [name, limits, team, ...messages] of rows) {
    const widened = limits.replace(/^, '([^']*)'/, '');
    const pattern = /^, '([^']*)'/.exec(limits)?.[1];
    const main = MAIN.replace(' LIMITS', widened).replace(
      'pay-*]',
      pattern === undefined ? 'pay-*]' : `pay-*, '${pattern}']`,
    );
    const folder = write(t, { 'cambio.yaml': main, 'teams/pay/a.yaml': team, 'teams/pay/secret.txt': 'a secret' });
    symlinkSync(join(folder, 'cambio.yaml'), join(folder, 'teams/pay/link.txt'));
    const said = (await messagesOf(folder)).filter(
      (one) => !one.includes('trusted-later"') || !one.includes('warning'),
    );
    const isGood =
      said.length === messages.length && messages.every((message, place) => message.test(said[place] ?? ''));
    if (!isGood) wrong.push([name, ...said].join('\n  '));
    for (const one of said) assert.doesNotMatch(one, /gateway-secret|pay-secret|a secret/, name);
  }
  assert.equal(wrong.join('\n'), '');
});

const SHARED = `issuer: https://login.example.com
include: INCLUDE
`;
const named = (name: string, audience: string): string =>
  `resources:\n  - { audience: ${audience}, scopes: [a] }\nclients:\n  - { id: ${name}, auth: client_secret_post, ${SECRET}, grants: [token_exchange] }\nrules:\n  - name: ${name}\n    client: ${name}\n    grant: { audiences: [${audience}], scopes: [a] }\n`;

test('included entries follow those of the main file, in the order of include and of paths; each has the place of its own file', async (t) => {
  const folder = write(t, {
    'cambio.yaml': SHARED.replace('INCLUDE', "[last.d/*.yaml, 'a*/b*c/*.yaml', one.json]") + named('main', 'm'),
    'last.d/z.yaml': named('z', 'z'),
    'last.d/.hidden.yaml': 'not read',
    'last.d/other.txt': 'not read',
    'ab/bc/2.yaml': named('two', 't2'),
    'a/bxxc/1.yaml': named('one', 't1'),
    'a/bd/1.yaml': 'not read',
    'one.json': JSON.stringify({ resources: [{ audience: 'json', scopes: ['a'] }] }),
  });
  const file = join(folder, 'cambio.yaml');
  const { resources, policy, clients, placeOf, files, entries } = await loadConfiguration(file, {});
  assert.deepEqual(
    resources.map(({ audience }) => audience),
    ['m', 'z', 't1', 't2', 'json'],
  );
  assert.deepEqual(
    policy.rules.map(({ name, position }) => `${name} at ${placeOf(['rules', position, 'grant'])}`.replace(folder, '')),
    ['main at /cambio.yaml:10', 'z at /last.d/z.yaml:8', 'one at /a/bxxc/1.yaml:8', 'two at /ab/bc/2.yaml:8'],
  );
  assert.deepEqual([...clients.keys()], ['main', 'z', 'one', 'two']);
  assert.equal(entries.rules.length, 4);
  assert.equal(placeOf(['resources', 4, 'scopes']), `${folder}/one.json:1`);
  assert.deepEqual(
    files.map(({ path, text }) => [path.replace(`${folder}/`, ''), text.length > 10]),
    [
      ['cambio.yaml', true],
      ['last.d/z.yaml', true],
      ['a/bxxc/1.yaml', true],
      ['ab/bc/2.yaml', true],
      ['one.json', true],
    ],
  );
});

test('names the file and both places of entries with one name, and the place of include for a file that cannot be included', async (t) => {
  const wrong: readonly (readonly [include: string, files: Files, ...messages: string[]])[] = [
    [
      '[none.d/*.yaml]',
      {},
      'cambio.yaml:2:11: warning: include[0]: no file matches none.d/*.yaml. Add one, or remove this.',
    ],
    [
      'none.yaml',
      {},
      'cambio.yaml:2:10: include: cannot read none.yaml: there is no such file. A path is relative to the configuration file.',
    ],
    [
      '[{ path: none.yaml, clients: a }]',
      {},
      'cambio.yaml:2:19: include[0].path: cannot read none.yaml: there is no such file. A path is relative to the configuration file.',
    ],
    [
      "[d/a.yaml, 'd/*.yaml']",
      { 'd/a.yaml': 'rules: []' },
      'cambio.yaml:2:21: include[1]: d/a.yaml is included by include[0] already. Include each file once.',
    ],
    [
      '[cambio.yaml]',
      {},
      'cambio.yaml:2:11: include[0]: cambio.yaml is the main file already. Include each file once.',
    ],
    ...['\n+++ cambio.yaml\n', '\t', '\u001b[2J', '\u202e', '\u2028'].map(
      (odd) =>
        [
          "['d/*']",
          { 'd/a.yaml': 'rules: []', [`d/b${odd}.yaml`]: 'rules: []' },
          `cambio.yaml:2:11: include[0]: ${JSON.stringify(`d/b${odd}.yaml`)} has a character in its name that cannot be printed. Rename the file or its folder.`,
        ] as const,
    ),
    [
      "['d/*']",
      { 'd/a/b.yaml': 'rules: []' },
      'cambio.yaml:2:11: include[0]: d/a is not a file. Remove it from the folder, or name files only, such as *.yaml.',
    ],
    [
      "['**/a.yaml']",
      {},
      'cambio.yaml:2:11: include[0]: "**/a.yaml" is not the path of a file or a map. Write a path relative to this file, in which * stands for any text within a name, such as teams/*.yaml.',
    ],
    [
      '[{ path: a.yaml }]',
      {},
      'cambio.yaml:2:11: include[0]: needs audiences or clients: without them the file may have nothing. For a file without limits, write its path alone.',
    ],
    [
      "[{ path: a.yaml, audiences: ['https://a.example*'] }]",
      {},
      'cambio.yaml:2:39: include[0].audiences[0]: "https://a.example*" is not an audience or a pattern. Write one such as https://payments.example/* or payments-*: * stands at the end, in a URL after a slash behind the host.',
    ],
    [
      "[{ path: a.yaml, audiences: ['https://*'] }]",
      {},
      'cambio.yaml:2:39: include[0].audiences[0]: "https://*" is not an audience or a pattern. Write one such as https://payments.example/* or payments-*: * stands at the end, in a URL after a slash behind the host.',
    ],
    [
      "[{ path: a.yaml, clients: '*' }]",
      {},
      'cambio.yaml:2:36: include[0].clients: "*" is not a name or a pattern. Write one such as payments-*, with * at the end only.',
    ],
    [
      `['\${NONE}/a.yaml']`,
      {},
      `cambio.yaml:2:11: include[0]: the environment variable NONE is not set. Set it, or write a default: \${NONE:-VALUE}.`,
    ],
    [
      '[a.yaml, b.yaml]',
      { 'a.yaml': named('x', 'x'), 'b.yaml': named('x', 'x') },
      'b.yaml:2:17: resources[x].audience: another resource (a.yaml:2) has the audience "x". Give each resource its own.',
      'b.yaml:4:11: clients[x].id: another client (a.yaml:4) has the id "x". Give each client its own.',
      'b.yaml:6:5: warning: rules[x]: this rule can never decide, because “x” always matches first. Move it before that rule, or remove it.',
      'b.yaml:6:11: rules[x].name: another rule (a.yaml:6) has the name "x". Give each rule its own.',
    ],
    [
      '[a.yaml, b.yaml]',
      Object.fromEntries(
        ['a.yaml', 'b.yaml'].map((name) => [
          name,
          'issuers:\n  - { issuer: https://i.example, name: i, accepts: [id_token], audiences: [x], jwksUri: https://i.example/k }\n',
        ]),
      ),
      'b.yaml:2:15: issuers[i].issuer: another entry (a.yaml:2) has the issuer "https://i.example". Remove one of them.',
      'b.yaml:2:40: issuers[i].name: another issuer (a.yaml:2) has the name i. Set name to a name of its own; or write the same people in both, and the same subject, if both are one identity provider with the same sub for a person.',
    ],
    [
      '[a.yaml, b.yaml]',
      { 'a.yaml': 'rules:\n  - { name: 1 }\n', 'b.yaml': 'client: []\n' },
      'a.yaml:2:5: rules[0].client: is missing. Write 1 to 256 printable ASCII characters, such as orders-api.',
      'a.yaml:2:5: rules[0].grant: is missing. Write the keys audiences, scopes, types, lifetime, refreshToken, refreshLifetime, maxDepth and claims below it.',
      'a.yaml:2:13: rules[0].name: 1 is not a name. Write a printable text of 1 to 1024 characters.',
      'b.yaml:1:1: client: an included file has only resources, authorizationServers, clients, issuers and rules. Did you mean clients?',
    ],
  ];
  const said: unknown[] = [];
  for (const [entry, files] of wrong)
    said.push(await messagesOf(write(t, { 'cambio.yaml': SHARED.replace('INCLUDE', entry), ...files })));
  assert.deepEqual(
    said,
    wrong.map(([, , ...messages]) => messages),
  );
});

test('follows the links of a mounted folder, but no link out of the folder of a file with limits', async (t) => {
  const folder = write(t, {
    'cambio.yaml': SHARED.replace('INCLUDE', '[{ path: teams/a/*.yaml, clients: [x] }, shared/*.yaml]'),
    'teams/a/..2026/x.yaml': client('', 'x'),
    'teams/b/y.yaml': named('y', 'y'),
  });
  symlinkSync('..2026', join(folder, 'teams/a/..data'));
  symlinkSync('..data/x.yaml', join(folder, 'teams/a/x.yaml'));
  mkdirSync(join(folder, 'shared'));
  symlinkSync('../teams/b/y.yaml', join(folder, 'shared/y.yaml'));
  assert.deepEqual(await messagesOf(folder), []);
  symlinkSync('../b/y.yaml', join(folder, 'teams/a/y.yaml'));
  const [message] = await messagesOf(folder);
  assert.match(
    message ?? '',
    /include\[0\]\.path: teams\/a\/y\.yaml is a link out of its folder\. Put the file itself there\./,
  );
});

test('refuses a key set that resources of two files name, and accepts resources of one file', async (t) => {
  const api = (name: string): string =>
    `  - { audience: https://pay.example/${name}, token: { alg: ML-DSA-44, jwks: /keys/pay } }\n`;
  const files = {
    'cambio.yaml': MAIN.replace(/LIMITS|, trusted-later/g, ''),
    'teams/pay/a.yaml': `resources:\n${api('a')}${api('b')}`,
  };
  assert.deepEqual(await messagesOf(write(t, files)), []);
  assert.deepEqual(await messagesOf(write(t, { ...files, 'teams/pay/b.yaml': `resources:\n${api('c')}` })), [
    'teams/pay/b.yaml:2:71: resources[https://pay.example/c].token.jwks: a resource of another file (teams/pay/a.yaml:2) has the key set /keys/pay, and each would change what verifiers of the other read. Name another.',
  ]);
});
