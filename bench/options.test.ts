// Do the bench commands report a wrong option on one line, and print their usage?
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { count, flag, names, parseOptions, path } from './options.ts';

const command = { script: 'bench:some', purpose: 'Measures something.' };
const options = {
  short: flag('fewer rounds'),
  only: names(['hot', 'cold'], 'some workloads'),
  rounds: count(7, 'number of rounds'),
  before: path('FOLDER', 'another checkout', 'packages'),
};
const parse = (...args: readonly string[]) => parseOptions(command, options, args);

test('bench: options have their usual values, or those of the command line', () => {
  assert.deepEqual(parse(), { values: { short: false, only: undefined, rounds: 7, before: undefined } });
  const root = join(import.meta.dirname, '..');
  assert.deepEqual(parse('--short', '--only', 'cold,hot', '--rounds=3', '--before', root), {
    values: { short: true, only: ['cold', 'hot'], rounds: 3, before: root },
  });
});

for (const [args, fault] of [
  [['--nope'], /^npm run bench:some: Unknown option '--nope'/],
  [['extra'], /Unexpected argument 'extra'/],
  [['--short=yes'], /'--short' does not take an argument/],
  [['--rounds'], /'--rounds <value>' argument missing/],
  [['--rounds', 'many'], /--rounds: "many" is not a whole number from 1/],
  [['--rounds', '0'], /--rounds: "0" is not a whole number from 1/],
  [['--only', 'cold,warm'], /--only: "warm" is none of hot, cold/],
  [['--before', '/nowhere'], /--before: \/nowhere\/packages does not exist/],
] as const)
  test(`bench: reports ${args.join(' ')} on one line`, () => {
    const outcome = parse(...args);
    assert.ok('fault' in outcome);
    assert.match(outcome.fault, fault);
    assert.match(outcome.fault, /^[^\n]+\(--help lists the options\)$/);
  });

test('bench: --help prints the usage and exits with 0; a wrong option prints one line and exits with 2', () => {
  const run = (option: string) => {
    const file = join(import.meta.dirname, 'start.ts');
    return spawnSync(process.execPath, ['--conditions=source', file, option], { encoding: 'utf8' });
  };
  const { status, stdout } = run('--help');
  assert.deepEqual([status, stdout.split('\n')[0]], [0, 'npm run bench:start -- [options]']);
  assert.match(stdout, /--starts NUMBER {2}number of warm starts; 7 by default/);
  const wrong = run('--nope');
  assert.deepEqual([wrong.status, wrong.stdout, wrong.stderr.trimEnd().split('\n').length], [2, '', 1]);
});

test('bench: every command of package.json reads its options alike', () => {
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const files = Object.entries(scripts).flatMap(([name, line]) => {
    const [, file] = /(bench\/[\w-]+\.ts)$/.exec(line) ?? [];
    return file === undefined ? [] : [{ name, text: readFileSync(join(import.meta.dirname, '..', file), 'utf8') }];
  });
  assert.ok(files.length >= 7);
  for (const { name, text } of files)
    assert.match(
      text,
      new RegExp(`readOptions\\(\\s*\\{\\s*script: '${name}'`),
      `${name} reads its options with readOptions`,
    );
  const others = readdirSync(import.meta.dirname).filter((file) => /^(?!options)[\w-]+\.ts$/.test(file));
  for (const file of others)
    assert.doesNotMatch(readFileSync(join(import.meta.dirname, file), 'utf8'), /parseArgs|process\.argv/, file);
});
