// cambio policy replay: decides recorded exchanges again by a file, and lists the decisions that it would change.
import { dirname, relative, resolve } from 'node:path';
import { readText } from '../config/decode.ts';
import { readFiles } from '../config/files.ts';
import { createInputs } from '../config/inputs.ts';
import type { DraftTexts } from '../explain/drafted.ts';
import type { ChangedDecision, DecisionChange } from '../explain/replay.ts';
import { systemClock } from '../primitives/clock.ts';
import { describePlace, runOperation } from './administration.ts';
import { decisionColumns, describeChangedDecision } from './check-against.ts';
import { type CliCommand, EXIT } from './command.ts';
import { countOf } from './count.ts';
import { describeOutput, outputForm, printList } from './output.ts';
import { print } from './print.ts';
import { readTime, UsageError } from './usage.ts';

/** The changes that each value of `--fail-on` means. */
const FAILING: Readonly<Record<string, readonly DecisionChange[]>> = {
  allow: ['newly allowed', 'allowed otherwise'],
  refuse: ['newly refused'],
  any: ['newly allowed', 'newly refused', 'allowed otherwise', 'refused otherwise'],
};

export const policyReplay: CliCommand = {
  examples: [
    [
      'cambio policy replay new.yaml --config cambio.yaml --since 7d --fail-on allow',
      'in CI: fails if the file would allow more than was allowed',
    ],
    ['cambio policy replay new.yaml --server https://login.example.com --since 30d', 'the same on a running server'],
  ],
  describe: (command) =>
    describeOutput(
      describePlace(
        command
          .description('List the recorded exchanges that a file would decide otherwise, newest first.')
          .argument('<file>', 'the configuration file to decide by'),
      ),
    )
      .option('--since <time>', 'from this time on: 2026-01-31T08:00:00Z, 2026-01-31, or an age: 15m, 2h, 7d')
      .option('--until <time>', 'before this time')
      .option('--client <id>', 'the exchanges of this client alone')
      .option('--fail-on <change>', 'exit with 1 on such a change: allow, refuse or any'),
  run: async (options, [file = '']) => {
    const failing = failingOf(options);
    const now = systemClock();
    const iso = (name: 'since' | 'until') =>
      options[name] === undefined ? undefined : new Date(readTime(`--${name}`, options[name], now)).toISOString();
    const asked = { ...textsOf(file), since: iso('since'), until: iso('until'), client: options.client };
    const counts = { changed: 0, same: 0, undecided: 0, withheld: 0 };
    const found: ChangedDecision[] = [];
    let fails = false;
    const isText = outputForm(options) === 'text';
    const code = await runOperation(options, async (call) => {
      let cursor: string | undefined;
      do {
        const { body } = await call('replay-draft', { body: withoutAbsent({ ...asked, cursor }) });
        for (const item of body.items) {
          fails ||= failing.includes(item.change);
          if (isText) print(`${item.change}\n${describeChangedDecision(item)}`);
          else found.push(item);
        }
        for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += body.counts[key];
        cursor = body.next;
      } while (cursor !== undefined);
      if (isText) summarize(counts);
      else printList(options, { change: ({ change }) => change, ...decisionColumns }, found, '');
    });
    return fails ? EXIT.failed : code;
  },
};

/** @throws UsageError */
function failingOf({ failOn }: Record<string, unknown>): readonly DecisionChange[] {
  if (failOn === undefined) return [];
  const failing = Object.hasOwn(FAILING, String(failOn)) ? FAILING[String(failOn)] : undefined;
  if (failing === undefined)
    throw new UsageError(`--fail-on ${failOn} is not one of allow, refuse, any. Example: --fail-on allow`);
  return failing;
}

/** Reads the file and those that it includes. The secrets that they name are not read. */
function textsOf(file: string): DraftTexts {
  const inputs = createInputs(file);
  const { files } = readFiles(readText(file, inputs), { file, environment: process.env, inputs });
  const folder = dirname(resolve(file));
  return {
    files: files.map(({ path, text }) => ({ path: path === file ? '' : relative(folder, resolve(path)), text })),
    complete: true,
  };
}

const withoutAbsent = (body: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));

function summarize({ changed, same, undecided, withheld }: Readonly<Record<string, number>>): void {
  print(`${changed} of ${Number(changed) + Number(same)} recorded decisions would change`);
  if (Number(withheld) > 0)
    print(`${countOf(Number(withheld), 'decision')} cannot be compared: what the rules read was not recorded`);
  if (Number(undecided) > 0) print(`${countOf(Number(undecided), 'other row')}, which no rule decided`);
}
