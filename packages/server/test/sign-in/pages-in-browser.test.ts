// Pages in a real browser: axe-core finds no problems, nothing is loaded, all fits on a narrow screen, and Cancel is visible at once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import * as sample from '../../../../examples/quickstart/pages.ts';
import { languageNames } from '../../src/sign-in/pages/languages/index.ts';
import { pageHeaders } from '../../src/sign-in/pages/page.ts';
import { noBrowser, openBrowser } from '../support/chromium.ts';
import { BRANDED, everyPage, lookOf, PLAIN } from '../support/every-page.ts';

/** Long enough to wrap, and short enough to read. */
const TEXT = 'photo.book@example.com';
const pages = everyPage(TEXT);
const TOKEN = { iss: 'https://login.example', sub: TEXT, aud: 'https://api.example', iat: 0, exp: 600, scope: 'read' };
const happened = {
  ...{ issuer: 'https://login.example', login: '/login', answer: { subject: TEXT }, requestId: TEXT },
  before: { ...TOKEN, client_id: 'web', may_act: { sub: 'service' } },
  after: { ...TOKEN, client_id: 'service', act: { sub: 'service' } },
};
/** Pages of the quickstart, which have their own headers. */
const samples: Readonly<Record<string, string>> = {
  sampleHome: sample.homePage('/login', 'https://login.example'),
  sampleProblem: sample.problemPage('Nobody signed in', 'Nothing was shared.', '/login'),
  sampleHappened: sample.happenedPage(happened),
};
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

declare const window: { readonly axe: { readonly run: (options: RunOptions) => Promise<AxeResults> } };

suite('every page in a browser', { skip: noBrowser }, () => {
  const ends: (() => unknown)[] = [];
  const asked: string[] = [];
  const complaints: string[] = [];
  let page: Page;
  let origin: string;

  before(async () => {
    const server = createServer(({ url = '' }, response) => {
      asked.push(url);
      const [, name = '', language, branding] = url.split('/');
      const text = samples[name];
      if (text !== undefined) return response.writeHead(200, sample.pageHeaders).end(text);
      const draw = pages[name];
      if (draw === undefined) return response.writeHead(404).end();
      const look = lookOf(branding === 'branded' ? BRANDED : PLAIN, language);
      // This page would redirect before it is examined.
      response.writeHead(200, pageHeaders(look)).end(draw(look).replace('http-equiv="refresh"', 'name="refresh"'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(() => server.close().closeAllConnections());
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const browser = await openBrowser({ after: (end) => void ends.push(end as () => unknown) });
    page = await browser.newPage();
    page.on('console', (message) => complaints.push(message.text()));
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });

  const show = async (path: string, width: number, height = 800): Promise<void> => {
    await page.setViewportSize({ width, height });
    await page.goto(`${origin}/${path}`);
  };
  const findings = async (colorScheme: 'light' | 'dark', options: RunOptions = {}): Promise<readonly string[]> => {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate(
      (run) => window.axe.run({ ...run, resultTypes: ['violations'] }),
      options,
    );
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${colorScheme}: ${id}: ${html}`));
  };

  test('axe-core finds no problems in light, in dark and at 320 pixels', async () => {
    for (const name of [...Object.keys(pages), ...Object.keys(samples)]) {
      await show(`${name}/en/branded`, 1280);
      await page.evaluate(axe);
      const found = [await findings('light'), await findings('dark', { runOnly: ['color-contrast'] })];
      await page.setViewportSize({ width: 320, height: 640 });
      found.push(
        await findings('light', { runOnly: ['color-contrast', 'target-size', 'scrollable-region-focusable'] }),
      );
      assert.deepEqual(found.flat(), [], name);
    }
    assert.deepEqual(complaints, []);
  });

  test('every page has its language, fits into 320 pixels, and makes the browser load nothing', async () => {
    asked.length = 0;
    const paths = [
      ...Object.keys(pages).flatMap((name) => languageNames.map((language) => `${name}/${language}/plain`)),
      ...Object.keys(samples).map((name) => `${name}/en`),
    ];
    for (const path of paths) {
      await show(path, 320);
      const { scrollWidth, lang } = await page.evaluate<{ scrollWidth: number; lang: string }>(
        '({ scrollWidth: document.documentElement.scrollWidth, lang: document.documentElement.lang })',
      );
      assert.deepEqual([scrollWidth, lang], [320, path.split('/')[1]], path);
    }
    assert.deepEqual(
      asked,
      paths.map((path) => `/${path}`),
    );
    assert.deepEqual(complaints, []);
  });

  test('Cancel is above the fold at 1280 × 800, however much a page shows', async () => {
    for (const [name, label] of [
      ['signInUpstream', 'Cancel'],
      ['signInWrong', 'Cancel'],
      ['signInPasswordsFirst', 'Cancel'],
      ['consent', 'Cancel'],
      ['consentDevice', 'Cancel'],
      ['deviceConfirm', 'They differ: stop'],
    ] as const) {
      for (const branding of ['branded', 'plain']) {
        await show(`${name}/en/${branding}`, 1280);
        const box = await page.getByRole('button', { name: label }).boundingBox();
        assert.ok(box !== null && box.y + box.height <= 800, `${name}: ${JSON.stringify(box)}`);
      }
    }
  });
});
