// Checks the files for monitoring with Prometheus' own tool, and against a real scrape.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { reasons } from '../../src/primitives/refusal.ts';
import { configuration } from '../support/basics.ts';
import { changed } from '../support/configuration.ts';
import { freePort, start } from '../support/harness.ts';
import { repository } from '../support/program.ts';
import { scrape } from '../support/scrape.ts';

const read = (file: string): string => readFileSync(join(repository, file), 'utf8');
const RULES = 'deploy/prometheus/cambio.rules.yml';
const DASHBOARD = 'deploy/grafana/cambio.json';

interface Rule {
  readonly alert?: string;
  readonly expr: string;
}
const rules = (parse(read(RULES)) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

/** Every PromQL expression in deploy/. */
function expressions(): readonly string[] {
  const { panels } = JSON.parse(read(DASHBOARD)) as { panels: { targets?: { expr: string }[] }[] };
  return [...rules.map(({ expr }) => expr), ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))];
}

test('scrapes every metric, label and reason that the alerts and the dashboard name', async (t) => {
  const port = await freePort();
  await start(t, changed(configuration, { server: { metrics: { port } } }));
  const { text } = await scrape(port);
  const types = new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, kind]) => [name, kind]));
  const named = expressions().flatMap((expression) => expression.match(/\b(?:cambio|nodejs|process)_\w+/g) ?? []);
  assert.ok(named.length > 30);
  for (const name of new Set(named)) {
    const histogram = /^(.*)_(?:bucket|sum|count)$/.exec(name)?.[1];
    assert.ok(types.has(name) || types.get(histogram ?? '') === 'histogram', `no metric ${name}`);
  }
  const told = expressions().flatMap((expression) => [...expression.matchAll(/reason=~?"([^"]+)"/g)]);
  for (const reason of told.flatMap(([, list = '']) => list.split('|'))) assert.ok(reason in reasons, reason);
});

test('docs/guides/operate.md has every alert and every metric', async () => {
  const page = read('docs/guides/operate.md');
  const alerts = rules.flatMap(({ alert }) => alert ?? []);
  const metrics = expressions().flatMap((expression) => expression.match(/\bcambio_\w+/g) ?? []);
  const names = [...alerts, ...metrics.map((name) => name.replace(/_(?:bucket|sum|count)$/, ''))];
  assert.ok(alerts.length > 10);
  assert.deepEqual(
    [...new Set(names)].filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
});

const missing = spawnSync('promtool', ['--version']).status !== 0 && 'promtool is not on this machine';

test('promtool accepts the alerts and the scrape configuration, and the tests of the alerts pass', {
  skip: missing,
}, () => {
  for (const command of [
    ['check', 'config', 'deploy/prometheus/prometheus.yml'],
    ['test', 'rules', 'deploy/prometheus/cambio.rules.test.yml'],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', command, { cwd: repository, encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  }
});
