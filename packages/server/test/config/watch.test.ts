// What a configuration was read from: any change of it is noticed.
import assert from 'node:assert/strict';
import { readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createInputs } from '../../src/config/inputs.ts';
import { watchInputs } from '../../src/config/watch.ts';
import { eventually } from '../support/node.ts';
import { temporaryFolder } from '../support/program.ts';

function someFolder(t: TestContext) {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const write = (name: string, text: string): void => writeFileSync(at(name), text);
  return { folder, at, write };
}

test('inputs have changed if a file has other content, is absent or is back, but not while the main file is absent', (t) => {
  const { at, write } = someFolder(t);
  write('main', 'a');
  write('secret', 'a');
  symlinkSync(at('secret'), at('link'));
  const inputs = createInputs(at('main'));
  for (const name of ['main', 'link']) inputs.read(at(name));
  assert.throws(() => inputs.read(at('absent')));
  const seen: [string, boolean][] = [];
  const after = (what: string, change: () => void): void => {
    change();
    seen.push([what, inputs.haveChanged()]);
  };
  after('nothing', () => undefined);
  after('the same text again', () => write('main', 'a'));
  after('another text behind a link', () => write('secret', 'b'));
  after('that is read again: what was read first counts', () => inputs.read(at('link')));
  after('the first text again', () => write('secret', 'a'));
  after('the link leads nowhere', () => rmSync(at('secret')));
  after('it leads somewhere', () => write('secret', 'a'));
  after('a file that was absent', () => write('absent', 'a'));
  after('it is absent again', () => rmSync(at('absent')));
  after('the main file is absent', () => rmSync(at('main')));
  assert.deepEqual(seen, [
    ['nothing', false],
    ['the same text again', false],
    ['another text behind a link', true],
    ['that is read again: what was read first counts', true],
    ['the first text again', false],
    ['the link leads nowhere', true],
    ['it leads somewhere', false],
    ['a file that was absent', true],
    ['it is absent again', false],
    ['the main file is absent', false],
  ]);
});

test('a change of any file, of a list of files, or of a file that only a later reading named is taken, and taken again if that fails', async (t) => {
  const { folder, at, write } = someFolder(t);
  write('main', 'main');
  const taken: string[] = [];
  let fails = false;
  const begin = () => createInputs(at('main'));
  const read = (inputs: ReturnType<typeof begin>): string => {
    const names = inputs.list(() => ({ files: readdirSync(folder).sort(), folders: [folder] }));
    return names.map((name) => `${name}=${inputs.read(at(name))}`).join(' ');
  };
  const first = begin();
  read(first);
  const watching = watchInputs(first, {
    begin,
    take: async (inputs) => {
      const text = read(inputs);
      if (fails) throw new Error('not now');
      taken.push(text);
    },
  });
  t.after(watching.stop);
  const becomes = (text: string): Promise<unknown> =>
    eventually(
      async () => taken.at(-1),
      (last) => last === text,
    );
  write('other', 'other');
  await becomes('main=main other=other');
  write('other', 'changed');
  await becomes('main=main other=changed');
  fails = true;
  write('main', 'changed');
  setTimeout(() => {
    fails = false;
  }, 1000);
  await becomes('main=changed other=changed');
  rmSync(at('other'));
  await becomes('main=changed');
});

test('a change is taken although other files of the folder change all the time', async (t) => {
  const { at, write } = someFolder(t);
  write('main', 'main');
  const first = createInputs(at('main'));
  first.read(at('main'));
  const taken: string[] = [];
  let writes = 0;
  const traffic = setInterval(() => write('database', String(++writes)), 50);
  t.after(() => clearInterval(traffic));
  const watching = watchInputs(first, {
    begin: () => createInputs(at('main')),
    take: async (inputs) => void taken.push(`${inputs.read(at('main'))}`),
  });
  t.after(watching.stop);
  await wait(300);
  write('main', 'changed');
  const before = writes;
  await eventually(
    async () => taken.at(-1),
    (last) => last === 'changed',
  );
  assert.ok(writes - before < 80, `taken after ${writes - before} writes; the comparison every few seconds is later`);
});
