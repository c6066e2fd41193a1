// npm run attacks: tries every attack, prints a table by group, writes docs/evidence/attacks.md, and exits with 1 if one
// succeeds. npm run attacks [-- --only T,J05] [--against ADAPTER]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { undoing, type World } from './group.ts';
import { groups } from './groups/index.ts';
import { formatPage, formatTable, isBroken, judge } from './page.ts';
import { attackPeer } from './portable/run.ts';
import { rows } from './row.ts';

const { values } = parseArgs({ options: { only: { type: 'string' }, against: { type: 'string' } } });
const only = values.only?.split(',');
const chosen = rows.filter(({ id }) => only === undefined || only.some((start) => id.startsWith(start)));

const unknown = only?.find((start) => rows.every(({ id }) => !id.startsWith(start)));
if (unknown !== undefined) throw new Error(`no row of rows.tsv begins with ${unknown}`);

if (values.against !== undefined) process.exit(await attackPeer(values.against, only));

const { after, undo } = undoing();
const worlds = new Map<string, Promise<World>>();
try {
  const lines = await judge(groups, chosen, async (group, row) => {
    const world = worlds.get(group.letter) ?? group.open({ after });
    worlds.set(group.letter, world);
    try {
      return await (await world)(row);
    } catch (error) {
      return { broken: error instanceof Error ? error.message : String(error) };
    }
  });
  console.log(formatTable(lines));
  if (only === undefined)
    writeFileSync(join(import.meta.dirname, '../../../../docs/evidence/attacks.md'), formatPage(lines));
  process.exitCode = lines.some(isBroken) ? 1 : 0;
} finally {
  await undo();
}
