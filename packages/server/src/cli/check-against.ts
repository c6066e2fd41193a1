// Compares the decisions of a configuration with recorded ones, for cambio check --against.
import type { AuditEvent } from '../audit/event.ts';
import { eventOfLine, parseLine } from '../audit/export.ts';
import type { Configuration } from '../config/configuration.ts';
import { type ChangedDecision, replay } from '../explain/replay.ts';
import { indexResources } from '../narrowing/targets.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';
import { EXIT } from './command.ts';
import { countOf } from './count.ts';
import { readLines } from './lines.ts';
import { outputForm, printList } from './output.ts';
import { print } from './print.ts';
import type { Columns } from './table.ts';

/** @returns `EXIT.failed` if any decision would change, for use in a pipeline */
export async function compare(
  configuration: Configuration,
  file: string,
  options: Record<string, unknown>,
): Promise<number> {
  const isText = outputForm(options) === 'text';
  const found: ChangedDecision[] = [];
  const context = { ...configuration, targeting: indexResources(configuration.resources) };
  const counts = { same: 0, changed: 0, undecided: 0, withheld: 0 };
  for await (const { text, place } of readLines(file)) {
    const event = readEvent(text, place);
    if (event === undefined) continue;
    const verdict = replay(event, context);
    counts[typeof verdict === 'string' ? verdict : 'changed']++;
    if (typeof verdict === 'string') continue;
    if (isText) print(describeChange(verdict));
    else found.push(verdict);
  }
  const { changed, same, undecided, withheld } = counts;
  if (!isText) {
    printList(options, changeColumns, found, '');
    return changed === 0 ? EXIT.done : EXIT.failed;
  }
  print(`${changed} of ${changed + same} recorded decisions would change`);
  if (withheld > 0) print(`${countOf(withheld, 'decision')} cannot be compared: what the rules read was not recorded`);
  if (undecided > 0) print(`${countOf(undecided, 'other row')}, which no rule decided`);
  return changed === 0 ? EXIT.done : EXIT.failed;
}

const changeColumns: Columns<ChangedDecision> = {
  time: ({ time }) => new Date(time).toISOString(),
  requestId: ({ requestId }) => requestId,
  client: ({ client }) => client,
  subject: ({ subject }) => subject,
  before: ({ before }) => before,
  after: ({ after }) => after,
  missing: ({ missing }) => missing.join(' '),
};

function describeChange({ time, requestId, client, subject, before, after, missing }: ChangedDecision): string {
  const lines = [
    `${new Date(time).toISOString()} ${requestId}: ${client} for ${subject}`,
    `  was ${before}`,
    `  now ${after}`,
  ];
  if (missing.length > 0) lines.push(`  the rules read ${missing.join(', ')}, which was not recorded or not there`);
  return lines.join('\n');
}

/** @returns undefined for a line of an export that is not a row, such as a key. @throws Error with the place */
function readEvent(text = '', place: string): AuditEvent | undefined {
  const isEvent = typeof parseJsonObject(text)?.time === 'number';
  const line = parseLine(text) ?? (isEvent ? { event: text } : undefined);
  try {
    if (line !== undefined) return eventOfLine(line);
  } catch (error) {
    // The line is one of an export, and its event is not JSON.
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Error(`${place}: not an audit row. audit search --output json and audit export print such rows`);
}
