// Prints the result of a command in the form that --output names: text for people, JSON and CSV for programs.
import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import { cell } from '../audit/csv.ts';
import { print, printCsv, printFormatted } from './print.ts';
import { type Columns, layOut } from './table.ts';
import { readChoice } from './usage.ts';

const forms = ['text', 'json', 'csv'] as const;
export type Form = (typeof forms)[number];

export const describeOutput = (command: Command): Command =>
  command
    .addOption(
      // Parsed here, so that a wrong value is refused before the command runs.
      new Option('--output <form>', 'text for people, json or csv for programs')
        .default('text')
        .argParser((value) => readChoice('--output', value, forms, 'a form of output')),
    )
    .addOption(new Option('--json', 'an older name of --output json').hideHelp());

export const outputForm = ({ output, json }: Record<string, unknown>): Form =>
  json === true ? 'json' : (output as Form);

type Options = Record<string, unknown>;

/** Prints a list. JSON has the items unchanged. @param empty the text for an empty list */
export function printList<T>(options: Options, columns: Columns<T>, items: readonly T[], empty: string): void {
  const form = outputForm(options);
  if (form === 'json') print(JSON.stringify(items, null, 2));
  else if (form === 'csv') printCsv(csvLines(columns, items));
  else if (items.length === 0) print(empty);
  else printFormatted(layOut(columns, items, { width: terminalWidth(), head: bold }).join('\n'));
}

/** Prints the result of a change, or one item. CSV has a column for each member. */
export function printResult(options: Options, result: object, text: string): void {
  const form = outputForm(options);
  if (form === 'json') print(JSON.stringify(result, null, 2));
  else if (form === 'text') print(text);
  else {
    const columns = Object.fromEntries(Object.entries(result).map(([name, value]) => [name, () => textOf(value)]));
    printCsv(csvLines(columns, [result]));
  }
}

const textOf = (value: unknown): string | undefined =>
  value === undefined || typeof value === 'string' ? value : JSON.stringify(value);

const csvLines = <T>(columns: Columns<T>, items: readonly T[]): readonly string[] => [
  Object.keys(columns).join(','),
  ...items.map((item) =>
    Object.values(columns)
      .map((read) => cell(String(read(item) ?? '')))
      .join(','),
  ),
];

/** The width of lines is unlimited in a pipe or a file. */
export const terminalWidth = (): number =>
  process.stdout.isTTY ? process.stdout.columns || Number.POSITIVE_INFINITY : Number.POSITIVE_INFINITY;

/** Bold on a terminal, unless NO_COLOR is set (no-color.org). */
export const bold = (text: string): string => styleText('bold', text, { stream: process.stdout });
