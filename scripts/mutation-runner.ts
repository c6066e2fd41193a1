// Stryker's runner for tests that need no server. It loads the tests once, into the process that has all mutants, and runs only
// those that reach a mutant, which takes milliseconds.
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';

/** Tests that start no server, below packages/server/test. */
const FILES = [
  'expression/expression',
  'expression/condition',
  'policy/decide',
  'exchange/judge',
  'explain/steps',
  'explain/replay-alone',
  'exchange/exchange-alone',
];

/** The object that Stryker's instrumented sources share with the runner. */
interface Shared {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: NonNullable<Extract<DryRunResult, { status: DryRunStatus.Complete }>['mutantCoverage']>;
}

const shared: Shared = {};
Object.assign(globalThis, { __stryker__: shared });

interface Test {
  readonly file: string;
  readonly run: () => unknown;
}

/** By title. */
const tests = new Map<string, Test>();
let loading = '';

/** Replaces `test` of `node:test`. */
export function test(title: string, run: () => unknown): void {
  tests.set(title, { file: loading, run });
}

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'node:test' ? { url: import.meta.url, shortCircuit: true } : next(specifier, context),
});

async function load(name: string): Promise<void> {
  loading = resolve(`packages/server/test/${name}.test.ts`);
  await import(pathToFileURL(loading).href);
}

async function runTest(id: string, { file, run }: Test): Promise<TestResult> {
  const since = performance.now();
  const told = () => ({ id, name: id, fileName: file, timeSpentMs: performance.now() - since });
  shared.currentTestId = id;
  try {
    await run();
    return { ...told(), status: TestStatus.Success };
  } catch (error) {
    return { ...told(), status: TestStatus.Failed, failureMessage: String(error) };
  } finally {
    // Code that runs while the next file is loaded does not belong to a test.
    shared.currentTestId = undefined;
  }
}

/** File by file: once a mutant is detected, the remaining tests are not loaded. @param wanted undefined: all */
async function runTests(wanted: readonly string[] | undefined, bail: boolean): Promise<DryRunResult> {
  const left = new Set(wanted);
  const results: TestResult[] = [];
  const complete = (): DryRunResult => {
    const { mutantCoverage } = shared;
    return { status: DryRunStatus.Complete, tests: results, ...(mutantCoverage && { mutantCoverage }) };
  };
  for (const file of FILES) {
    if (wanted !== undefined && left.size === 0) break;
    await load(file);
    for (const [id, test] of tests) {
      if (!left.delete(id) && (wanted !== undefined || results.some((one) => one.id === id))) continue;
      const result = await runTest(id, test);
      results.push(result);
      const endless = determineHitLimitReached(shared.hitCount, shared.hitLimit);
      if (endless !== undefined) return endless;
      if (bail && result.status === TestStatus.Failed) return complete();
    }
  }
  return complete();
}

class InProcessRunner implements TestRunner {
  capabilities() {
    return { reloadEnvironment: false };
  }

  dryRun(): Promise<DryRunResult> {
    return runTests(undefined, false);
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, hitLimit, testFilter, disableBail, mutantActivation } = options;
    // A static mutant takes effect while a file is loaded. Other mutants have no effect yet.
    if (mutantActivation === 'runtime') for (const file of FILES) await load(file);
    Object.assign(shared, {
      activeMutant: activeMutant.id,
      hitLimit,
      hitCount: hitLimit === undefined ? undefined : 0,
    });
    return toMutantRunResult(await runTests(testFilter, !disableBail));
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'in-process', InProcessRunner)];
