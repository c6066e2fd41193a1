// Formats docs/evidence/cel.md: how many conformance tests of the CEL specification apply, how many agree, and why the others do not.
import type { Case, Verdict } from './cel-case.ts';

type Judged = readonly (readonly [Case, Verdict])[];

/** Why Cambio differs, by a part of the name of the test. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/lossy_double|big_double_int/, 'Cambio compares an int with a double exactly; the test rounds the int first'],
  [
    /conversions\/(?:double\/(?:int_range|string_exp)|int\/double_big)/,
    'a number that a double would round refuses the request ([decision 10](../explanation/decisions/10-cannot-tell.md))',
  ],
  [/map_has|has_field/, 'the parser takes `has()` of a variable only'],
  [/add_time_to_duration/, 'the type checker takes the sum for a duration. Write the timestamp first'],
];

export function formatCelPage(judged: Judged, from: { readonly name: string; readonly version: string }): string {
  const applying = judged.filter(([, { kind }]) => kind !== 'does not apply');
  const agreeing = applying.filter(([, { kind }]) => kind === 'agrees');
  return `# CEL conformance

\`npm run cel-conformance\` fetches the conformance tests of the [CEL specification](https://cel.dev) in the package \`${from.name}\`
${from.version}, evaluates those that apply, and writes this page. They are not kept in this repository, and \`npm test\` does not run
them. \`-- --from FOLDER\` takes them from a folder in which the package is installed.

**${agreeing.length} of ${applying.length} tests that apply agree.** ${judged.length - applying.length} of ${judged.length} do not apply, because they need a part of CEL that
[expressions](../reference/expressions.md#not-available) lists as not available, or give no value.

| suite | agree | apply | do not apply |
|---|---|---|---|
${rowsBySuite(judged).join('\n')}

## Where Cambio differs

| test | why |
|---|---|
${applying.flatMap(differenceOf).join('\n')}

## What does not apply

| because of | tests |
|---|---|
${rowsByReason(judged).join('\n')}
`;
}

const countOf = (judged: Judged, kind: Verdict['kind']): number => judged.filter(([, one]) => one.kind === kind).length;

function rowsBySuite(judged: Judged): readonly string[] {
  return [...Map.groupBy(judged, ([{ suite }]) => suite)].map(([suite, some]) => {
    const absent = countOf(some, 'does not apply');
    return `| ${suite} | ${countOf(some, 'agrees')} | ${some.length - absent} | ${absent} |`;
  });
}

function rowsByReason(judged: Judged): readonly string[] {
  const reasons = judged.flatMap(([, verdict]) => (verdict.kind === 'does not apply' ? [verdict.because] : []));
  return [...Map.groupBy(reasons, (reason) => reason)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([reason, some]) => `| ${reason} | ${some.length} |`);
}

function differenceOf([{ path }, verdict]: Judged[number]): readonly string[] {
  if (verdict.kind !== 'disagrees') return [];
  const why = REASONS.find(([part]) => part.test(path))?.[1] ?? `not explained: ${verdict.because}`;
  return [`| ${path} | ${why} |`];
}
