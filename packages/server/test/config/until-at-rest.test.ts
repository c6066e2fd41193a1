// A configuration of several files comes from one version of them: files that change while they are read are read again.
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Configuration } from '../../src/config/configuration.ts';
import { ConfigurationError } from '../../src/config/fault.ts';
import { createInputs, type Inputs } from '../../src/config/inputs.ts';
import { loadTested } from '../../src/config/load.ts';
import { allRules } from '../../src/policy/policy.ts';
import { temporaryFolder } from '../support/program.ts';

const MAIN = "issuer: https://login.example\nstore: 'sqlite::memory:'\ninclude: team.yaml\n";
const DENY =
  'rules:\n  - { name: stop, effect: deny, audiences: [https://a.example], when: \'subject.sub == "x"\', because: stopped }\n';
const TEAM = 'resources: [{ audience: https://a.example, scopes: [r] }]\n';

/** Two versions of two files behind a link, as in Kubernetes: the rule that denies moves from one file to the other. */
function versions(t: TestContext) {
  const folder = temporaryFolder(t);
  const contents = { one: [MAIN, TEAM + DENY], two: [MAIN + DENY, TEAM], invalid: [MAIN, 'clients: 5\n'] } as const;
  for (const [version, [main, team]] of Object.entries(contents)) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'cambio.yaml'), main);
    writeFileSync(join(folder, version, 'team.yaml'), team);
  }
  const swap = (version: keyof typeof contents): void => {
    symlinkSync(version, join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, 'data'));
  };
  return { file: join(folder, 'data', 'cambio.yaml'), swap };
}

/** Inputs that report each reading of the main file, after it and before the included file is read. */
const between = (inputs: Inputs, done: () => void): Inputs => ({
  ...inputs,
  read: (file) => {
    const content = inputs.read(file);
    if (file.endsWith('cambio.yaml')) done();
    return content;
  },
});

const rulesOf = ({ policy }: Configuration): readonly string[] => allRules(policy).map(({ name }) => name);

test('reads all files again if they are replaced while they are read, so that no rule is missing', async (t) => {
  const { file, swap } = versions(t);
  for (const [first, next] of [
    ['one', 'two'],
    ['two', 'one'],
    ['one', 'one'],
    // A fault of one reading alone is not reported.
    ['invalid', 'two'],
  ] as const) {
    swap(first);
    let readings = 0;
    const inputs = between(createInputs(file), () => {
      if (readings++ === 0) swap(next);
    });
    assert.deepEqual(rulesOf(await loadTested(file, {}, inputs)), ['stop'], `${first}, then ${next}`);
    assert.equal(readings, first === next ? 1 : 2);
    assert.equal(inputs.haveChanged(), false);
  }
});

test('refuses files that change at every reading, and names one; a fault of files at rest is the fault itself', async (t) => {
  const { file, swap } = versions(t);
  swap('one');
  let readings = 0;
  const restless = between(createInputs(file), () => swap(readings++ % 2 === 0 ? 'two' : 'one'));
  await assert.rejects(loadTested(file, {}, restless), (error) => {
    assert.ok(error instanceof ConfigurationError);
    assert.match(error.message, /the files changed each of the 5 times that they were read, the last time .*\.yaml/);
    return true;
  });
  assert.equal(readings, 5);
  // The next comparison finds the change, so that the files are read again.
  assert.equal(restless.haveChanged(), true);
  swap('invalid');
  await assert.rejects(loadTested(file, {}, createInputs(file)), /team\.yaml.*clients/);
});
