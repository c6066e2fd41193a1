// The playground in a real browser: facts, pasted tokens and audit rows, links, a draft, a policy test, and code that runs.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { API, client as clientEntry } from '../../server/test/support/basics.ts';
import { noBrowser } from '../../server/test/support/chromium.ts';
import { added, changed } from '../../server/test/support/configuration.ts';
import { withConsole } from '../../server/test/support/console.ts';
import { type Answer, EXCHANGE, type } from '../../server/test/support/harness.ts';
import { configuration } from '../../server/test/support/people.ts';
import { repository } from '../../server/test/support/program.ts';
import type { SnippetRequest } from '../src/shared/snippets/form.ts';
import { type Language, languages, writeSnippet } from '../src/shared/snippets/index.ts';
import { assertFits, type ConsoleWorld, rulesOf, settle, startConsole, type Visitor, writeRules } from './world.ts';

const run = promisify(execFile);

const source = withConsole(
  [{ account: 'ada', scopes: ['admin:read', 'admin:write'] }],
  changed(configuration, {
    clients: added(
      clientEntry('gateway', { grants: ['token_exchange'] }),
      clientEntry('basic', { auth: 'client_secret_basic', grants: ['token_exchange'] }),
      clientEntry('open', { auth: 'none', secret: undefined, publicExchange: true, grants: ['token_exchange'] }),
    ),
    rules: added({
      name: 'machines exchange their own',
      client: ['gateway', 'basic', 'open'],
      subject: { issuer: 'self', clients: ['machine'] },
      actor: { clients: ['agent'] },
      grant: { audiences: [API], scopes: ['read', 'write'], types: ['access_token', 'jwt'], lifetime: '10m' },
    }),
  }),
);

const MACHINE = { issuer: 'self', type: 'access_token', client: 'machine', claims: { sub: 'machine' } };
const WEB = { ...MACHINE, client: 'web', claims: { sub: 'web' } };
const link = (parameters: Readonly<Record<string, unknown>>): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    query.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  return `playground?${query}`;
};

suite('the playground', { skip: noBrowser }, () => {
  const ends: (() => Promise<void>)[] = [];
  let world: ConsoleWorld;
  let ada: Visitor;
  let token: string;
  let actor: string;
  before(async () => {
    world = await startConsole({ after: (end) => void ends.push(end) }, source);
    ada = await world.open();
    const tokenOf = async (id: string): Promise<string> => {
      const form = { grant_type: 'client_credentials', client_id: id, client_secret: `${id}-secret` };
      const { body } = await world.server.token({ ...form, audience: API });
      return String(body.access_token);
    };
    token = await tokenOf('machine');
    actor = await tokenOf('agent');
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });

  const verdict = (word: 'Allowed' | 'Refused') =>
    ada.page.getByRole('region', { name: 'Verdict' }).getByRole('heading', { name: word });
  const steps = () => ada.page.getByRole('list', { name: 'Steps' });

  test('fills in an example, and shows each step, each rule and each claim', async () => {
    const { page } = ada;
    await ada.visit('playground');
    await page.getByText('Still missing: the client and the subject token').waitFor();
    await page.getByRole('button', { name: 'Fill in an example' }).click();
    await page.waitForURL(/client=agent/);
    await verdict('Allowed').waitFor();
    await ada.visit(link({ client: 'gateway', subjectFacts: MACHINE, audience: [API], tab: 'token' }));
    await verdict('Allowed').waitFor();
    assert.equal(await steps().locator('> li[data-state=passed]').count(), 12);
    await steps().getByText('“machines exchange their own” decides').waitFor();
    const claims = page.getByRole('region', { name: 'Claims' });
    await claims
      .getByRole('row', { name: /^exp / })
      .getByText('in 9 minutes')
      .or(claims.getByText('in 10 minutes'))
      .first()
      .waitFor();
    assert.deepEqual(await ada.findings(), []);
    await page.getByRole('tab', { name: 'Response' }).click();
    await page.getByText('"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"').waitFor();
  });

  test('says which part of which rule does not match, and follows a changed field', async () => {
    const { page } = ada;
    await ada.visit(link({ client: 'gateway', subjectFacts: WEB, audience: [API] }));
    await verdict('Refused').waitFor();
    const rule = page
      .getByRole('list', { name: 'Rules' })
      .getByRole('listitem')
      .filter({ hasText: 'machines exchange' });
    await rule.getByText('subject.clients').waitFor();
    const box = await rule.getByRole('link').boundingBox();
    assert.ok(box !== null && box.width > box.height, 'the name of the rule is on one line or two');
    assert.equal(await steps().locator('> li[data-state=failed] .checklist-step').innerText(), 'rule');
    await page.getByRole('combobox', { name: 'Issued to the client' }).fill('machine');
    await page.getByLabel('Subject (sub)').fill('machine');
    await verdict('Allowed').waitFor();
    await page.waitForURL(/%22client%22%3A%22machine%22/);
  });

  test('keeps a pasted token in memory: it is folded, judged, and in no address', async () => {
    const { page } = ada;
    await ada.visit(link({ client: 'gateway', audience: [API] }));
    await page.getByLabel('Subject token').fill(token);
    await verdict('Allowed').waitFor();
    await page.getByLabel('Scope', { exact: true }).fill('read');
    await page.waitForURL(/scope=read/);
    await page.getByText(`${token.length} characters`).waitFor();
    assert.equal(await page.getByText(token).count(), 0);
    // A token in a wrong field does not get into the address either.
    await page.getByLabel('Scope', { exact: true }).fill(token);
    await page.getByText('This looks like a token').waitFor();
    await page.waitForURL((url) => !url.searchParams.has('scope'));
    const kept = await page.evaluate(
      'JSON.stringify([location.href, history.state, { ...localStorage }, { ...sessionStorage }])',
    );
    assert.equal(String(kept).includes(token.slice(10, 40)), false);
    await page.reload();
    await page.getByText('Still missing: the subject token').waitFor();
    assert.equal(await page.getByRole('combobox', { name: 'Client', exact: true }).inputValue(), 'gateway');
  });

  test('starts from an audit row, and shows what was found then if its token was never valid', async () => {
    const { page } = ada;
    const credentials = { grant_type: EXCHANGE, client_id: 'gateway', client_secret: 'gateway-secret' };
    const form = { ...credentials, subject_token: token, subject_token_type: type('access_token'), audience: API };
    const refused = await world.server.token({ ...form, scope: 'admin' });
    const id = refused.headers.get('x-request-id') ?? '';
    await ada.visit(`playground?row=${id}`);
    await verdict('Refused').waitFor();
    assert.equal(await page.getByRole('combobox', { name: 'Client', exact: true }).inputValue(), 'gateway');
    await page.getByLabel('Scope', { exact: true }).fill('read');
    await verdict('Allowed').waitFor();
    const invalid = await world.server.token({ ...form, subject_token: `${token}x` });
    await ada.visit(`playground?row=${invalid.headers.get('x-request-id')}`);
    await page.getByText('the request is not of an exchange that the rules decided').waitFor();
    await page.getByText('then, from the audit row').waitFor();
    await page.getByRole('button', { name: 'Use the facts of the row' }).click();
    await page.waitForURL(/subject=facts/);
  });

  test('makes a refused exchange pass in a draft, and writes it as a policy test', async () => {
    const { page } = ada;
    await ada.visit(link({ client: 'gateway', subjectFacts: WEB, audience: [API] }));
    await verdict('Refused').waitFor();
    await page.getByRole('button', { name: 'Try a draft of the rules' }).click();
    const text = rulesOf(world);
    await writeRules(page, `${text}  - nonsense\n`);
    await page.getByText('The draft has faults').waitFor();
    await page.getByText('One fault.').waitFor();
    await assertFits(page, 'a draft with faults');
    await writeRules(page, text.replace('- machine\n', '- web\n'));
    await page.getByText('by the draft. The rules in force refuse it').waitFor();
    await verdict('Allowed').waitFor();
    assert.deepEqual(await ada.findings(), []);
    await page.getByRole('figure', { name: 'patch', exact: true }).getByText('- web').first().waitFor();
    await page.getByRole('button', { name: 'Save as a policy test' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('expect: allowed').first().waitFor();
    await dialog.getByLabel('Name').fill('the web may too');
    await dialog.getByText('name: the web may too').first().waitFor();
    assert.deepEqual(await ada.findings(), []);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Discard' }).click();
    await verdict('Refused').waitFor();
  });

  test('writes code that runs: each language, each kind of secret, and text that wants escapes', async () => {
    const plain: SnippetRequest = {
      issuer: world.server.issuer,
      client: 'gateway',
      auth: 'client_secret_post',
      needsDpop: false,
      grant: 'token-exchange',
      subjectType: 'access_token',
      actorType: undefined,
      audience: [API],
      resource: [],
      scope: 'read',
      requestedType: '',
    };
    const odd = `it's "$(touch /tmp/x)" \`id\` \\u0041 ü`;
    const requests: readonly (readonly [Partial<SnippetRequest>, Readonly<Record<string, string>>])[] = [
      [{ actorType: 'access_token', requestedType: 'jwt' }, { CLIENT_SECRET: 'gateway-secret' }],
      [{ client: 'basic', auth: 'client_secret_basic' }, { CLIENT_SECRET: 'basic-secret' }],
      [{ client: 'open', auth: 'none' }, {}],
      [{ audience: [odd] }, { CLIENT_SECRET: 'gateway-secret' }],
    ];
    for (const [changes, secrets] of requests) {
      const request = { ...plain, ...changes };
      const env = { ...process.env, ...secrets, SUBJECT_TOKEN: token, ACTOR_TOKEN: actor };
      for (const language of runnable) {
        const { stdout, stderr } = await execute(language, writeSnippet(language, request), env);
        const label = `${language} ${JSON.stringify(changes)}: ${stdout} ${stderr}`;
        if (request.audience[0] === odd) {
          assert.match(stdout + stderr, /invalid_target/, label);
          const id = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/.exec(stdout + stderr)?.[0] ?? '';
          const row = world.server.audit({ headers: new Headers({ 'x-request-id': id }) } as Answer);
          assert.deepEqual(row?.audiencesAsked, [odd], label);
        } else assert.match(stdout, /Bearer|N_A/, label);
      }
    }
    for (const language of Object.keys(languages) as Language[])
      assert.doesNotMatch(writeSnippet(language, plain), /gateway-secret|eyJ/);
  });

  test('complains of nothing', async () => {
    await settle(ada.page);
    assert.deepEqual(world.complaints, []);
  });
});

const COMMANDS: Readonly<
  Record<'curl' | 'TypeScript' | 'Python', (text: string) => readonly [string, readonly string[]]>
> = {
  curl: (text) => ['sh', ['-c', text]],
  TypeScript: (text) => [
    process.execPath,
    ['--conditions=source', '--no-warnings', '--input-type=module-typescript', '--eval', text],
  ],
  Python: (text) => ['python3', ['-c', text]],
};

const programs = { curl: 'curl', TypeScript: process.execPath, Python: 'python3' } as const;
/** The languages whose program this machine has. */
const runnable = (['curl', 'TypeScript', 'Python'] as const).filter(
  (language) => spawnSync(programs[language], ['--version']).status === 0,
);

async function execute(
  language: keyof typeof COMMANDS,
  text: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const [command, args] = COMMANDS[language](text);
  return run(command, [...args], { cwd: repository, env }).catch((error) => error);
}
