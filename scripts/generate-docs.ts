// Writes the generated pages of the documentation, or with --check names those that are stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fields } from '../packages/server/src/audit/fields.ts';
import { configurationSchema, includedFileSchema } from '../packages/server/src/config/json-schema.ts';
import { publicAnswer, type Reason, Refusal, reasons } from '../packages/server/src/primitives/refusal.ts';
import { adminApiTypes } from './admin-api-types.ts';
import { chartSchema } from './chart-schema.ts';
import { cliPage } from './cli-page.ts';
import { keysTable } from './configuration-keys.ts';
import { conformancePages } from './conformance-pages.ts';
import { keyDescriptions } from './key-descriptions.ts';
import { vectorsPage } from './vectors-page.ts';

const commandLine = await cliPage();

const DESCRIPTIONS = 'packages/server/src/config/key-descriptions.json';
const configurationPage = (): string =>
  readFileSync(resolve(import.meta.dirname, '../docs/reference/configuration.md'), 'utf8');

const schemaOf = (make: typeof configurationSchema) => make(JSON.parse(keyDescriptions(configurationPage())));
const schemaPage = (make: typeof configurationSchema): string => `${JSON.stringify(schemaOf(make), null, 2)}\n`;

/** Each generator gets the current page, and replaces all of it or the part between two marks. */
const pages: Readonly<Record<string, (before: string) => string>> = {
  'docs/reference/errors.md': errorsPage,
  'docs/reference/cli.md': () => commandLine,
  'docs/reference/configuration.md': (before) => withPart(before, 'keys', keysTable()),
  [DESCRIPTIONS]: () => keyDescriptions(configurationPage()),
  'docs/reference/cambio.schema.json': () => schemaPage(configurationSchema),
  'docs/reference/cambio-included.schema.json': () => schemaPage(includedFileSchema),
  'deploy/helm/values.schema.json': (before) => chartSchema(before, schemaOf(configurationSchema)),
  'docs/reference/audit-log.md': (before) => withPart(before, 'fields', fieldsTable()),
  'docs/evidence/vectors.md': vectorsPage,
  ...conformancePages(),
  'packages/console/src/api/admin-api.ts': adminApiTypes,
  'packages/console/src/api/reasons.json': reasonTexts,
};

function withPart(page: string, name: string, part: string): string {
  const [before = '', after] = page.split(`<!-- generated: ${name} -->\n`);
  const rest = after?.split('<!-- end -->').slice(1).join('<!-- end -->');
  if (rest === undefined) throw new Error(`no place for ${name}`);
  return `${before}<!-- generated: ${name} -->\n${part}\n<!-- end -->${rest}`;
}

function fieldsTable(): string {
  const rows = Object.entries(fields).map(([name, field]) => {
    const person = 'personal' in field ? 'person' : '';
    return `| \`${name}\` | ${field.meaning} | ${person} |`;
  });
  return ['| field | | |', '|---|---|---|', ...rows].join('\n');
}

/** For the console: what each reason means, and what to do. */
function reasonTexts(): string {
  const texts = Object.entries(reasons).map(([name, { meaning, remedy }]) => [name, [meaning, remedy]]);
  return `${JSON.stringify(Object.fromEntries(texts), null, 1)}\n`;
}

function errorsPage(): string {
  const answers = Map.groupBy(Object.keys(reasons) as Reason[], (reason) => reasons[reason].answer);
  const sections = [...answers.values()].map((group) => {
    const [first] = group;
    if (first === undefined) return '';
    const { status, error, description } = publicAnswer(new Refusal(first, { parameter: '…' }), 'invalid_grant');
    const rows = group.map((reason) => {
      const { meaning, remedy } = reasons[reason];
      return `| \`${reason}\` | ${meaning} | ${remedy} |`;
    });
    return [
      `## ${status} ${error}`,
      '',
      `> ${description}`,
      '',
      '| reason | when | what to do |',
      '|---|---|---|',
      ...rows,
    ].join('\n');
  });
  return `# Errors

This page lists every refusal of Cambio. The caller gets the status, the error, the sentence and the id of the request (\`request_id\`). Only the
audit row of that id has the reason. \`cambio explain --request ID\` prints it, with the values and what to do:
[Why was it refused?](../guides/why-refused.md)

\`tokenErrorCode: invalid_request\` in the configuration changes the code of refused subject and actor tokens from \`invalid_grant\` to the code of
RFC 8693.

This page is made from \`packages/server/src/primitives/refusals/\` by \`npx node --conditions=source scripts/generate-docs.ts\`.

${sections.join('\n\n')}
`;
}

const check = process.argv.includes('--check');
for (const [name, make] of Object.entries(pages)) {
  const file = resolve(import.meta.dirname, '..', name);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const now = make(before);
  if (!check) writeFileSync(file, now);
  else if (before !== now) {
    console.error(`${name} is stale: npx node --conditions=source scripts/generate-docs.ts`);
    process.exitCode = 1;
  }
}
