// The pages of the audit and of chains in a real browser: finding rows, following them as they are written, and revoking a token.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { decodeJwt } from 'jose';
import { API } from '../../server/test/support/basics.ts';
import { noBrowser } from '../../server/test/support/chromium.ts';
import { type Answer, EXCHANGE } from '../../server/test/support/harness.ts';
import { eventually } from '../../server/test/support/node.ts';
import { authorizeAs, redeem } from '../../server/test/support/people.ts';
import { exchangeAt, writeRows } from './rows.ts';
import { assertFits, type ConsoleWorld, settle, startConsole, type Visitor } from './world.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const tokenIn = ({ body }: Answer): string => String((body as { readonly access_token?: string }).access_token);
const TABLE = `document.querySelector('[aria-label="Audit rows"]')`;
const AGENT = { client_id: 'agent', client_secret: 'agent-secret' };

suite('the audit in a browser', { skip: noBrowser }, () => {
  const ends: (() => Promise<void>)[] = [];
  let world: ConsoleWorld;
  let ada: Visitor;
  /** What an agent did for one user: twice last week, once before it. */
  const now = Date.now();
  const acted = { chain: [{ iss: 'https://login.example', sub: 'the-agent' }] };
  const forGrace = { ...exchangeAt(now, 1).subject, iss: 'https://idp.example', sub: 'grace' } as never;
  const ofAgent = [3, 5, 40].map((days) => exchangeAt(now - days * DAY_MS, days, { ...acted, subject: forGrace }));
  const refused = exchangeAt(now - DAY_MS, 9, {
    callerRequestId: 'trace-1' as never,
    detail: 'the rules for service-9 name other targets',
  });

  before(async () => {
    world = await startConsole({ after: (end) => void ends.push(end) });
    const others = Array.from({ length: 1000 }, (_, index) => exchangeAt(now - HOUR_MS - index * 60_000, index));
    writeRows(world.server, [...others, ...ofAgent, refused]);
    ada = await world.open();
    await ada.visit('audit');
    await ada.page.getByRole('table', { name: 'Audit rows' }).waitFor();
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });

  const search = async (text: string): Promise<void> => {
    await ada.page.keyboard.press('/');
    await ada.page.locator('[data-search]:focus').fill(text);
    await ada.page.keyboard.press('Enter');
  };
  const close = async (): Promise<void> => {
    await ada.page.keyboard.press('Escape');
    await ada.page.waitForURL(/\/audit$/);
    await ada.page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  /** The number of rows that the list has. */
  const rowCount = async (): Promise<number> =>
    Number(await ada.page.getByRole('table', { name: 'Audit rows' }).getAttribute('aria-rowcount')) - 1;
  const waitForRows = (count: number): Promise<unknown> =>
    ada.page.locator(`[role=table][aria-label="Audit rows"][aria-rowcount="${count + 1}"]`).waitFor();

  test('leads from a pasted request id to the reason, by keyboard alone', async () => {
    const { page } = ada;
    await search(`urn:uuid:${refused.requestId.toUpperCase()}`);
    const drawer = page.getByRole('dialog');
    await drawer.getByText('The decision, step by step').waitFor();
    assert.match(page.url(), new RegExp(`request=${refused.requestId}`));
    const told = await drawer.innerText();
    assert.match(told, /refused/);
    assert.match(told, /the rules for service-9 name other targets/);
    assert.match(told, /user-9 of https:\/\/idp\.example/);
    assert.match(told, /trace-1/);
    // The values of the protocol, as one finds them in the log.
    assert.match(told, /^token_exchange$/m);
    assert.match(told, /^no_rule_for_subject$/m);
    assert.deepEqual(await ada.findings(), []);
    await page.setViewportSize({ width: 360, height: 740 });
    await assertFits(page, 'the drawer');
    assert.deepEqual(await ada.findings(), []);
    await page.setViewportSize({ width: 1280, height: 800 });
    await close();
  });

  test('scrolls one thing at a time', async () => {
    const { page } = ada;
    /** Can the page, the list and the drawer be scrolled? */
    const scrolls = (): Promise<readonly boolean[]> =>
      page.evaluate(`[document.documentElement, ${TABLE}, document.querySelector('[role=dialog]')].map((box) =>
        box !== null && getComputedStyle(box).overflowY !== 'hidden' && box.scrollHeight > box.clientHeight)`);
    const row = `request=${refused.requestId}`;
    const cases: readonly (readonly [string, readonly boolean[]])[] = [
      ['client=service-9&actor=nobody', [false, false, false]],
      ['actor=the-agent', [false, false, false]],
      ['', [false, true, false]],
      [`actor=the-agent&${row}`, [false, false, true]],
    ];
    for (const [query, expected] of cases) {
      await ada.visit(`audit?${query}`);
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 740 });
        await settle(page);
        assert.deepEqual(await scrolls(), expected, `${query} at a width of ${width}`);
      }
    }
    // A window too low for the list is scrolled, unless a drawer is open.
    await page.setViewportSize({ width: 1280, height: 360 });
    assert.deepEqual(await scrolls(), [false, false, true]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.deepEqual(await scrolls(), [true, false, false]);
    await page.setViewportSize({ width: 1280, height: 800 });
    await ada.visit('audit');
  });

  test('says in words that no row has an id', async () => {
    const { page } = ada;
    await search(refused.requestId.replace(/.$/, (last) => (last === '0' ? '1' : '0')));
    await page.getByRole('dialog').getByText('No row has this id').waitFor();
    await close();
  });

  test('lists what an agent did for one user last week', async () => {
    const { page } = ada;
    await search('actor:the-agent subject:grace');
    await waitForRows(3);
    await page.getByLabel('Period').selectOption('Last 7 days');
    await waitForRows(2);
    await search('since:4d');
    await waitForRows(1);
    await search('since:7d');
    await waitForRows(2);
    assert.match(page.url(), /actor=the-agent/);
    const link = page.url();
    await page.getByRole('button', { name: 'Remove all' }).click();
    await page.waitForURL(/\/audit$/);
    // The link shows what its sender saw.
    await page.goto(link);
    await waitForRows(2);
  });

  test('filters by each part of a row, from the form and from a link', async () => {
    const { page } = ada;
    const [one] = ofAgent;
    const token = one?.issued?.[0]?.id ?? '';
    const cases: readonly (readonly [string, number])[] = [
      ['chain=the-agent', 3],
      ['chain=grace&client=service-3', 1],
      [`token=${token}`, 1],
      ['subject=grace&issuer=https%3A%2F%2Felsewhere.example', 0],
      ['reason=no_rule_for_subject&client=service-9', 26],
      ['rule=rule+3&actor=the-agent', 1],
      ['target=https%3A%2F%2Fapi-3.example&subject=grace', 1],
    ];
    for (const [query, count] of cases) {
      await ada.visit(`audit?${query}`);
      if (count === 0) await page.getByText('No row matches every filter').waitFor();
      else await waitForRows(count);
    }
    await ada.visit('audit');
    await page.getByRole('button', { name: 'Filters' }).click();
    const form = page.getByRole('group', { name: 'Filters' });
    await form.getByLabel('Actor').fill('the-agent');
    await form.getByLabel('Actor').press('Enter');
    await waitForRows(3);
    assert.deepEqual(await ada.findings(), []);
    await page.setViewportSize({ width: 360, height: 740 });
    await assertFits(page, 'the form');
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole('button', { name: 'Remove the filter Actor' }).click();
    await page.waitForURL(/\/audit$/);
  });

  test('takes the id of a token of this server, and shows each name as it is', async () => {
    const { page } = ada;
    const chips = page.getByRole('list', { name: 'Filters that are set' });
    const issued = await world.server.token({
      grant_type: 'client_credentials',
      ...AGENT,
      audience: API,
      scope: 'read',
    });
    const { jti } = decodeJwt(tokenIn(issued));
    await ada.visit('audit');
    await search(String(jti));
    await chips.getByText('Token id', { exact: true }).waitFor();
    await waitForRows(1);
    await ada.visit('audit?client=under_score&reason=no_rule_for_subject');
    await chips.getByText('under_score', { exact: true }).waitFor();
    await chips.getByText('no_rule_for_subject', { exact: true }).waitFor();
  });

  test('says why the server refuses a filter, and keeps the others at hand', async () => {
    await ada.visit('audit?since=yesterday&client=service-3');
    await ada.page.getByRole('alert').getByText('The server cannot search for this').waitFor();
    await ada.page.getByRole('button', { name: 'Remove the filter From' }).click();
    await ada.page.getByRole('table', { name: 'Audit rows' }).waitFor();
  });

  test('takes no token into its URL', async () => {
    const { page } = ada;
    await ada.visit('audit');
    await page.getByRole('table', { name: 'Audit rows' }).waitFor();
    for (const token of [`eyJ${'a'.repeat(40)}.e30.c2ln`, `cambio_at_${'b'.repeat(43)}`]) {
      await search(token);
      await page.getByText('This is the text of a token').waitFor();
      assert.match(page.url(), /\/audit$/);
      await ada.visit(`chain?token=${token}`);
      assert.match(page.url(), /\/chain$/, 'a link with a token loses it');
      await ada.visit('audit');
    }
    const visitor = await world.open();
    await visitor.visit(`chain?token=eyJ${'a'.repeat(40)}.e30.c2ln`);
    assert.match(visitor.page.url(), /\/chain$/, 'sign-in keeps no token of the link');
    await visitor.context.close();
  });

  test('reads on while it is scrolled, to the last row', async () => {
    const { page } = ada;
    await ada.visit('audit?reason=no_rule_for_subject');
    await waitForRows(101);
    await ada.visit('audit?outcome=issued&rule=&since=2000-01-01T00:00:00Z');
    await waitForRows(200);
    // The rows are counted before they are drawn, so the first scroll may end where the last one did.
    const scroll = async (): Promise<number> => {
      await page.evaluate(`${TABLE}.scrollTo(0, ${TABLE}.scrollHeight)`);
      return rowCount();
    };
    for (let seen = 200; seen < 900; ) {
      const before = seen;
      seen = await eventually(scroll, (count) => count > before);
    }
    assert.ok((await rowCount()) >= 900);
  });

  test('follows rows as they are written: each once, while the rows in view stay', async () => {
    const { page } = ada;
    const { server } = world;
    await ada.visit('audit?client=followed');
    await page.getByText('No row matches every filter').waitFor();
    await page.getByRole('button', { name: 'Live' }).click();
    await page.waitForURL(/live=on/);
    let written = 0;
    const write = (count: number): void => {
      const time = Date.now();
      // Some began before rows that are written already.
      const events = Array.from({ length: count }, (_, index) =>
        exchangeAt(time - (index % 5) * 50, index, { client: 'followed' }),
      );
      writeRows(server, [...events, exchangeAt(time, 1)]);
      written += count;
    };
    for (const count of [1, 450, 7]) {
      write(count);
      await waitForRows(written);
    }
    // A person who reads further down keeps the row that they read.
    await page.evaluate(`${TABLE}.scrollTo(0, 4400)`);
    const place = `[...document.querySelectorAll('[aria-label="Audit rows"] [data-index]')]
      .find((row) => row.getBoundingClientRect().top > document.querySelector('.table-head').getBoundingClientRect().bottom)`;
    // After a scroll, rows are drawn one frame later.
    const read = () =>
      eventually(
        () =>
          page.evaluate(
            `(() => { const row = ${place}; return row && [row.innerText, row.getBoundingClientRect().top]; })()`,
          ),
        (row) => row !== undefined,
      );
    await page.locator('[data-index="100"]').waitFor();
    const before = await read();
    write(300);
    await page.getByRole('button', { name: '300 new rows' }).waitFor();
    assert.deepEqual(await read(), before);
    assert.equal(await rowCount(), written);
    await page.getByRole('button', { name: '300 new rows' }).click();
    await page.locator('[data-index="0"]').waitFor();
    // While the server is busy nothing is lost.
    await page.route(/\/admin\/v1\/audit/, (route) =>
      route.fulfill({ status: 503, headers: { 'retry-after': '1' }, body: '{}' }),
    );
    await page.getByText('The server is busy').waitFor();
    write(20);
    await page.unrouteAll();
    await waitForRows(written);
    assert.deepEqual(await ada.findings(), []);
    await page.getByRole('button', { name: 'Live' }).click();
    await page.waitForURL((url) => !url.search.includes('live'));
  });

  test('shows who acted for whom, what derives from a token, and revokes after it has said what ends', async () => {
    const { page } = ada;
    const { server } = world;
    const signedIn = await redeem(server, await authorizeAs(server));
    const person = tokenIn(signedIn);
    const actor = await server.token({ grant_type: 'client_credentials', ...AGENT, audience: API, scope: 'read' });
    const exchanged = await server.token({
      grant_type: EXCHANGE,
      ...AGENT,
      subject_token: person,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      actor_token: tokenIn(actor),
      actor_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: API,
    });
    assert.equal(exchanged.status, 200, JSON.stringify(exchanged.body));
    await ada.visit('chain');
    await page.getByRole('table', { name: 'Tokens that were issued last' }).waitFor();
    assert.deepEqual(await ada.findings(), []);
    // A JWT of this server leads to its id, and is not kept.
    await search(person);
    await page.waitForURL(/chain\?token=[\w-]+$/);
    assert.doesNotMatch(page.url(), /eyJ/);
    await page.getByText('1 token derives from it, and it is still valid.').waitFor();
    const tree = page.getByRole('list', { name: 'Tokens that derive from it' });
    await tree.getByRole('link', { name: 'agent acts for' }).click();
    const hops = page.getByRole('list', { name: 'Hops, the first token first' });
    await hops.getByText('agent acts for ada').waitFor();
    await hops.getByText('access_token by token_exchange', { exact: true }).waitFor();
    const drawn = await hops.locator('.hop-holder strong').allInnerTexts();
    assert.deepEqual(drawn, ['ada', 'web', 'agent']);
    await hops
      .getByText(/^ends in/)
      .first()
      .waitFor();
    assert.match(await hops.innerText(), /the agent acts for people/);
    assert.deepEqual(await ada.findings(), []);
    await page.setViewportSize({ width: 360, height: 740 });
    await assertFits(page, 'the hops');
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goBack();
    await page.getByText('1 token derives from it').waitFor();
    await page.getByRole('button', { name: 'Revoke' }).click();
    const question = page.getByRole('dialog');
    await question.getByText('With it 1 token ends').waitFor();
    await question.getByText(/1 × agent acts for .* at https/).waitFor();
    assert.deepEqual(await ada.findings(), []);
    await question.getByRole('button', { name: 'Revoke 2 tokens' }).click();
    await page.getByText('it was revoked by its id').waitFor();
    await page.getByText('1 token derives from it, which is not valid any more.').waitFor();
    await tree.getByText(/^would expire in/).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Revoke' }).count(), 0);
  });

  test('says that no such token is known', async () => {
    await ada.visit('chain?token=nobody-has-this');
    await ada.page.getByText('No such token is known').waitFor();
    await search('neither an id nor a token');
    await ada.page.getByText('This is neither the id of a token').waitFor();
    await settle(ada.page);
  });

  test('makes no request to another origin, and nothing that the browser complains of', () => {
    assert.deepEqual(world.complaints, []);
  });
});
