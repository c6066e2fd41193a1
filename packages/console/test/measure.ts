// Measures the audit page with many rows: node --conditions=source test/measure.ts [ROWS]. How long until it is interactive, how long
// each filter takes, how smoothly it scrolls, and whether it follows 200 rows a second without losing one.
import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { exchangeAt, writeRows } from './rows.ts';
import { startConsole, type Visitor } from './world.ts';

const ROWS = Number(process.argv[2] ?? 100_000);
const BATCH_ROWS = 5000;
const ROWS_PER_SECOND = 200;
const FOLLOWED_SECONDS = 20;
const SCROLLED_SECONDS = 5;
const FILTERS = [
  '',
  'client=service-3',
  'subject=user-77',
  'actor=agent-3',
  'chain=agent-3',
  'target=https%3A%2F%2Fapi-3.example',
  'outcome=refused',
  'reason=no_rule_for_subject',
  'rule=rule+3',
  'actor=agent-3&subject=user-77',
  'subject=nobody',
];
const table = '[role=table][aria-label="Audit rows"]';

const ends: (() => Promise<void>)[] = [];
const say = (what: string, figure: string): void => console.log(`${what.padEnd(52)} ${figure}`);
const milliseconds = (time: number): string => `${Math.round(time)} ms`;

/** Times of frames since the last call, in milliseconds. */
async function frames(page: Page): Promise<readonly number[]> {
  const times = (await page.evaluate(`(() => {
    const recorded = globalThis.frameTimes ?? [];
    globalThis.frameTimes = [];
    if (!globalThis.isRecording) {
      globalThis.isRecording = true;
      let last = performance.now();
      const next = (now) => { globalThis.frameTimes.push(now - last); last = now; requestAnimationFrame(next); };
      requestAnimationFrame(next);
    }
    return recorded;
  })()`)) as number[];
  return times.slice(1);
}

/** CPU time of the page's main thread so far, in milliseconds. The machine may be busy with other things. */
async function threadTime(page: Page): Promise<number> {
  const session = sessions.get(page) ?? page.context().newCDPSession(page);
  sessions.set(page, session);
  const opened = await session;
  await opened.send('Performance.enable', { timeDomain: 'threadTicks' });
  const { metrics } = await opened.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000;
}
const sessions = new Map<Page, Promise<CDPSession>>();

function sayFrames(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  say(`${what}: frames`, String(times.length));
  say(
    `${what}: median, 99 %, longest`,
    [0.5, 0.99, 1]
      .map((part) => milliseconds(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0))
      .join(', '),
  );
  say(`${what}: frames longer than 50 ms`, String(times.filter((time) => time > 50).length));
}

async function measureFilters({ page, visit }: Visitor): Promise<void> {
  for (const query of FILTERS) {
    await visit('keys');
    await page.locator('[role=row][data-index="0"]').waitFor();
    const began = performance.now();
    await page.evaluate(
      `history.pushState({}, '', '/console/audit?${query}'); dispatchEvent(new PopStateEvent('popstate'))`,
    );
    await page.locator(`${table} [data-index="0"], main .empty`).first().waitFor();
    say(`shown: audit?${query}`, milliseconds(performance.now() - began));
  }
}

async function measureScrolling({ page, visit }: Visitor): Promise<void> {
  await visit('audit');
  await page.locator(`${table} [data-index="0"]`).hover();
  await frames(page);
  const before = await threadTime(page);
  const end = Date.now() + SCROLLED_SECONDS * 1000;
  while (Date.now() < end) {
    await page.mouse.wheel(0, 1500);
    await wait(16);
  }
  const times = await frames(page);
  sayFrames('scrolling', times);
  say('scrolling: CPU of the page for a frame', milliseconds(((await threadTime(page)) - before) / times.length));
  say('scrolling: rows read', String(await page.locator(table).getAttribute('aria-rowcount')));
}

async function measureTail({ page, visit }: Visitor, server: { readonly folder: string }): Promise<void> {
  const received: string[] = [];
  page.on('response', async (response) => {
    if (!response.url().includes('after=')) return;
    const { items = [] } = (await response.json().catch(() => ({}))) as { items?: { requestId: string }[] };
    received.push(...items.map(({ requestId }) => requestId));
  });
  await visit('audit?live=on&client=followed');
  await page.locator('main .empty').waitFor();
  await frames(page);
  const before = await threadTime(page);
  const written: string[] = [];
  const began = performance.now();
  for (let tick = 0; tick < FOLLOWED_SECONDS * 10; tick++) {
    const rows = Array.from({ length: ROWS_PER_SECOND / 10 }, (_, index) =>
      exchangeAt(Date.now(), index, { client: 'followed' }),
    );
    writeRows(server, rows);
    written.push(...rows.map(({ requestId }) => requestId));
    await wait(Math.max(0, began + (tick + 1) * 100 - performance.now()));
  }
  const seconds = (performance.now() - began) / 1000;
  const all = page.locator(`${table}[aria-rowcount="${written.length + 1}"]`);
  const caughtUp = performance.now();
  await all.waitFor({ timeout: 30_000 }).catch(() => undefined);
  const shown = Number(await page.locator(table).getAttribute('aria-rowcount')) - 1;
  const unique = new Set(received);
  say('tail: rows written, a second', `${written.length}, ${Math.round(written.length / seconds)}`);
  say('tail: rows shown', String(shown));
  say('tail: rows lost', String(written.filter((id) => !unique.has(id)).length));
  say('tail: rows doubled', String(received.length - unique.size));
  say('tail: the last row is shown after', milliseconds(performance.now() - caughtUp));
  say('tail: CPU of the page, a second', milliseconds(((await threadTime(page)) - before) / seconds));
  sayFrames('tail', await frames(page));
}

try {
  const { server, open } = await startConsole({ after: (end) => void ends.push(end) });
  const now = Date.now();
  for (let done = 0; done < ROWS; done += BATCH_ROWS)
    writeRows(
      server,
      Array.from({ length: Math.min(BATCH_ROWS, ROWS - done) }, (_, index) =>
        exchangeAt(now - (ROWS - done - index) * 1000, done + index),
      ),
    );
  const visitor = await open();
  await visitor.visit('audit');
  // Every row is in the index.
  for (let isBehind = true; isBehind; await wait(1000)) {
    await visitor.visit('audit');
    await visitor.page.locator(`${table} [data-index="0"]`).waitFor();
    isBehind = await visitor.page.getByText('The index of the log is behind').isVisible();
  }
  say('rows', String(ROWS));
  say(
    'load of the machine at the start',
    loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
  );
  await measureFilters(visitor);
  await measureScrolling(visitor);
  await measureTail(visitor, server);
  say(
    'load of the machine at the end',
    loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
  );
} finally {
  for (const end of ends.toReversed()) await end();
}
