// Reads and changes the text of one file in a draft.
import { useQuery } from '@tanstack/react-query';
import type { components } from '../../api/admin-api.ts';
import { api, read } from '../../api/client.ts';
import type { Draft } from './draft.ts';

export type RuleFile = components['answers']['list-rule-texts']['items'][number];

/** @returns the files in force; undefined until the server has answered */
export const useRuleFiles = (): readonly RuleFile[] | undefined =>
  useQuery({
    queryKey: ['policy-rules'],
    queryFn: ({ signal }) => read(api.GET('/policy/rules', { signal })),
  }).data?.items;

/** A draft may begin the rules of the main file. */
export const isEditable = ({ rules, isMain }: RuleFile): boolean => rules !== undefined || isMain;

/** A file without rules begins with this. */
const BEGINNING = 'rules:\n';

export const textOf = ({ path, rules }: RuleFile, draft: Draft | undefined): string =>
  draft?.files.findLast((one) => one.path === path)?.rules ?? rules?.text ?? BEGINNING;

/** @returns a function that names a file relative to the folder of the main file */
export function namesWithin(files: readonly RuleFile[]): (path: string) => string {
  const main = files.find(({ isMain }) => isMain)?.path ?? '';
  const folder = main.slice(0, main.lastIndexOf('/') + 1);
  return (path) => (path.startsWith(folder) ? path.slice(folder.length) : path);
}

/** @returns undefined if the draft equals the files in force */
export function withText(draft: Draft | undefined, { path, rules }: RuleFile, text: string): Draft | undefined {
  const others = (draft?.files ?? []).filter((one) => one.path !== path);
  const isSame = text === (rules?.text ?? BEGINNING);
  const files = isSame ? others : [...others, { path, rules: text }];
  return files.length === 0 ? undefined : { ...draft, files };
}
