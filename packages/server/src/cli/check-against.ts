// Compares the decisions of a configuration with recorded ones, for cambio check --against.
import type { Configuration } from '../config/configuration.ts';
import { type ChangedDecision, replay } from '../explain/replay.ts';
import { indexResources } from '../narrowing/targets.ts';
import { EXIT } from './command.ts';
import { countOf } from './count.ts';
import { outputForm, printList } from './output.ts';
import { print } from './print.ts';
import { readEvents } from './read-events.ts';
import type { Columns } from './table.ts';

/** @returns `EXIT.failed` if any decision would change, for use in a pipeline */
export async function compare(
  configuration: Configuration,
  file: string,
  options: Record<string, unknown>,
): Promise<number> {
  const isText = outputForm(options) === 'text';
  const found: ChangedDecision[] = [];
  const context = {
    ...configuration,
    targeting: indexResources(configuration.resources, configuration.authorizationServers),
  };
  const counts = { same: 0, changed: 0, undecided: 0, withheld: 0 };
  for await (const event of readEvents(file)) {
    // No rule decides which configuration comes into force.
    if (event.action === 'configuration') continue;
    const verdict = replay(event, context);
    counts[typeof verdict === 'string' ? verdict : 'changed']++;
    if (typeof verdict === 'string') continue;
    if (isText) print(describeChangedDecision(verdict));
    else found.push(verdict);
  }
  const { changed, same, undecided, withheld } = counts;
  if (!isText) {
    printList(options, decisionColumns, found, '');
    return changed === 0 ? EXIT.done : EXIT.failed;
  }
  print(`${changed} of ${changed + same} recorded decisions would change`);
  if (withheld > 0) print(`${countOf(withheld, 'decision')} cannot be compared: what the rules read was not recorded`);
  if (undecided > 0) print(`${countOf(undecided, 'other row')}, which no rule decided`);
  return changed === 0 ? EXIT.done : EXIT.failed;
}

export const decisionColumns: Columns<ChangedDecision> = {
  time: ({ time }) => new Date(time).toISOString(),
  requestId: ({ requestId }) => requestId,
  client: ({ client }) => client,
  subject: ({ subject }) => subject,
  before: ({ before }) => before,
  after: ({ after }) => after,
  missing: ({ missing }) => missing.join(' '),
};

export function describeChangedDecision({
  time,
  requestId,
  client,
  subject,
  before,
  after,
  missing,
}: ChangedDecision): string {
  const lines = [
    `${new Date(time).toISOString()} ${requestId}: ${client} for ${subject}`,
    `  was ${before}`,
    `  now ${after}`,
  ];
  if (missing.length > 0) lines.push(`  the rules read ${missing.join(', ')}, which was not recorded or not there`);
  return lines.join('\n');
}
