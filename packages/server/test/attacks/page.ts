// Formats the verdicts: docs/evidence/attacks.md, and a table by group.
import type { Group } from './group.ts';
import { portable } from './portable/cases.ts';
import { letterOf, type Row } from './row.ts';

/** How many variants were tried, why the row does not apply to Cambio, or what went wrong. */
export type Verdict = { readonly attempts: number } | { readonly because: string } | { readonly broken: string };

export interface Line {
  readonly row: Row;
  readonly folder: string;
  readonly verdict: Verdict;
}

/** A line for each row of these groups. */
export async function judge(
  groups: readonly Group[],
  rows: readonly Row[],
  run: (group: Group, row: Row) => Promise<Verdict>,
): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const row of rows) {
    const group = groups.find(({ letter }) => letter === letterOf(row.id));
    const kind = group?.cases.get(row.id);
    if (group === undefined || kind === undefined) continue;
    lines.push({ row, folder: group.folder, verdict: kind === 'case' ? await run(group, row) : kind });
  }
  return lines;
}

const isHeld = ({ verdict }: Line): boolean => 'attempts' in verdict;
const isNotApplicable = ({ verdict }: Line): boolean => 'because' in verdict;
export const isBroken = ({ verdict }: Line): boolean => 'broken' in verdict;
const count = (lines: readonly Line[], which: (line: Line) => boolean): number => lines.filter(which).length;

/** For the terminal. */
export function formatTable(lines: readonly Line[]): string {
  const named = (name: string, some: readonly Line[]): string => {
    const numbers = [some.length, count(some, isHeld), count(some, isNotApplicable)];
    return [name.padEnd(58), ...[...numbers, count(some, isBroken)].map((n) => String(n).padStart(14))].join('');
  };
  const head = ['group'.padEnd(58), ...['rows', 'held', 'not applicable', 'broken'].map((name) => name.padStart(14))];
  const groups = Map.groupBy(lines, ({ row }) => row.group);
  const broken = lines.flatMap(({ row, verdict }) => ('broken' in verdict ? `${row.id}: ${verdict.broken}` : []));
  return [head.join(''), ...[...groups].map(([name, some]) => named(name, some)), named('all', lines), ...broken].join(
    '\n',
  );
}

export function formatPage(lines: readonly Line[]): string {
  const sections = [...Map.groupBy(lines, ({ row }) => row.group)].map(([name, some]) => {
    const [first] = some;
    const table = ['| row | test | answered | verdict |', '|---|---|---|---|', ...some.map(formatLine)].join('\n');
    const held = `${count(some, isHeld)} held, ${count(some, isNotApplicable)} not applicable`;
    return `## ${name}\n\n[${first?.folder}](../../packages/server/test/attacks/groups/${first?.folder}/group.ts): ${held}.\n\n${table}`;
  });
  return `# Attacks

Every attack of [packages/server/test/attacks/rows.tsv](../../packages/server/test/attacks/rows.tsv) is tried at a running server over HTTP by \`npm test\`, each in the
variants that its row names, and each beside a twin that differs in nothing but the attack and is let through. What is
answered is compared with the row; a listener that must see nothing, the audit row and the like show the rest.

\`npm run attacks\` runs them alone and writes this page; a test fails while it is stale.

${Object.keys(portable).length} rows need nothing but a token endpoint and a client that may exchange (${Object.keys(portable).join(', ')}). \`npm run attacks -- --against peer.json\`
tries those on another server on this machine, and exits with 1 where one is granted what it must be refused:

\`\`\`json
{
  "tokenEndpoint": "http://127.0.0.1:9000/token",
  "revocationEndpoint": "http://127.0.0.1:9000/revoke",
  "jwksUri": "http://127.0.0.1:9000/jwks",
  "client": { "id": "gateway", "secret": "...", "method": "client_secret_basic" },
  "other": { "id": "partner", "secret": "...", "method": "client_secret_post" },
  "subject": { "grant_type": "client_credentials", "scope": "read" },
  "exchange": { "audience": "https://api.example" },
  "widerScope": "write",
  "refusals": { "statuses": [400, 401, 403, 404, 405, 415] }
}
\`\`\`

\`subject\` is how a client gets a token there, \`exchange\` what an exchange must ask to be granted, and \`refusals\` which answers refuse; only
\`tokenEndpoint\` and \`client\` must be there, and rows that need more are left out by name.

${sections.join('\n\n')}
`;
}

function formatLine({ row, verdict }: Line): string {
  const answered = row.error === '-' ? row.http : `${row.http} ${row.error}`;
  const cells = [row.id, row.input, answered === '-' ? row.note : answered, formatVerdict(verdict)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`;
}

function formatVerdict(verdict: Verdict): string {
  if ('because' in verdict) return `not applicable: ${verdict.because}`;
  if ('broken' in verdict) return 'broken';
  return `held, ${verdict.attempts} ${verdict.attempts === 1 ? 'attempt' : 'attempts'}`;
}
