// Reads the rows of rows.tsv, and compares answers with them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Row {
  /** The letter of its group and a number. */
  readonly id: string;
  readonly group: string;
  readonly input: string;
  /** `400`, `200 or 400`; `fault`: the file is refused; `-`: the case decides. */
  readonly http: string;
  /** `invalid_request`, or several with `or`; TOKEN_ERROR is the one for refused tokens; `-`: the case decides. */
  readonly error: string;
  readonly note: string;
}

/** The answer to a request, or the fault of a configuration file. */
export interface Outcome {
  readonly status: number | 'fault';
  readonly body?: Readonly<Record<string, unknown>>;
  readonly text?: string;
}

/** The default of `tokenErrorCode`. */
const TOKEN_ERROR = 'invalid_grant';

export const rows: readonly Row[] = readFileSync(join(import.meta.dirname, 'rows.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [id = '', group = '', input = '', http = '', error = '', note = ''] = line.split('\t');
    return { id, group, input, http, error, note };
  });

export const letterOf = (id: string): string => id.slice(0, 1);

/** @throws AssertionError if the answer differs from the row */
export function assertAsRow({ id, http, error }: Row, what: string, { status, body, text }: Outcome): void {
  const told = `${id}, ${what}: ${status} ${text?.slice(0, 300)}`;
  if (http !== '-') assert.ok(http.split(' or ').includes(String(status)), `${told}; the row has ${http}`);
  if (error === '-' || status === 'fault' || status < 400) return;
  const errors = error.replace('TOKEN_ERROR', TOKEN_ERROR).split(' or ');
  assert.ok(errors.includes(String(body?.error)), `${told}; the row has ${error}`);
}
