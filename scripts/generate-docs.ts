// Writes the pages that are made from the code, or with --check says which of them are stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { publicAnswer, type Reason, Refusal, reasons } from '../packages/server/src/primitives/refusal.ts';

const pages: Readonly<Record<string, () => string>> = { 'docs/errors.md': errorsPage };

function errorsPage(): string {
  const answers = Map.groupBy(Object.keys(reasons) as Reason[], (reason) => reasons[reason].answer);
  const sections = [...answers.values()].map((group) => {
    const [first] = group;
    if (first === undefined) return '';
    const { status, error, description } = publicAnswer(new Refusal(first, { parameter: '…' }), 'invalid_grant');
    const rows = group.map((reason) => `| \`${reason}\` | ${reasons[reason].meaning} |`);
    return [`## ${status} ${error}`, '', `> ${description}`, '', '| reason | when |', '|---|---|', ...rows].join('\n');
  });
  return `# Errors

Every way in which Cambio says no. The caller gets the status, the error and the sentence; the reason stands in the audit
row that \`X-Request-Id\` names, and nowhere outside. \`tokenErrorCode: invalid_request\` in the configuration changes the code of
refused subject and actor tokens from \`invalid_grant\`, which the flow's specification says, to RFC 8693's own.

This page is made from \`packages/server/src/primitives/refusal.ts\` by \`node scripts/generate-docs.ts\`.

${sections.join('\n\n')}
`;
}

const check = process.argv.includes('--check');
for (const [name, make] of Object.entries(pages)) {
  const file = resolve(import.meta.dirname, '..', name);
  if (!check) writeFileSync(file, make());
  else if (readFileSync(file, 'utf8') !== make()) {
    console.error(`${name} is stale: node scripts/generate-docs.ts`);
    process.exitCode = 1;
  }
}
