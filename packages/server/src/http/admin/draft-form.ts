// The form of a draft: texts of files of the configuration. It is read in a thread that opens no file.
import { z } from 'zod';
import type { DraftAnswer, DraftFinding, DraftQuestion, DraftTexts } from '../../explain/drafted.ts';
import type { Call } from './operation.ts';
import { InvalidRequest } from './problem.ts';

const MAX_FILES = 200;
/** Characters of all texts. */
const MAX_TEXT = 1_048_576;

const draftFile = z
  .strictObject({
    path: z
      .string()
      .max(1024)
      .describe('as `GET /policy/rules` names it, or relative to the folder of the main file; empty: the main file'),
    text: z.string().nullable().optional().describe('the whole text; null removes the file'),
    rules: z.string().optional().describe('instead: its section `rules`, with the key'),
  })
  .refine(({ text, rules }) => (text === undefined) !== (rules === undefined), 'needs text or rules, and not both.');

const draftFiles = z
  .array(draftFile)
  .max(MAX_FILES)
  .refine(
    (files) => files.reduce((sum, { text, rules }) => sum + (text ?? rules ?? '').length, 0) <= MAX_TEXT,
    `the texts have more than ${MAX_TEXT} characters. Send the files that changed only.`,
  )
  .describe('the files that differ from those in force');

export const draftForm = z.strictObject({
  files: draftFiles,
  complete: z.boolean().optional().describe('no file that is in force belongs to the draft, but those that it has'),
});

type Asked = Pick<Call<never, never, never>, 'services' | 'event'>;

/** Faults that a refusal lists. */
const MAX_FAULTS = 50;

/** @throws InvalidRequest if the draft has a fault */
export async function askUsableDraft(
  texts: DraftTexts,
  question: DraftQuestion,
  at: string,
  { services: { admin }, event }: Asked,
): Promise<DraftAnswer> {
  const answer = await admin.askDraft(texts, question, event);
  if (answer.kind !== 'faults') return answer;
  const faults = answer.findings.filter(({ severity }) => severity === 'fault').slice(0, MAX_FAULTS);
  throw new InvalidRequest(faults.map((fault) => ({ at, detail: describeFinding(fault) })));
}

const describeFinding = ({ file, line, column, path, message }: DraftFinding): string =>
  [line === 0 ? file : `${file}:${line}:${column}`, path, message].filter((part) => part !== '').join(': ');
