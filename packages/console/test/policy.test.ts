// The pages Policy and Replay in a real browser: rules in words, a draft with faults, tests and a patch, and what it would have decided.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { API, BACKEND } from '../../server/test/support/basics.ts';
import { noBrowser } from '../../server/test/support/chromium.ts';
import { added, changed } from '../../server/test/support/configuration.ts';
import { EXCHANGE, type TestServer, type } from '../../server/test/support/harness.ts';
import { eventually } from '../../server/test/support/node.ts';
import { completeRules } from '../src/shared/draft/completion.ts';
import { placeAt } from '../src/shared/draft/yaml-place.ts';
import {
  assertFits,
  type ConsoleWorld,
  operated,
  rulesOf,
  settle,
  startConsole,
  type Visitor,
  writeRules,
} from './world.ts';

const SUBJECT = { client: 'agent', claims: { sub: 'agent' } };
const OWN = 'the agent calls for itself';
const source = changed(operated, {
  rules: added({
    name: OWN,
    client: 'agent',
    subject: { issuer: 'self', types: ['access_token'], when: 'subject.sub != "root"' },
    grant: { audiences: [API], scopes: ['read'], lifetime: '5m' },
    tests: [
      { name: 'its own token', subject: SUBJECT, expect: 'allowed' },
      { name: 'no other target', subject: SUBJECT, audience: BACKEND, expect: { refused: 'target_not_granted' } },
    ],
  }),
});

/** Exchanges of the agent: one that is allowed, and two that no rule allows. */
async function recordExchanges(server: TestServer): Promise<void> {
  const agent = { client_id: 'agent', client_secret: 'agent-secret' };
  const own = await server.token({ grant_type: 'client_credentials', ...agent });
  const subject = { subject_token: String(own.body.access_token), subject_token_type: type('access_token') };
  for (const [audience, status] of [
    [API, 200],
    [BACKEND, 400],
    [BACKEND, 400],
  ] as const) {
    const answer = await server.token({ grant_type: EXCHANGE, ...agent, audience, ...subject });
    assert.equal(answer.status, status, answer.text);
  }
}

suite('policy and replay in a browser', { skip: noBrowser }, () => {
  const ends: (() => Promise<void>)[] = [];
  let world: ConsoleWorld;
  let ada: Visitor;
  before(async () => {
    world = await startConsole({ after: (end) => void ends.push(end) }, source);
    await recordExchanges(world.server);
    ada = await world.open();
    await ada.visit('policy');
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const fileOf = (): string => readFileSync(join(world.server.folder, 'cambio.yaml'), 'utf8');
  const editor = () => ada.page.locator('.cm-content');
  const write = (text: string): Promise<void> => writeRules(ada.page, text);
  /** Asks for the list again when it is closed: by an answer of the server, or by a dialog that gives the focus back late. */
  const completion = async (label: string) => {
    const shown = ada.page.locator('.cm-tooltip-autocomplete').getByText(label, { exact: true });
    await eventually(
      async () => {
        await editor().press('Control+ ');
        return await shown.waitFor({ timeout: 2000 }).then(
          () => true,
          () => false,
        );
      },
      (isShown) => isShown,
    );
    return shown;
  };
  const rulesText = (): string => rulesOf(world);

  test('says each rule in words, with its tests and its use, and finds a rule', async () => {
    const { page } = ada;
    const card = page.getByRole('article', { name: OWN });
    for (const words of ['from this server', 'of type access_token', 'at most 5 minutes', 'subject.sub != "root"', API])
      await card.getByText(words).first().waitFor();
    await card.getByText('2 tests passed').waitFor();
    await card.getByRole('link', { name: 'used in 30 days' }).waitFor();
    const other = page.getByRole('article', { name: 'web exchanges what it got' });
    await other.getByText('never used').waitFor();
    await other.getByText('No test is decided by this rule.').waitFor();
    await page.getByText('No fault, 2 tests passed. Tests decide by 1 of 3 rules.').waitFor();
    await page
      .getByText(
        /^Coverage: tests decide by 1 of 3 rules \(33 %\), and requests of the last 30 days by 1 of 3 rules \(33 %\)\.$/,
      )
      .waitFor();
    await page.getByText('No test (2)').click();
    await page.waitForURL(/show=untested/);
    await card.waitFor({ state: 'hidden' });
    await page.getByText('All (3)').click();
    await page.keyboard.press('Escape');
    await page.getByLabel('Find rules').fill('BACKEND');
    await card.waitFor({ state: 'hidden' });
    await other.waitFor();
    await page.getByLabel('Find rules').fill('');
  });

  test('goes from a rule to its line, and from a fault to its line', async () => {
    const { page } = ada;
    await ada.visit(`policy?rule=${encodeURIComponent(OWN)}`);
    await page.locator('.rule[data-chosen]').getByText(OWN).waitFor();
    await write(rulesText().replace('access_token', 'access_tokn'));
    const list = page.getByRole('list', { name: 'Faults and warnings' });
    await list.getByText(/access_tokn/).waitFor();
    await page.locator('.cm-lint-marker-error').waitFor();
    await page.getByText('One fault.').waitFor();
    await page.getByText('The draft has a fault. These are the rules before it.').waitFor();
    assert.deepEqual(await ada.findings(), []);
    await list.getByRole('button').click();
    assert.equal(
      await page.evaluate('document.activeElement.shadowRoot.activeElement.className.includes("cm-content")'),
      true,
    );
    await page.getByRole('button', { name: 'Show the patch' }).click();
    await page.getByRole('dialog').getByText('The draft has a fault').waitFor();
    await page.keyboard.press('Escape');
  });

  test('completes keys, values and facts from the schema of the server', async () => {
    const { page } = ada;
    await settle(page);
    await write(`${rulesText()}    mo`);
    await (await completion('mode')).dispatchEvent('mousedown');
    await page.keyboard.insertText('a');
    await completion('audit');
    assert.deepEqual(await ada.findings(), []);
    await page.keyboard.press('Escape');
  });

  test('completes the names of clients, issuers, audiences and scopes that the server has', async () => {
    const { page } = ada;
    const before = '- name: new\n  client: agent\n';
    const cases = [
      ['- client: ag', 'agent'],
      [`${before}  subject: { issuer: se`, 'self'],
      [`${before}  grant:\n    audiences: [https://back`, BACKEND],
      [`${before}  grant:\n    scopes:\n    - re`, 'read'],
      [`${before}  tests:\n  - { audience: https://a`, API],
    ] as const;
    for (const [text, label] of cases) {
      await write(`rules:\n${text}`);
      await completion(label);
      await page.keyboard.press('Escape');
    }
    assert.deepEqual(await ada.findings(), []);
  });

  test('runs the tests of a draft, and writes it as a patch that git applies', async () => {
    const { page } = ada;
    const wider = rulesText().replace(
      /( +)(grant:\n +audiences:\n)( +)(- .*\n)(?= +scopes:\n +- read\n +lifetime)/,
      `$1$2$3$4$3- ${BACKEND}\n`,
    );
    assert.notEqual(wider, rulesText());
    await write(wider);
    await page.getByText('1 of 2 tests failed').first().waitFor();
    await page.getByRole('article', { name: OWN }).getByText('no other target: ').waitFor();
    await page.getByRole('button', { name: 'Show the patch' }).click();
    const patch = await page.locator('section.diff pre').textContent();
    assert.match(String(patch), /^--- a\/cambio\.yaml\n/);
    assert.deepEqual(await ada.findings(), []);
    const folder = mkdtempSync(join(tmpdir(), 'cambio-patch-'));
    writeFileSync(join(folder, 'cambio.yaml'), fileOf());
    const applied = spawnSync('git', ['apply', '-'], { cwd: folder, input: String(patch), encoding: 'utf8' });
    assert.equal(applied.status, 0, applied.stderr);
    assert.equal(readFileSync(join(folder, 'cambio.yaml'), 'utf8'), fileOf().replace(rulesText(), wider));
    rmSync(folder, { recursive: true });
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  test('replays the draft over recorded rows, in groups, and opens a row in the playground', async () => {
    const { page } = ada;
    await page.getByRole('link', { name: 'Replay it' }).click();
    await page.waitForURL(/\/console\/replay$/);
    await page.getByText('Nothing was replayed').waitFor();
    await page.setViewportSize({ width: 360, height: 740 });
    await assertFits(page, 'the empty replay');
    await page.setViewportSize({ width: 1280, height: 800 });
    await page
      .getByText(`cambio policy replay cambio.yaml --server ${world.server.issuer} --since 7d --fail-on allow`)
      .waitFor();
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('All rows of the period are read').waitFor();
    await page.getByRole('button', { name: '2 newly allowed' }).waitFor();
    const groups = page.getByRole('table', { name: 'Groups of differences' });
    await groups.locator('[data-index="0"]').getByText('2 newly allowed').waitFor();
    assert.deepEqual(await ada.findings(), []);
    await groups.locator('[data-index="0"]').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/of=agent/);
    await page.getByRole('table', { name: 'Differences', exact: true }).locator('[data-index="0"]').click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText(/^allowed by “the agent calls for itself”/).waitFor();
    const link = await drawer.getByRole('link', { name: 'Open in the playground' }).getAttribute('href');
    assert.match(String(link), /\/console\/playground\?row=[0-9a-f-]{36}$/);
    assert.deepEqual(await ada.findings(), []);
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 360, height: 740 });
    await assertFits(page, 'replay');
    assert.deepEqual(await ada.findings(), []);
  });

  test('keeps the draft between pages, fits 360 pixels with it, and discards it after a question', async () => {
    const { page } = ada;
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByRole('link', { name: 'Show the draft' }).click();
    await page.getByText('A draft', { exact: true }).waitFor();
    await assertFits(page, 'policy');
    assert.deepEqual(await ada.findings(), []);
    await page.getByText('YAML', { exact: true }).click();
    await page.waitForURL(/view=yaml/);
    await editor().waitFor();
    await assertFits(page, 'the editor');
    assert.deepEqual(await ada.findings(), []);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard the draft' }).click();
    await page.getByText('A draft', { exact: true }).waitFor({ state: 'hidden' });
    await page.getByText('No fault, 2 tests passed.').waitFor();
    assert.equal(await editor().getByText(BACKEND).count(), 2);
  });

  test('says that a draft costs too much, and that a replayed draft has a fault', async () => {
    const { page } = ada;
    const detail = 'the draft needs more than 10 s to read and test.';
    const body = JSON.stringify({ title: 'The request is invalid', status: 422, detail, request_id: 'r-1' });
    await page.route('**/policy/check', (route) => route.fulfill({ status: 422, body }), { times: 1 });
    await write('rules: []\n');
    await page.getByText(detail).waitFor();
    assert.deepEqual(await ada.findings(), []);
    await write('rules: 7\n');
    await page.getByText('One fault.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: /^Replay/ }).click();
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('The draft cannot be replayed').waitFor();
    assert.deepEqual(await ada.findings(), []);
  });

  test('says what to write where the file has no rules', async () => {
    await world.server.reload(changed(operated, { rules: undefined }));
    await ada.visit('policy');
    await ada.page.getByText('There is no rule').waitFor();
    assert.deepEqual(await ada.findings(), []);
    await write(
      'rules:\n  - name: first\n    client: agent\n    grant: { audiences: [https://api.example], scopes: [read] }\n',
    );
    await ada.page.getByRole('article', { name: 'first' }).waitFor();
    await ada.page.getByText('No fault, no tests.').waitFor();
    await settle(ada.page);
  });

  test('makes no request to another origin, and nothing that the browser complains of', () => {
    assert.deepEqual(world.complaints, []);
  });
});

test('finds the place of the cursor in a text that is being typed', () => {
  const cases: readonly (readonly [text: string, path: string, kind: string, word: string])[] = [
    ['rules:\n  - na', 'rules.item', 'key', 'na'],
    ['rules:\n- name: x\n  cl', 'rules.item', 'key', 'cl'],
    ['rules:\n  - name: x\n    subject:\n      iss', 'rules.item.subject', 'key', 'iss'],
    ['rules:\n  - name: x\n    subject:\n      types:\n        - acc', 'rules.item.subject.types.item', 'key', 'acc'],
    ['rules:\n  - name: x\n    subject: { issuer: self, ty', 'rules.item.subject', 'key', 'ty'],
    [
      'rules:\n  - name: x\n    subject: { issuer: [a, self], types: [jwt, acc',
      'rules.item.subject.types.item',
      'key',
      'acc',
    ],
    ['rules:\n  - name: x\n    subject:\n      issuer: self\n    mode: au', 'rules.item.mode', 'value', 'au'],
    ['rules:\n  - name: x\n  - name: y\n    grant:\n\n      # here\n      ', 'rules.item.grant', 'key', ''],
    ["rules:\n  - when: 'subject.cl", 'rules.item.when', 'value', "'subject.cl"],
  ];
  for (const [text, path, kind, word] of cases) {
    const lines = text.split('\n');
    const place = placeAt(lines.slice(0, -1), lines.at(-1) ?? '');
    const found = place?.path.map((key) => (key === 'item' ? key : key.key)).join('.');
    assert.deepEqual([found, place?.kind, place?.word], [path, kind, word], text);
  }
  assert.equal(placeAt(['rules:'], '  # na'), undefined);
  assert.equal(typeof completeRules, 'function');
});
