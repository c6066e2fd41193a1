// `cambio check` and `cambio serve` with valid and invalid files: messages, lines and exit codes.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigurationError, type Fault } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import {
  API,
  agentBasic,
  assertIssued,
  BACKEND,
  configuration,
  exchange,
  textBeforeRules,
  withRules,
} from '../support/basics.ts';
import { cambio } from '../support/command.ts';
import { all, type Configuration, changed, edited, type Source, yamlOf } from '../support/configuration.ts';
import { freePort, start } from '../support/harness.ts';
import { configuration as PEOPLE } from '../support/people.ts';
import { temporaryFolder } from '../support/program.ts';

function folderOf(t: TestContext, files: Record<string, string>): string {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Runs a command with a file. Messages are returned without the name of the file: `LINE:COLUMN: PATH: MESSAGE`. */
async function run(t: TestContext, command: 'check' | 'serve', source: Source, env: Record<string, string> = {}) {
  const file = join(folderOf(t, { 'cambio.yaml': yamlOf(source), 'a-file': '' }), 'cambio.yaml');
  const { code, stdout, stderr } = await cambio(t, [command, '--config', file], { env });
  assert.equal(/^\s+at /m.test(stderr), false, 'no stack');
  return { code, stdout, lines: stderr.trimEnd().replaceAll(`${file}:`, '').split('\n') };
}

const SURROUNDINGS = { ISSUER: 'http://127.0.0.1:8080', PORT: '8080' };

/** Returns the faults and warnings of a file in the same form, without starting a command. */
async function faultsOf(
  source: Source,
  environment: Record<string, string> = {},
  folder = tmpdir(),
): Promise<string[]> {
  const told = (faults: readonly Fault[]) =>
    faults.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
  try {
    const file = join(folder, 'cambio.yaml');
    return told(
      (await parseConfiguration(yamlOf(source), { file, environment: { ...SURROUNDINGS, ...environment } })).warnings,
    );
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return told(error.faults);
  }
}

test('check prints no fault of a valid file, and exits with 0', async (t) => {
  const { code, stdout, lines } = await run(t, 'check', configuration, SURROUNDINGS);
  assert.deepEqual([code, lines], [0, ['']]);
  assert.match(stdout, /cambio\.yaml: good \(3 clients, 3 resources, 1 rules?\b/);
});

test('check prints every fault with its line: unknown keys, wrong values and unknown names (MD-01, TE-09, AT-09)', async (t) => {
  const yaml = `issuer: http://login.example/?x
isuer: x
server:
  host: 0.0.0.0
  prot: 8080
tokenErrorCode: invalid_token
resources:
  - audience: https://api.example
    scope: [read]
    token: { lifetime: 1 hour }
  - { audience: https://api.example/, locations: [/v1] }
clients:
  - { id: a, auth: client_secret_post, secret: { env: NOT_SET }, grants: [client_credentials], audiences: [elsewhere] }
  - { id: a, auth: client_secret_post, secret: { file: missing.txt }, grants: [client_credentials] }
  - { id: c, auth: client_secret_post, secret: { plain: x }, grants: [client_credentials], resource: "\${UNSET}" }
rules:
  - { client: a, actor: { require: true }, grant: { audiences: [https://api.example], lifetime: 10, maxDepth: 99 } }
`;
  const { code, stdout, lines } = await run(t, 'check', yaml);
  assert.deepEqual([code, stdout], [1, '']);
  assert.deepEqual(
    lines.map((line) => line.replace(/^(\d+):\d+: ([^ ]*):? .*$/, '$1 $2')),
    [
      '1 issuer:',
      '2 isuer:',
      '4 server.host:',
      '5 server.prot:',
      '6 tokenErrorCode:',
      '9 resources[https://api.example].scope:',
      '10 resources[https://api.example].token.lifetime:',
      '11 resources[https://api.example/].locations[0]:',
      '13 clients[a].secret:',
      '13 clients[a].audiences[0]:',
      '14 clients[a].id:',
      '14 clients[a].secret:',
      '15 clients[c].secret:',
      '15 clients[c].resource:',
      '17 rules[0].actor.require:',
      '17 rules[0].grant.lifetime:',
      '17 rules[0].grant.maxDepth:',
      ' 17 faults',
    ],
  );
});

test('a syntax error of YAML is a fault with its line; a duplicate key hides no other fault', async (t) => {
  const { code, lines } = await run(t, 'check', 'issuer: https://login.example\nresources:\n  - [\n');
  assert.equal(code, 1);
  assert.match(lines[0] ?? '', /^[34]:\d+: /);
  assert.deepEqual(
    await faultsOf('issuer: https://a.example\nissuer: https://b.example\nserver: { port: 1, port: 2, prot: 3 }'),
    [
      'fault issuer: this key stands twice in one map. Remove one of them.',
      'fault server.port: this key stands twice in one map. Remove one of them.',
      'fault server.prot: unknown key. Did you mean port, which stands here too? Remove one of them.',
    ],
  );
  const nine = (name: string): string => `[${Array(9).fill(name).join(', ')}]`;
  const aliases = `a: &a ${nine('x')}\nb: &b ${nine('*a')}\nc: &c ${nine('*b')}\nd: ${nine('*c')}`;
  assert.deepEqual(await faultsOf(aliases), [
    'fault : aliases (*name) stand for more than a file may hold. Write the values themselves.',
  ]);
  assert.deepEqual(await faultsOf('issuer: &us https://login.example\nresources: [{ audience: *us }]'), []);
  assert.deepEqual(await faultsOf(''), [
    'fault : the file is empty. It needs at least issuer, such as issuer: https://login.example.com.',
  ]);
  assert.deepEqual(await faultsOf('issuer: https://login.example'), []);
});

test('a file may be JSON: its faults have lines, and variables are substituted', async () => {
  const told = async (text: string): Promise<readonly string[]> => {
    const parsing = parseConfiguration(text, { file: 'cambio.json', environment: SURROUNDINGS });
    const faults = await parsing.then(({ warnings }) => warnings).catch(({ faults: found }) => found as Fault[]);
    return faults.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
  };
  const rule = '{ "client": "nobody", "grant": { "audiences": ["https://api.example"] } }';
  const client = '{ "id": "a", "auth": "none", "grants": ["token_exchange"], "publicExchange": true }';
  const file = (rest: string, issuer = 'https://login.example'): string =>
    `{\n  "issuer": "${issuer}",\n  "resources": [{ "audience": "https://api.example" }],\n  "clients": [${client}]${rest}\n}`;
  assert.deepEqual(await told(file('')), []);
  assert.deepEqual(await told(file('', `$\{ISSUER}`)), []);
  assert.deepEqual(await told(file(',\n  "colour": "blue"')), [
    '5:3 colour: unknown key. Known here: issuer, include, server, log, store, sealingKey, keys, audit, developerErrors, branding, tokenErrorCode, resources, authorizationServers, clients, clientDocuments, registration, accounts, upstream, console, regions, issuers, actors, rules.',
  ]);
  assert.deepEqual(await told(file(',\n  "clients": []')), [
    '5:3 clients: this key stands twice in one map. Remove one of them.',
  ]);
  assert.deepEqual(await told(file(`,\n  "rules": [\n    ${rule}]`)), [
    '6:17 rules[0].client: there is no client "nobody". Add it to clients.',
  ]);
});

test('an unknown name in a rule is a warning with its line, and the file is valid', async (t) => {
  const rule = `{ client: [gateway, nobody], subject: { clients: [no-one] }, grant: { audiences: [${API}, https://none.example], scopes: [read, fly] } }`;
  const text = `${textBeforeRules}rules:\n  - ${rule}`;
  const { code, stdout, lines } = await run(t, 'check', text, SURROUNDINGS);
  assert.equal(code, 0);
  assert.match(stdout, /good/);
  const last = text.split('\n').length;
  assert.deepEqual(
    lines.map((line) => line.replace(/^(\d+):\d+/, '$1')),
    [
      `${last}: warning: rules[0].client[1]: there is no client "nobody". Add it to clients.`,
      `${last}: warning: rules[0].subject.clients: there is no client "no-one". Add it to clients.`,
      `${last}: warning: rules[0].grant.audiences[1]: there is no resource with the audience "https://none.example". Add it to resources.`,
    ],
  );
  const unknownScope = withRules(
    `{ client: gateway, subject: { types: [access_token] }, grant: { audiences: [${API}], scopes: [read, raed] } }`,
  );
  assert.deepEqual(await faultsOf(unknownScope), [
    'warning rules[0].grant.scopes[1]: no audience of the rule has the scope "raed". Did you mean read?',
  ]);
  const idle = withRules(`{ client: agent, grant: { audiences: [${API}], scopes: [read] } }`);
  assert.deepEqual(await faultsOf(idle), [
    'warning rules[0].client: no client of this rule has the grant token_exchange. Add it to the grants of one.',
  ]);
  const rebinding = (subject: string): Configuration =>
    withRules(
      `{ client: gateway, rebind: bearer, subject: ${subject}, grant: { audiences: [${API}], scopes: [read] } }`,
    );
  assert.deepEqual(await faultsOf(rebinding('{ constrained: accept }')), []);
  assert.deepEqual(await faultsOf(rebinding('{}')), [
    'warning rules[0].rebind: rebind has no effect without constrained: accept below subject or actor. Add that, or remove rebind.',
  ]);
});

test('reads secrets from the environment, from a file, or from the configuration itself', async (t) => {
  const withSecrets = (gateway: Configuration, file: string): Configuration =>
    changed(
      configuration,
      { clients: edited('gateway', { secret: () => gateway }) },
      { clients: edited('agent', { secret: () => ({ file }) }) },
    );
  const fromEnvironment = { env: 'GATEWAY_SECRET' };
  const folder = folderOf(t, { 'agent.txt': 'agent-secret\n', 'empty.txt': '\n' });
  assert.deepEqual(await faultsOf(withSecrets(fromEnvironment, 'agent.txt'), { GATEWAY_SECRET: 'x' }, folder), []);
  assert.deepEqual(await faultsOf(withSecrets(fromEnvironment, 'empty.txt'), {}, folder), [
    'fault clients[gateway].secret: the environment variable GATEWAY_SECRET is not set. Set it where cambio is started.',
    'fault clients[agent].secret: empty.txt is empty. Write the secret into it.',
  ]);
  assert.deepEqual(await faultsOf(withSecrets(fromEnvironment, 'none.txt'), { GATEWAY_SECRET: 'x' }, folder), [
    `fault clients[agent].secret: cannot read ${folder}/none.txt: there is no such file. A path is relative to the configuration file.`,
  ]);
  const server = await start(t, withSecrets({ plain: 'gateway-secret' }, 'agent.txt'), {
    files: { 'agent.txt': 'agent-secret\n' },
  });
  assertIssued(
    server,
    await server.token({ grant_type: 'client_credentials' }, agentBasic),
    'the line feed is ignored',
  );
});

test('a value may come from the environment, with a default', async (t) => {
  const withLifetime = (lifetime: string): Configuration =>
    changed(configuration, { resources: edited(BACKEND, { token: { lifetime } }) });
  const yaml = withLifetime(`$\{LIFETIME:-10m}`);
  assert.deepEqual(await faultsOf(yaml, { LIFETIME: 'long' }), [
    'fault resources[https://backend.example].token.lifetime: "long" is not a duration. Write a number with its unit, such as 10m, 1h or 30d.',
  ]);
  assert.deepEqual(await faultsOf(yaml, { LIFETIME: '5m' }), []);
  assert.deepEqual(await faultsOf(yaml, { LIFETIME: '' }), [], 'an empty variable is one that is not set');
  assert.deepEqual(await faultsOf(withLifetime(`$\{LIFETIME}`)), [
    `fault resources[https://backend.example].token.lifetime: the environment variable LIFETIME is not set. Set it, or write a default: $\{LIFETIME:-VALUE}.`,
  ]);
  assert.deepEqual((await faultsOf(configuration, { PORT: 'many' })).length, 1, 'a number stays a number');
  const server = await start(t, yaml);
  const { body } = await exchange(server, { audience: BACKEND });
  assert.equal(body.expires_in, 600);
});

test('plain HTTP is for loopback, or for behind a proxy that is named; plain secrets and http issuers are for loopback (TE-70a)', async () => {
  const on = (server: string, issuer = 'https://login.example', rest = ''): Promise<string[]> =>
    faultsOf(`issuer: ${issuer}\nserver: ${server}\n${rest}`);
  const plainHttp = (host: string) => [
    `fault server.host: plain HTTP on ${host}, which is not loopback. Set server.tls, or server.trustProxy behind a proxy.`,
  ];
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'login.example', '127.0.0.1.example']) {
    assert.deepEqual(await on(`{ host: "${host}" }`), plainHttp(host), host);
    assert.deepEqual(await on(`{ host: "${host}", trustProxy: [10.0.0.0/8] }`), [], host);
  }
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost'])
    assert.deepEqual(await on(`{ host: "${host}" }`), [], host);
  const client = 'clients: [{ id: a, auth: client_secret_post, secret: { plain: x }, grants: [token_exchange] }]';
  assert.deepEqual(await on('{ host: 127.0.0.1 }', undefined, client), []);
  assert.match(
    (await on('{ host: 0.0.0.0, trustProxy: [10.0.0.0/8] }', undefined, client)).join(),
    /^fault clients\[a\]\.secret: /,
  );
  for (const issuer of ['http://localhost:8080', 'http://[::1]:8080', 'http://127.0.0.1', 'https://login.example/a']) {
    assert.deepEqual(await on('{}', `"${issuer}"`), [], issuer);
  }
  for (const issuer of [
    'http://login.example',
    'login.example',
    'https://a@b.example',
    'https://b.example/?a',
    'https://b.example/#',
    'ftp://b.example',
  ]) {
    assert.equal((await on('{}', `"${issuer}"`)).length, 1, issuer);
  }
});

/** Runs starts that must fail: each prints one line for each cause and no stack, and exits with 1. */
async function failToStart(
  t: TestContext,
  starts: readonly (readonly [yaml: string, why: RegExp, causes?: number])[],
): Promise<void> {
  const ends = await Promise.all(
    starts.map(async ([yaml, why, causes = 1]) => ({ why, causes, ...(await run(t, 'serve', yaml)) })),
  );
  for (const { why, causes, code, stdout, lines } of ends) {
    assert.deepEqual([code, stdout, lines.length], [1, '', causes], String(why));
    assert.match(lines[0] ?? '', why);
  }
}

test('a failed start prints the cause in one line, without a stack, and exits with 1', async (t) => {
  const port = await freePort();
  const taken = createServer().listen(port, '127.0.0.1');
  t.after(() => taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const yaml = (store: string): string =>
    `issuer: http://127.0.0.1:${port}\nserver: { port: ${port} }\nstore: "sqlite:${store}"\n`;
  await failToStart(t, [
    [
      yaml(':memory:'),
      new RegExp(
        `^cambio: cannot listen on 127\\.0\\.0\\.1 port ${port}: another program listens there\\. Stop that program, or write another port in server\\.port$`,
      ),
    ],
    [yaml('a-file/cambio.db'), /^cambio: .*a-file/],
    ['issuer: 1\n', /^cambio: 1:9: issuer: /],
  ]);
});

test('names a database or a certificate that cannot be used', async (t) => {
  const yaml = 'issuer: https://login.example\n';
  await failToStart(t, [
    [`${yaml}server: { port: 0 }\nstore: "sqlite:."\n`, /^cambio: .*cambio-test-/],
    [
      `${yaml}server: { port: 0, tls: { cert: a-file, key: a-file } }\n`,
      /^cambio: .*server\.tls\.cert: a-file holds nothing\./,
      2,
    ],
  ]);
});

test('exits with 2 for wrong usage, and with 1 for a missing file', async (t) => {
  const ends = await Promise.all([
    cambio(t, ['check']),
    cambio(t, ['chekc']),
    cambio(t, ['check', '--config', 'none.yaml']),
  ]);
  assert.deepEqual(
    ends.map(({ code }) => code),
    [2, 2, 1],
  );
  assert.equal(ends[2]?.stderr, 'none.yaml: cannot be read: there is no such file.\nnone.yaml: 1 fault\n');
});

test('developerErrors is allowed only on loopback without a trusted proxy, because it reveals which clients exist', async () => {
  const on = { developerErrors: true };
  assert.deepEqual(await faultsOf(changed(configuration, on)), []);
  for (const [more, said] of [
    [{ issuer: 'https://login.example' }, /is for a server on loopback only, and the issuer is https:/],
    [{ server: { host: '0.0.0.0' } }, /is for a server on loopback only, and server.host is 0.0.0.0/],
    [{ server: { trustProxy: ['127.0.0.1'] } }, /cannot be combined with server.trustProxy/],
  ] as const) {
    const faults = await faultsOf(changed(configuration, { ...more, ...on }));
    assert.match(faults.find((fault) => fault.startsWith('fault developerErrors: ')) ?? '', said);
  }
});

test('warns of a rule without types whose clients can get other tokens of this server', async () => {
  const people = changed(PEOPLE, { rules: all({ subject: { types: undefined } }) });
  const told = (await faultsOf(people)).filter((fault) => fault.includes('has no types'));
  const sentence =
    'has no types, so it takes access tokens of this server, but no ID token and no refresh token. Write types';
  assert.equal(told.length, 2);
  for (const fault of told) assert.ok(fault.includes(`].subject: ${sentence}`), fault);
  assert.deepEqual(
    (await faultsOf(PEOPLE)).filter((fault) => fault.includes('has no types')),
    [],
  );
});

test('warns of request.* in a condition or an added claim, and names the replacement', async () => {
  const rule = (when: string, claim = 'client.id'): Configuration =>
    withRules(
      `{ client: gateway, when: '${when}', grant: { audiences: [${API}], scopes: [read], claims: { x: '${claim}' } } }`,
    );
  for (const [text, instead] of [
    ['size(request.audiences) > 0', 'request.audiences is an older name. Write targets, the audiences'],
    ['"x" in request.resources', 'request.resources is an older name. Write targets, the audiences'],
    ['request.scope.exists(s, s == "read")', 'request.scope is an older name. Write scope, what'],
    ['request.requested_token_type == "jwt"', 'request.requested_token_type is an older name. Name the types in the'],
  ] as const) {
    const [when = '', ...others] = await faultsOf(rule(text));
    assert.ok(when.startsWith(`warning rules[0].when: ${instead}`), when);
    assert.deepEqual(others, []);
    const [claim = ''] = await faultsOf(rule('now > 1', text));
    assert.ok(claim.startsWith(`warning rules[0].grant.claims.x: ${instead}`), claim);
  }
  assert.deepEqual(await faultsOf(rule('"x" in targets || "read" in scope')), []);
});

const withDenial = (denial: Record<string, unknown>) =>
  withRules(
    { name: 'denial', effect: 'deny', ...denial },
    { name: 'open', client: 'gateway', grant: { audiences: [API] } },
  );

test('refuses a deny rule with an unknown name or with a grant', async () => {
  assert.deepEqual(await faultsOf(withDenial({ audiences: [API], subject: { issuer: 'self' } })), []);
  const wrong = [
    [
      { grant: { audiences: [API] } },
      'fault rules[denial].grant: unknown key. Known here: name, effect, client, mode, subject, actor, audiences, when, because, tests.',
    ],
    [
      { audiences: ['https://nothing.example'] },
      'fault rules[denial].audiences[0]: there is no resource with the audience "https://nothing.example". Add it to resources.',
    ],
    [
      { subject: { issuer: 'slef' } },
      'fault rules[denial].subject.issuer: there is no issuer "slef". Did you mean self?',
    ],
    [
      { actor: { forbidden: true, clients: 'agent' } },
      'fault rules[denial].actor: cannot have forbidden and another key. Remove one of them.',
    ],
    [
      { subject: { issuer: 'self', types: ['id_token'] }, actor: { types: ['jwt'] } },
      'fault rules[denial].actor.types: these are types under which a caller sends a JWT of another issuer, so another type escapes the rule. Remove types, or set issuer: self.',
    ],
    [{ effect: 'forbid' }, 'fault rules[denial].effect: "forbid" is not one of allow, deny.'],
    [
      { when: '1 == 2' },
      'warning rules[denial].when: this condition is never true, so the rule never matches. Remove the rule, or mend the condition.',
    ],
    [{ client: 'nobody' }, 'warning rules[denial].client: there is no client "nobody". Add it to clients.'],
  ] as const;
  for (const [denial, told] of wrong) assert.deepEqual(await faultsOf(withDenial(denial)), [told]);
});
