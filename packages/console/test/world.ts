// A real server with the console, a signed-in browser, and everything that the browser complains of.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from 'playwright-core';
import { openBrowser } from '../../server/test/support/chromium.ts';
import type { Source } from '../../server/test/support/configuration.ts';
import { buildConsole, withConsole } from '../../server/test/support/console.ts';
import { start, type TestServer } from '../../server/test/support/harness.ts';
import { eventually, PATIENCE_MS } from '../../server/test/support/node.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
declare const window: { readonly axe: { readonly run: (options: object) => Promise<AxeResults> } };

export const ADA = { username: 'ada', password: 'lovelace' };
export const operated = withConsole([{ account: 'ada', scopes: ['admin:read', 'admin:write'] }]);

type After = { readonly after: (end: () => Promise<void>) => void };

export interface ConsoleWorld {
  readonly server: TestServer;
  readonly browser: Browser;
  /** Lines of the browser's console, requests to other origins, and refusals of the content security policy. */
  readonly complaints: readonly string[];
  /** Opens a window in which nobody is signed in. */
  readonly open: (options?: BrowserContextOptions) => Promise<Visitor>;
}

export interface Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Opens a page of the console, and signs in where the server asks. */
  readonly visit: (path: string, who?: typeof ADA) => Promise<void>;
  /** @returns what axe-core finds */
  readonly findings: () => Promise<readonly string[]>;
}

/** @param server instead of one of its own */
export async function startConsole(t: After, source: Source = operated): Promise<ConsoleWorld> {
  buildConsole();
  const server = await start({ after: (end) => t.after(end), name: 'the console' }, source, { recorded: true });
  // The browser has the time of the machine, and proofs say it.
  const ticking = setInterval(() => {
    server.clock.now = Date.now();
  }, 100);
  t.after(async () => clearInterval(ticking));
  const browser = await openBrowser(t as Parameters<typeof openBrowser>[0]);
  const complaints: string[] = [];
  return {
    server,
    browser,
    complaints,
    open: async (options = {}) => openVisitor(browser, server, complaints, options),
  };
}

async function openVisitor(
  browser: Browser,
  { issuer }: Pick<TestServer, 'issuer'>,
  complaints: string[],
  options: BrowserContextOptions,
): Promise<Visitor> {
  // A drawer that is half there has no contrast.
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  watchRequests(page);
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('console', (message) => {
    // A refusal that a page handles is reported by the browser, too.
    const isRefusal = /Failed to load resource/.test(message.text());
    if (!isRefusal && ['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(issuer) && !url.startsWith('data:')) complaints.push(`a request to ${url}`);
  });
  return {
    page,
    context,
    visit: async (path, who = ADA) => {
      await page.goto(`${issuer}/console/${path}`);
      const form = page.locator('input[name=password]');
      const frame = page.locator('main h1');
      // The page of the sign-in has a heading, too, and may show it before its form.
      do {
        await form.or(frame).first().waitFor();
        if (!(await form.isVisible())) continue;
        await page.fill('input[name=username]', who.username);
        await page.fill('input[name=password]', who.password);
        await page.press('input[name=password]', 'Enter');
        await page.waitForURL(/\/console/);
      } while (!page.url().includes('/console'));
      await frame.first().waitFor();
    },
    findings: async () => {
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
    },
  };
}

/** The requests of a page that have no answer yet. */
const underWay = new WeakMap<Page, Set<Request>>();

function watchRequests(page: Page): void {
  const requests = new Set<Request>();
  underWay.set(page, requests);
  const begin = (request: Request): void => {
    // The requests of the page before are given up, some of them without an event.
    if (request.isNavigationRequest()) requests.clear();
    requests.add(request);
  };
  const end = (request: Request): void => void requests.delete(request);
  page.on('request', begin).on('requestfinished', end).on('requestfailed', end);
}

/** Frames in which an answer is shown, and asks for more. */
const FRAMES = 4;
const NEXT_FRAMES = Array(FRAMES).fill('await new Promise(requestAnimationFrame);').join(' ');

/** Waits until no request of the page is under way, also after it has shown the answers. */
export async function settle(page: Page): Promise<void> {
  const requests = underWay.get(page) ?? assert.fail('a page that the world has not opened');
  let hasAsked = true;
  const note = (): void => {
    hasAsked = true;
  };
  page.on('request', note);
  while (hasAsked || requests.size > 0) {
    hasAsked = false;
    await page.evaluate(`(async () => { ${NEXT_FRAMES} })()`);
  }
  page.off('request', note);
}

/** Every page is wide enough to be scrolled downwards only, once it has been laid out. */
export async function assertFits(page: Page, what: string): Promise<void> {
  const widths = '[document.documentElement.scrollWidth, document.documentElement.clientWidth]';
  await eventually(
    async () => ({ what, widths: await page.evaluate<[number, number]>(widths) }),
    ({ widths: [wanted, has] }) => wanted <= has,
  );
}

/** The rules in the file of the server, as the editor has them. */
export const rulesOf = ({ server }: ConsoleWorld): string =>
  /^rules:\n(?:[ -].*\n)*/m.exec(readFileSync(join(server.folder, 'cambio.yaml'), 'utf8'))?.[0] ?? '';

/** Replaces the text of the editor. */
export async function writeRules(page: Page, text: string): Promise<void> {
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}
