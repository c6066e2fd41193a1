// Makes a picture of every page of the console, in both modes and three widths: node --conditions=source test/screenshots.ts FOLDER
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { authorizationUrl, authorizeAs, redeem } from '../../server/test/support/people.ts';
import { pagesOfConsole } from './pages.ts';
import { settle, startConsole } from './world.ts';

const WIDTHS = [360, 820, 1440];

const [argument, ...paths] = process.argv.slice(2);
if (argument === undefined) {
  console.error('usage: node --conditions=source packages/console/test/screenshots.ts FOLDER [PATH...]');
  process.exit(2);
}
const folder = resolve(argument);
mkdirSync(folder, { recursive: true });
const ends: (() => Promise<void>)[] = [];
try {
  const { server, open } = await startConsole({ after: (end) => void ends.push(end) });
  // Something to see: people who sign in, tokens, and refusals.
  for (let count = 0; count < 5; count++) await redeem(server, await authorizeAs(server));
  await server.token({ grant_type: 'client_credentials', client_id: 'machine', client_secret: 'wrong' });
  await fetch(server.issuer + authorizationUrl({ scope: 'nothing' }), { redirect: 'manual' });
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, visit } = await open({ colorScheme });
    for (const path of paths.length === 0 ? [...pagesOfConsole, 'signed-out'] : paths) {
      await visit(path);
      await settle(page);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        const name = path.replaceAll(/[^\w-]+/g, '-');
        await page.screenshot({ path: join(folder, `${name}-${colorScheme}-${width}.png`), fullPage: true });
      }
    }
  }
} finally {
  for (const end of ends.toReversed()) await end();
}
console.log(folder);
