// Lists the texts of the rules in force, for an editor. Other sections may hold secrets.
import type { RuleText } from '../http/admin/administration.ts';
import type { DraftBase } from './draft-base.ts';
import { findSection } from './section.ts';

export const ruleTextsOf = ({ main, files }: DraftBase): readonly RuleText[] =>
  files.map(({ path, text }) => {
    const rules = findSection(text, 'rules');
    return { path, isMain: path === main, ...(rules && { rules }) };
  });
