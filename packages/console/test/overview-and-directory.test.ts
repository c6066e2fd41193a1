// The pages Overview and Directory in a real browser, at a real server: from the first run to what fails, and what a client can reach.
import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import { API, BACKEND } from '../../server/test/support/basics.ts';
import { noBrowser } from '../../server/test/support/chromium.ts';
import { added, changed, entries } from '../../server/test/support/configuration.ts';
import { withConsole } from '../../server/test/support/console.ts';
import { EXCHANGE, type } from '../../server/test/support/harness.ts';
import { entry, type FakeIssuer, status as failing, JWKS, startIssuer } from '../../server/test/support/issuer.ts';
import { authorizeAs, configuration, redeem } from '../../server/test/support/people.ts';
import { type Client, sampleFrom } from '../src/shared/sample-exchange.ts';
import { assertFits, type ConsoleWorld, settle, startConsole, type Visitor } from './world.ts';

const OPERATORS = [{ account: 'ada', scopes: ['admin:read', 'admin:write'] }];
const agent = { client_id: 'agent', client_secret: 'agent-secret' };

test('a sample exchange takes the subjects of its rule, and a client that a pattern means', () => {
  const clients = [
    { id: 'gateway', entry: { grants: ['token_exchange'] } },
    { id: 'agent-1', entry: { grants: ['token_exchange', 'client_credentials'] } },
  ] as unknown as readonly Client[];
  const rule = {
    client: 'agent-*',
    subject: { clients: ['web-*', 'web'], subjects: ['svc-*', 'grace'] },
    actor: { required: true },
    grant: { audiences: ['https://*.example', API], scopes: { read: ['read'] } },
  };
  const token = { issuer: 'self', type: 'access_token' };
  assert.deepEqual(sampleFrom([{ ...rule, effect: 'deny' }, rule], clients), {
    rule: 'rule 2',
    client: 'agent-1',
    subject: { ...token, client: 'web', claims: { sub: 'grace' } },
    actor: { ...token, client: 'agent-1', claims: { sub: 'agent-1' } },
    audience: API,
    scope: 'read',
  });
  const foreign = { ...rule, subject: { issuer: 'idp', types: 'jwt' } };
  assert.deepEqual(sampleFrom([foreign], clients)?.subject, { issuer: 'idp', type: 'jwt', claims: { sub: 'ada' } });
});

suite('the pages Overview and Directory in a browser', { skip: noBrowser }, () => {
  const ends: (() => Promise<void>)[] = [];
  let idp: FakeIssuer;
  let world: ConsoleWorld;
  let ada: Visitor;
  before(async () => {
    const t = { after: (end: () => Promise<void>) => void ends.push(end) };
    idp = await startIssuer(t as Pick<TestContext, 'after'>);
    const rules = [
      {
        name: 'never bob',
        effect: 'deny',
        subject: { issuer: 'idp', when: 'subject.sub == "bob"' },
        because: 'he left',
      },
      {
        name: 'only ada',
        client: 'agent',
        subject: { issuer: 'idp', types: ['jwt'] },
        grant: { audiences: [BACKEND], scopes: ['read'] },
      },
    ];
    const base = changed(configuration, { issuers: entries([entry(idp)]), rules: added(...rules) });
    world = await startConsole(t, withConsole(OPERATORS, base));
    ada = await world.open();
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });

  const exchange = (form: Record<string, string>) =>
    world.server.token({
      grant_type: EXCHANGE,
      ...agent,
      subject_token_type: type('access_token'),
      audience: API,
      ...form,
    });
  const subjectToken = async () =>
    String((await redeem(world.server, await authorizeAs(world.server))).body.access_token);

  test('a fresh server offers a demo exchange, which issues nothing, until somebody exchanges a token', async () => {
    const { page } = ada;
    await ada.visit('overview');
    await page.goto(`${world.server.issuer}/console`);
    await page.waitForURL(/\/console\/overview$/);
    await page.getByRole('button', { name: 'Run the demo exchange' }).click();
    await page.getByText('Allowed', { exact: true }).waitFor();
    assert.equal(await page.locator('.checklist li[data-state=passed]').count(), 12);
    const commands = await page.locator('pre', { hasText: 'grant_type=' }).innerText();
    assert.match(commands, /subject_token=\$SUBJECT_TOKEN/);
    assert.doesNotMatch(commands, /agent-secret/);
    assert.deepEqual(await ada.findings(), []);
    assert.equal((await exchange({ subject_token: await subjectToken() })).status, 200);
    await page.getByText('Run a first exchange').waitFor({ state: 'hidden' });
  });

  test('says how many got a token, why others did not, and for whom, in words, a chart and a table', async () => {
    const { page } = ada;
    assert.equal((await exchange({ subject_token: await subjectToken(), scope: 'admin' })).status, 400);
    await ada.visit('overview?period=24h');
    await page.getByText(/^In the last day, \d+ tokens were issued and 1 request was refused/).waitFor();
    await page.locator('.chart canvas').nth(1).waitFor();
    await page.getByText('Numbers').first().click();
    await page.getByRole('columnheader', { name: 'got no token' }).waitFor();
    const target = page.getByRole('row').filter({ has: page.getByRole('link', { name: API, exact: true }) });
    assert.match(await target.innerText(), /half within \d.* m?s, 99 % within \d.* m?s/);
    await page.getByText('This node serves requests, and has nothing to repair.').waitFor();
    await page.getByText(/^(?:Verified up to row \d+ of|No row is signed yet)/).waitFor();
    await page.getByText(/, with the configuration [0-9a-f]{12}\./).waitFor();
    assert.deepEqual(await ada.findings(), []);
    await page.getByRole('link', { name: /more scope was requested/ }).focus();
    const goal = await page.evaluate('document.activeElement.href');
    assert.match(String(goal), /\/console\/audit\?outcome=refused&reason=\w+$/);
  });

  test('shows faults first: an issuer whose keys cannot be fetched', async () => {
    const { page } = ada;
    idp.instead.set(JWKS, failing(500));
    await exchange({ subject_token: idp.sign({ sub: 'ada' }), subject_token_type: type('jwt') });
    await ada.visit('overview');
    await page.getByText('issuer_keys', { exact: true }).waitFor();
    await page.getByText('The last fetch failed').waitFor();
    assert.deepEqual(await ada.findings(), []);
    idp.instead.delete(JWKS);
  });

  test('a client is found by keyboard, and its page answers what it can reach', async () => {
    const { page } = ada;
    await ada.visit('directory');
    await page.keyboard.press('/');
    await page.keyboard.type('age');
    await page.waitForURL(/search=age/);
    const row = page.getByRole('table', { name: 'The clients' }).locator('[data-index="0"]');
    await row.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/name=agent/);
    await page
      .getByText('agent can reach 2 targets: 2 by exchange, under 2 rules; 1 with its own credentials.')
      .waitFor();
    const marks = page.locator('.matrix tbody').getByRole('img');
    assert.deepEqual(await marks.evaluateAll((all) => all.map((one) => one.ariaLabel)), [
      'always',
      'if its conditions hold',
    ]);
    await page
      .getByText(/“never bob” denies/)
      .first()
      .waitFor();
    await page.getByLabel('Language').selectOption('Python');
    const program = await page.getByRole('region', { name: 'program' }).innerText();
    assert.match(program, /"audience", "https:\/\/api\.example"/);
    await page.getByRole('button', { name: 'Find rights unused for 30 days' }).click();
    await page.getByText(/^rule only ada, without any use in the log/).waitFor();
    assert.deepEqual(await ada.findings(), []);
  });

  test('the reach is narrowed to tokens about one subject, and drawn as a graph', async () => {
    const { page } = ada;
    const token = `eyJ${'a'.repeat(40)}.e30.c2ln`;
    await page.getByLabel('Only with tokens about').fill(token);
    await page.keyboard.press('Enter');
    await page.getByText('This is the text of a token').waitFor();
    assert.doesNotMatch(page.url(), /eyJ/);
    await page.getByLabel('Only with tokens about').fill('carol');
    await page.getByLabel('of the issuer').fill('idp');
    await page.keyboard.press('Enter');
    await page.waitForURL(/subject=carol/);
    await page.getByText(/agent can reach 1 target with tokens about carol: 1 by exchange, under 1 rule/).waitFor();
    await page
      .getByText(/“never bob” denies/)
      .first()
      .waitFor({ state: 'hidden' });
    await page.getByText('Graph', { exact: true }).click();
    await page.waitForURL(/view=graph/);
    await page.locator('.react-flow__node').nth(2).waitFor();
    assert.deepEqual(await ada.findings(), []);
    await page.getByRole('link', { name: 'only ada' }).click();
    await page.waitForURL(/kind=rules/);
    await page.getByText('About the rule').waitFor();
  });

  test('an issuer has its keys, its last fetch, and a way to try one of its tokens', async () => {
    const { page } = ada;
    await ada.visit('directory?kind=issuers&name=idp');
    await page.getByText('Last fetch', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'only ada' }).waitFor();
    const link = await page.getByRole('link', { name: 'Try a token of this issuer' }).getAttribute('href');
    const facts = JSON.parse(new URL(link ?? '', world.server.issuer).searchParams.get('subjectFacts') ?? '{}');
    assert.deepEqual(facts, { issuer: 'idp', type: 'jwt', claims: { sub: 'ada' } });
  });

  test('every list and every entry is accessible and fits 360 pixels', async () => {
    const { page } = ada;
    for (const query of [
      'resources',
      `resources&name=${API}`,
      'issuers',
      'rules',
      'rules&name=never bob',
      'people&name=ada',
    ]) {
      await page.setViewportSize({ width: 360, height: 740 });
      await ada.visit(`directory?kind=${query}`);
      await settle(page);
      assert.deepEqual(await ada.findings(), [], query);
      await assertFits(page, query);
    }
    await ada.visit('directory?kind=clients&name=agent');
    await page.locator('.matrix').waitFor();
    await assertFits(page, 'a client');
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('an entry that is not there, and a kind without entries, say what to do next', async () => {
    const { page } = ada;
    await ada.visit('directory?name=nobody');
    await page.getByText('There is no client nobody').waitFor();
    await ada.visit(`directory?${new URLSearchParams({ kind: 'clients', name: 'x; touch /tmp/pasted' })}`);
    await page.getByText("cambio audit search --client 'x; touch /tmp/pasted'", { exact: true }).waitFor();
    await ada.visit('directory?kind=rules&name=none');
    await page.getByText('none is not one of the rules').waitFor();
    await ada.visit('directory?kind=rules');
    await page.getByLabel('Find by name').fill(`eyJ${'a'.repeat(40)}.e30.c2ln`);
    assert.equal(await page.getByLabel('Find by name').inputValue(), '');
    assert.doesNotMatch(page.url(), /eyJ/);
    await world.server.reload(withConsole(OPERATORS));
    await ada.visit('directory?kind=issuers');
    await page.getByText('No other issuer is trusted').waitFor();
    assert.deepEqual(await ada.findings(), []);
  });

  test('makes no request to another origin, and nothing that the browser complains of', () => {
    assert.deepEqual(world.complaints, []);
  });
});
