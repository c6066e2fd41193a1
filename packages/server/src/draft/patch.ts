// Writes what a draft changes in the sections `rules` of the files in force as a patch.
import { dirname, relative, resolve, sep } from 'node:path';
import { pathOfDrafted } from '../config/draft.ts';
import { diffOfSection, findSection, replaceSection } from '../config/section.ts';
import type { DraftReport } from '../explain/drafted.ts';
import { lineEdits } from '../primitives/line-edits.ts';
import type { Draft } from './draft.ts';

/** @returns where the sections of the draft begin, and what it changes */
export const changesOf = (draft: Draft): Pick<DraftReport, 'sections' | 'patch' | 'unpatched'> => ({
  sections: sectionsOf(draft),
  ...patchOf(draft),
});

function sectionsOf({ base, texts }: Draft): DraftReport['sections'] {
  return base.files.flatMap(({ path, text }) => {
    const { rules } = texts.files.findLast((one) => pathOfDrafted(one.path, base) === resolve(path)) ?? {};
    const section = rules === undefined ? undefined : findSection(replaceSection(text, 'rules', rules), 'rules');
    return section === undefined ? [] : [{ path, line: section.line }];
  });
}

/**
 * Writes a unified diff for `git apply` and `patch -p1`, with names relative to the innermost folder that has all files in force.
 * Only sections of the draft are compared. Another text could be compared with a file to read its secrets.
 */
function patchOf({ base, texts }: Draft): Pick<DraftReport, 'patch' | 'unpatched'> {
  const folder = commonFolder(base.files.map(({ path }) => resolve(path)));
  const unpatched: string[] = [];
  const diffs = base.files.map(({ path, text }) => {
    const drafted = texts.files.filter((one) => pathOfDrafted(one.path, base) === resolve(path));
    const rules = drafted.every((one) => one.rules !== undefined) ? drafted.at(-1)?.rules : undefined;
    if (rules === undefined) return '';
    const name = relative(folder, resolve(path)).replaceAll(sep, '/');
    const diff = diffOf([`a/${name}`, `b/${name}`], text, rules);
    if (diff === undefined) unpatched.push(path);
    return diff ?? '';
  });
  return { patch: diffs.join(''), unpatched };
}

function diffOf(names: readonly [string, string], text: string, rules: string): string | undefined {
  const changed = `${rules.replace(/\n+$/, '')}\n`;
  const found = findSection(text, 'rules');
  if (found === undefined) {
    // The section becomes the last one. A last line without its end would have to be shown.
    const edits = [{ from: text.length, to: text.length, text: changed }];
    return text.endsWith('\n') ? diffOfSection(names, text, { name: 'rules', edits }) : undefined;
  }
  const before = text
    .split('\n')
    .slice(0, found.line - 1)
    .join('\n');
  const start = found.line === 1 ? 0 : before.length + 1;
  // The last line of a file may have no end.
  const old = text.slice(start, start + found.text.length);
  const next = old.endsWith('\n') ? changed : changed.slice(0, -1);
  const edits = lineEdits(old, next).map((edit) => ({ ...edit, from: start + edit.from, to: start + edit.to }));
  return diffOfSection(names, text, { name: 'rules', edits });
}

function commonFolder(paths: readonly string[]): string {
  const folders = paths.map((path) => dirname(path).split(sep));
  const common = (folders[0] ?? []).filter((_, index, all) =>
    folders.every((other) => all.slice(0, index + 1).every((part, place) => part === other[place])),
  );
  return common.join(sep) || sep;
}
