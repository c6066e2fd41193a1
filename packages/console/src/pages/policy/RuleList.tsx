// Lists the rules as cards in words, each with its use and its tests.
import { Chip, Group, Text, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { SEARCH_FIELD } from '../../frame/keyboard.ts';
import { useUrlState } from '../../frame/url-state.ts';
import type { Checked, Rule } from '../../shared/draft/use-check.ts';
import { page } from './page.ts';
import { RuleCard, type RuleState } from './RuleCard.tsx';
import type { Usage } from './use-usage.ts';

/** How many rules decide a test, and how many decided a request. */
function Coverage({ states }: { readonly states: readonly RuleState[] }): ReactNode {
  const shareOf = (count: number): string =>
    `${count} of ${states.length} rules (${Math.round((100 * count) / states.length)} %)`;
  const unknown = states.filter(({ usage }) => usage === undefined || usage === 'unknown').length;
  return (
    <Text size="sm" mb="xs">
      Coverage: tests decide by {shareOf(states.filter(({ isUntested }) => !isUntested).length)}
      {unknown < states.length &&
        `, and requests of the last 30 days by ${shareOf(states.filter(({ usage }) => usage === 'used').length)}`}
      {unknown > 0 && unknown < states.length && `; of ${unknown} it is not known`}.
    </Text>
  );
}

interface RuleListProps {
  readonly checked: Checked;
  /** Undefined until it is known. */
  readonly usage: ((rule: string) => Usage) | undefined;
  /** Shortens the name of a file. */
  readonly nameOf: (path: string) => string;
  readonly onEdit: (rule: Rule) => void;
}

const isFailing = ({ tests }: RuleState): boolean => tests.some(({ result }) => result === 'failed');
const isUnused = ({ usage }: RuleState): boolean => usage === 'not used' || usage === 'never used';

export function RuleList({ checked: { report, usable }, usage, nameOf, onEdit }: RuleListProps): ReactNode {
  const [{ find, show, rule: chosen }, change] = useUrlState(page);
  const tests = Map.groupBy(usable?.tests ?? [], ({ rule }) => rule);
  const untested = new Set(usable?.untested.map(({ rule }) => rule));
  const rules = usable?.rules ?? [];
  const all = rules.map((rule, index) => {
    const own = tests.get(rule.name) ?? [];
    const state = { tests: own, isUntested: untested.has(rule.name), usage: usage?.(rule.name) };
    return { rule, place: index + 1, state };
  });
  const filters = {
    all: { label: 'All', holds: () => true },
    failing: { label: 'A test fails', holds: isFailing },
    untested: { label: 'No test', holds: ({ isUntested }: RuleState) => isUntested },
    unused: { label: 'Not used in 30 days', holds: isUnused },
  } as const;
  const wanted = find.toLowerCase();
  const shown = all.filter(
    ({ rule, state }) => filters[show].holds(state) && JSON.stringify(rule).toLowerCase().includes(wanted),
  );
  const pick = (value: string | string[]): void => {
    const [key] = Object.keys(filters).filter((one) => one === value) as (keyof typeof filters)[];
    change({ show: key ?? 'all' }, 'replace');
  };
  return (
    <section aria-label="Rules in words">
      <TextInput
        {...SEARCH_FIELD}
        aria-label="Find rules"
        placeholder="Find a client, a target, a scope …"
        value={find}
        mb="xs"
        onChange={(event) => change({ find: event.currentTarget.value }, 'replace')}
      />
      {all.length > 0 && report?.counts !== undefined && <Coverage states={all.map(({ state }) => state)} />}
      <Chip.Group value={show} onChange={pick}>
        <Group gap="xs" mb="sm" role="group" aria-label="Which rules">
          {Object.entries(filters).map(([key, { label, holds }]) => (
            <Chip key={key} value={key} size="xs" variant="light">
              {label} ({key === 'unused' && usage === undefined ? '…' : all.filter(({ state }) => holds(state)).length})
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      {report?.counts === undefined && rules.length > 0 && (
        <Text size="sm" c="dimmed" mb="sm">
          The draft has a fault. These are the rules before it.
        </Text>
      )}
      {shown.length === 0 && <Text c="dimmed">No rule is like that.</Text>}
      <ol className="rules">
        {shown.map(({ rule, place, state }) => (
          <li key={rule.name} value={place}>
            <RuleCard
              rule={rule}
              place={`${nameOf(rule.file)}:${rule.line}`}
              state={state}
              isChosen={rule.name === chosen}
              onEdit={() => onEdit(rule)}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}
