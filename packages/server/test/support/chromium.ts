// Starts a real browser for a test file: the chromium of the system, headless.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

const executablePath = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((file) => existsSync(file));

/** The reason to skip the tests of the file, or false. */
export const noBrowser = executablePath === undefined && 'there is no chromium in the path: apt-get install chromium';

/** @param hosts names that resolve to this machine, such as `*.example.test` */
export async function openBrowser(t: Pick<TestContext, 'after'>, hosts?: string): Promise<Browser> {
  const browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    // Chromium cannot create its sandbox as root, and CI runs as root.
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ...(hosts === undefined ? [] : [`--host-resolver-rules=MAP ${hosts} 127.0.0.1`]),
    ],
  });
  t.after(() => browser.close());
  return browser;
}
