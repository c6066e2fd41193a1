// Generates the pages that list the requirements of each standard, with the code and the tests that hold them.
import {
  codePath,
  type Page,
  type Requirement,
  readPages,
  readTests,
  requirementsOf,
  verdicts,
} from './conformance.ts';

const tests = readTests();

/** By path: a page for each standard, and the overview. */
export const conformancePages = (): Readonly<Record<string, () => string>> => {
  const pages = readPages();
  return {
    'docs/evidence/conformance/README.md': () => overview(pages),
    ...Object.fromEntries(pages.map((page) => [`docs/evidence/conformance/${page.name}.md`, () => pageOf(page)])),
  };
};

function overview(pages: readonly Page[]): string {
  const rows = pages.map((page) => {
    const all = requirementsOf(page);
    const counts = Object.keys(verdicts).map((verdict) => all.filter((it) => it.verdict === verdict).length);
    return `| [${page.title}](${page.name}.md) | ${all.length} | ${counts.join(' | ')} |`;
  });
  return `# Conformance by clause

What the standards ask of an authorization server, requirement by requirement. The words are ours; each says its clause.

${Object.entries(verdicts)
  .map(([verdict, meaning]) => `- *${verdict}*: ${meaning}.`)
  .join('\n')}

The title of each test that holds a requirement names its id, so that \`grep -rn TE-14 packages\` finds it, and
\`npx node --conditions=source --test --test-name-pattern=TE-14 FILE\` runs it; so does the row of each
[attack](../attacks.md). \`npm run conformance\` fails where we claim a requirement that none of them names, where one names a
requirement that is unknown, and where code is named that is not there.

| page | requirements | ${Object.keys(verdicts).join(' | ')} |
|---|---|---|---|---|---|
${rows.join('\n')}

These pages are made from \`packages/server/test/conformance/*.tsv\` and the titles of the tests by \`npx node --conditions=source scripts/generate-docs.ts\`.
`;
}

function pageOf({ name, title, sections }: Page): string {
  const parts = sections.map(({ heading, requirements }) =>
    [
      ...(heading === undefined ? [] : [`## ${heading}`, '']),
      '| id | clause | requirement | verdict | code | tests |',
      '|---|---|---|---|---|---|',
      ...requirements.map(rowOf),
    ].join('\n'),
  );
  return `# ${title}

[What the verdicts mean, and how to run the tests of a row](README.md). Made from \`packages/server/test/conformance/${name}.tsv\`.

${parts.join('\n\n')}
`;
}

function rowOf({ id, clause, says, verdict, code, note }: Requirement): string {
  const links = tests.filter(({ ids }) => ids.includes(id)).map(({ name, page }) => `[${name}](../../../${page})`);
  const cells = [
    id,
    clause,
    note === '' ? says : `${says}<br>*${note}*`,
    verdict === 'departs' ? '[departs](../../explanation/divergences.md)' : verdict,
    code.map((path) => `[${path.replace(/^packages\//, '')}](../../../${codePath(path)})`).join('<br>'),
    [...new Set(links)].join('<br>'),
  ];
  return `| ${cells.join(' | ')} |`;
}
