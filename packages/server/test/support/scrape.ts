// Reads the metrics of a server as a scraper does.
import assert from 'node:assert/strict';
import { canaries } from './canaries.ts';

export interface Scrape {
  /** The value of the only series that has at least these labels; undefined if there is none. */
  readonly value: (name: string, labels?: Readonly<Record<string, string>>) => number | undefined;
  /** Names of series, as stored. */
  readonly names: ReadonlySet<string>;
  readonly text: string;
}

export async function scrape(port: number): Promise<Scrape> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  canaries.look('metrics', text);
  const series = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      return { name, labels, value: Number(value) };
    });
  return {
    text,
    names: new Set(series.map(({ name }) => name)),
    value: (name, labels = {}) => {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      const found = series.filter((one) => one.name === name && wanted.every((part) => one.labels.includes(part)));
      assert.ok(found.length <= 1, `several series fit: ${JSON.stringify(found)}`);
      return found[0]?.value;
    },
  };
}
