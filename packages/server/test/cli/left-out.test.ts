// Commands for an emergency work while an included file is faulty: they leave it out, and say so.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventOf } from '../../src/audit/row.ts';
import { API, configuration, exchange, subjectToken } from '../support/basics.ts';
import { beside, type Outcome } from '../support/command.ts';
import { changed } from '../support/configuration.ts';
import { everythingIn, start, type TestServer } from '../support/harness.ts';

const PAY = 'https://pay.example/api';
const SECRET = `secret: { sha256: ${'a'.repeat(43)} }`;

const teamFile = (key: string): string => `resources:
  - { audience: ${PAY}, ${key}: [pay] }
clients:
  - { id: pay-api, auth: client_secret_post, ${SECRET}, grants: [token_exchange], resource: ${PAY} }
rules:
  - { name: pay, client: pay-api, grant: { audiences: [${PAY}], scopes: [pay] } }
`;
const otherFile = (key: string): string => `clients:
  - { id: search-api, ${key}: client_secret_post, ${SECRET}, grants: [token_exchange] }
`;
const [team, others] = [teamFile('scopes'), otherFile('auth')];
const partner =
  'issuers:\n  - { issuer: https://partner.example, name: partner, accepts: [jwt], audiences: [x], jwksUri: https://partner.example/jwks }\n';

/** Its rules, clients and actors name entries of the included files. */
const main = `issuer: \${ISSUER}
server:
  port: \${PORT}
store: sqlite:cambio.db
include:
  - { path: team-a.yaml, audiences: ['https://pay.example/*'] }
  - { path: team-b.yaml, clients: [search-*] }
  - partner.yaml
resources:
  - { audience: ${API}, scopes: [read, write] }
clients:
  - { id: gateway, auth: client_secret_post, secret: { file: gateway.secret }, grants: [client_credentials, token_exchange], audiences: [${API}] }
  - { id: backend, auth: none, publicExchange: true, grants: [token_exchange], resource: ${PAY} }
actors:
  - { name: partners, issuer: partner, subjects: [job], limits: { perDay: 10 } }
rules:
  - { name: nobody pays, effect: deny, client: [backend, search-api], audiences: [${PAY}] }
  - { name: no partner, effect: deny, client: backend, subject: { issuer: partner } }
  - { name: day, client: gateway, grant: { audiences: [${API}, ${PAY}], scopes: [read, pay] } }
`;
const files = {
  'gateway.secret': 'gateway-secret',
  'entry.yaml': 'auth: none\npublicExchange: true\ngrants: [token_exchange]\n',
  'team-a.yaml': team,
  'team-b.yaml': others,
  'partner.yaml': partner,
};

const startWithTeams = (t: TestContext): Promise<TestServer> =>
  start(t, main, {
    files,
    recorded: true,
  });

/** Commands that need the database, most for an emergency. */
const commands: readonly (readonly string[])[] = [
  ['actors suspend', 'gateway', '--reason', 'leak'],
  ['actors list'],
  ['actors resume', 'gateway'],
  ['tokens revoke', '--client', 'gateway'],
  ['clients list'],
  ['clients show', 'gateway'],
  ['keys list'],
  ['keys rotate'],
  ['audit search', '--since', '2h'],
  ['audit export'],
  ['audit verify'],
  ['audit erase', '--subject', 'ada', '--yes'],
  ['policy history'],
  ['policy unused', '--since', '2h'],
  ['store migrate'],
];

const faulty: readonly (readonly [name: string, change: (folder: string) => void, said: RegExp, file: string])[] = [
  [
    'a misspelled key',
    (folder) => writeFileSync(join(folder, 'team-a.yaml'), teamFile('scope')),
    /^\S*team-a\.yaml:2:\d+: warning: resources\[https:\/\/pay\.example\/api\]\.scope: unknown key/m,
    'team-a.yaml',
  ],
  [
    'a fault of YAML',
    (folder) => writeFileSync(join(folder, 'team-a.yaml'), `${team}  - [\n`),
    /^\S*team-a\.yaml:\d+:\d+: warning: /m,
    'team-a.yaml',
  ],
  [
    'an audience beyond its limits',
    (folder) =>
      writeFileSync(join(folder, 'team-b.yaml'), `${others}resources:\n  - { audience: ${API}, scopes: [read] }\n`),
    /^\S*team-b\.yaml:4:\d+: warning: .*audience/m,
    'team-b.yaml',
  ],
  [
    'a file that is gone',
    (folder) => rmSync(join(folder, 'team-a.yaml')),
    /team-a\.yaml: warning: cannot read .*team-a\.yaml/,
    'team-a.yaml',
  ],
  [
    'issuers with a fault',
    (folder) => writeFileSync(join(folder, 'partner.yaml'), partner.replace('jwksUri: https', 'jwksUri: ftp')),
    /partner\.yaml:2/,
    'partner.yaml',
  ],
];

const patient = { timeout: 120_000 };

for (const [name, change, said, file] of faulty)
  test(
    `commands for the database go on without a file that has ${name}; check and explanations of other requests do not`,
    patient,
    async (t) => {
      const server = await startWithTeams(t);
      const refused = await exchange(server, { audience: 'https://unknown.example' });
      change(server.folder);
      const left = new RegExp(
        `^\\S*${file}: warning: the file is left out: its clients, resources, issuers and rules are not known to this command\\.$`,
        'm',
      );
      const isDone = (outcome: Outcome, what: readonly string[]): void => {
        assert.match(outcome.stderr, said, what.join(' '));
        assert.match(outcome.stderr, left, what.join(' '));
      };
      for (const command of name === 'a misspelled key' ? commands : commands.slice(0, 3)) {
        const outcome = await beside(t, server, command);
        assert.equal(outcome.code, 0, `${command.join(' ')}: ${outcome.stderr}`);
        isDone(outcome, command);
      }
      // The rest of the files is not a configuration that anybody wrote.
      const written = (everythingIn(server).audit as { event: string; personal: string | null }[]).map(eventOf);
      for (const { by, configuration: digest } of written.filter(({ address }) => address === 'command line'))
        assert.deepEqual([by?.pid, digest], [process.pid, undefined]);
      assert.ok(written.some(({ address }) => address === 'command line'));
      const explained = await beside(t, server, ['explain', '--request', String(refused.body.request_id)]);
      assert.equal(explained.code, 3, explained.stderr);
      isDone(explained, ['explain']);
      for (const strict of [
        ['check'],
        ['explain', '--client', 'gateway', '--subject-token', 'x'],
        ['targets', '--client', 'gateway', '--subject-token', 'x'],
        ['policy unused', '--since', '2h', '--patch'],
        ['clients create', 'pay-api', '--entry', join(server.folder, 'entry.yaml')],
        ['audit erase', '--subject', 'job', '--issuer', 'https://partner.example', '--yes'],
      ]) {
        const { code, stderr, stdout } = await beside(t, server, strict);
        assert.equal(code, 1, `${strict.join(' ')}: ${stdout}${stderr}`);
      }
    },
  );

test('a fault of the main file refuses every command, with and without a faulty included file', patient, async (t) => {
  const server = await startWithTeams(t);
  writeFileSync(join(server.folder, 'cambio.yaml'), main.replace('name: day', 'nam: day'));
  for (const text of [team, `${team}  - [\n`]) {
    writeFileSync(join(server.folder, 'team-a.yaml'), text);
    const { code, stderr } = await beside(t, server, ['actors suspend', 'gateway']);
    assert.deepEqual([code, /nam: unknown key/.test(stderr)], [1, true], stderr);
  }
});

test('several faulty files are left out together; without a fault nothing is said', patient, async (t) => {
  const server = await startWithTeams(t);
  const good = await beside(t, server, ['actors list']);
  assert.deepEqual([good.code, good.stderr], [0, '']);
  const mistyped = await beside(t, server, ['actors suspend', 'gatewax']);
  assert.match(mistyped.stderr, /Did you mean gateway\?/);
  writeFileSync(join(server.folder, 'team-a.yaml'), `${team}  - [\n`);
  writeFileSync(join(server.folder, 'team-b.yaml'), otherFile('aut'));
  const { code, stderr } = await beside(t, server, ['actors suspend', 'pay-api']);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /team-a\.yaml: warning: the file is left out[\s\S]*team-b\.yaml: warning: the file is left out/);
  assert.match(stderr, /the name pay-api\. It may be in \S*team-a\.yaml, \S*team-b\.yaml, left out here\. .*--unknown/);
  // A name that is similar is somebody else's.
  for (const [command, ...names] of [
    ['actors suspend', 'gatewax'],
    ['tokens revoke', '--client', 'gatewax'],
    ['tokens revoke', '--issuer', `${server.issuer}/x`],
    ['audit search', '--client', 'gatewax'],
    ['clients show', 'gatewax'],
  ] as const) {
    const outcome = await beside(t, server, [command, ...names]);
    assert.match(outcome.stderr, /It may be in \S*team-a\.yaml, /, command);
    assert.doesNotMatch(outcome.stderr, /there is no .*Did you mean/, command);
  }
  assert.equal((await beside(t, server, ['actors suspend', 'pay-api', '--unknown'])).code, 0);
});

test(
  'explain sends nobody to a file whose limits forbid the mend, and names the first rule that came nearest',
  patient,
  async (t) => {
    const other = 'https://other.example/api';
    const gateway = { id: 'gateway', auth: 'client_secret_post', secret: { plain: 'gateway-secret' } };
    const server = await start(
      t,
      changed(configuration, {
        include: { path: 'team-a.yaml', audiences: ['https://pay.example/*', 'https://other.example/*'] },
        resources: [API, other].map((audience) => ({ audience, scopes: ['read'] })),
        clients: [{ ...gateway, grants: ['client_credentials'], audiences: [PAY], scopes: ['pay'] }],
        rules: undefined,
      }),

      {
        files: {
          'team-a.yaml': `${team}  - { name: pay later, client: pay-api, grant: { audiences: [${PAY}], scopes: [pay] } }\n`,
        },
      },
    );
    const subject_token = await subjectToken(server);
    const explained = async (audience: string): Promise<string> => {
      const { stdout } = await beside(t, server, [
        'explain',
        '--client',
        'pay-api',
        '--subject-token',
        subject_token,
        '--audience',
        audience,
      ]);
      assert.match(stdout, /The reason is target_not_granted/);
      return stdout;
    };
    const foreign = await explained(API);
    assert.match(
      foreign,
      /^What to do: Write a rule for the client in the main file: the limits of \S*team-a\.yaml exclude the audience\. Or let the entry of include there have it\.$/m,
    );
    assert.match(foreign, /^In the file: \S*cambio\.yaml:\d+, rules$/m);
    const ours = await explained(other);
    assert.match(ours, /^What to do: Add the audience to grant\.audiences of the rule/m);
    assert.match(ours, /^In the file: \S*team-a\.yaml:6, rules\[pay\]\.grant\.audiences$/m);
  },
);
