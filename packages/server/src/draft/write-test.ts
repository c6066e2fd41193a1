// Writes a test of a rule for a simulated exchange, with a patch of the file, and runs it.
import { resolve } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { loadDraft } from '../config/draft.ts';
import { ConfigurationError } from '../config/fault.ts';
import { diffOfSection } from '../config/section.ts';
import { formatTest, insertTest } from '../config/test-entry.ts';
import type { WantedTest, WrittenTest } from '../explain/drafted.ts';
import type { Explanation } from '../explain/explain.ts';
import { allRules } from '../policy/policy.ts';
import type { Draft } from './draft.ts';

/** @returns `no rule` if no rule is for the client and none was named */
export async function writeTest(
  { rule: named, client, test }: WantedTest,
  explanation: Explanation,
  configuration: Configuration,
  draft: Draft,
): Promise<WrittenTest | 'no rule'> {
  const { policy, placeOf, files } = configuration;
  const [decides] = explanation.rules.filter(({ result }) => result === 'decides');
  const name = named ?? decides?.rule ?? explanation.rules[0]?.rule;
  const rule = allRules(policy).find((one) => one.name === name);
  if (rule === undefined) return 'no rule';
  const { decision, reason } = explanation;
  const [first] = rule.clients === 'any' ? [] : rule.clients;
  const entry = {
    ...test,
    ...(first !== client && { client }),
    expect: decision === 'allowed' ? 'allowed' : { refused: reason },
  };
  const at = placeOf(['rules', rule.position]);
  const [, path = '', line = '0'] = /^(.*):(\d+)$/.exec(at) ?? [];
  const { text = '' } = files.find((one) => one.path === path) ?? {};
  const edit = insertTest(text, Number(line), entry);
  const written = { rule: rule.name, at, yaml: formatTest(entry), decision, ...(reason !== undefined && { reason }) };
  if (edit === undefined) return written;
  const changed = text.slice(0, edit.from) + edit.text + text.slice(edit.to);
  const patch = diffOfSection(path, text, { name: 'rules', edits: [edit] });
  return { ...written, ...(patch !== undefined && { patch }), ...(await tryTest(rule.name, path, changed, draft)) };
}

/** Does the test pass where it stands now? It is the last one of its rule. */
async function tryTest(rule: string, path: string, text: string, { base, texts }: Draft) {
  const others = texts.files.filter((one) => resolve(one.path) !== resolve(path) && one.path !== '');
  try {
    const configuration = await loadDraft(base, { ...texts, files: [...others, { path, text }] });
    const outcome = configuration.judgeTests().findLast((one) => one.rule === rule);
    const { result, why } = outcome ?? { result: 'failed', why: 'the test was not found.' };
    return { passes: result === 'passed', ...(why !== undefined && { why }) };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { passes: false, why: error.faults[0]?.message ?? 'the file has a fault.' };
  }
}
