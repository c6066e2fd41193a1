// How a request was decided, step by step, and each rule with the first part that did not match.
import { Badge, Text } from '@mantine/core';
import { Check, CircleSlash, X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { components } from '../api/admin-api.ts';
import { PageLink } from './PageLink.tsx';

export type Explanation = components['answers']['explain'];
type Rule = Explanation['rules'][number];

interface Step {
  readonly step: string;
  readonly state: 'passed' | 'failed' | 'not reached';
  readonly found?: string | undefined;
}

const ICONS = { passed: Check, failed: X, 'not reached': CircleSlash } as const;

/** The steps of an exchange are all listed. Of other requests, those that the row tells about. */
export const stepsOf = ({ pipeline, steps }: Pick<Explanation, 'pipeline' | 'steps'>): readonly Step[] =>
  pipeline ??
  steps.map(({ step, result, found }) => ({ step, state: result === 'refused' ? 'failed' : 'passed', found }));

interface ChecklistProps {
  readonly steps: readonly Step[];
  /** Stands in the step `rule`. */
  readonly rules?: ReactNode;
}

export const Checklist = ({ steps, rules }: ChecklistProps): ReactNode => (
  <ol className="checklist" aria-label="Steps">
    {steps.map(({ step, state, found }) => {
      const Icon = ICONS[state];
      return (
        <li key={step} data-state={state}>
          <Icon size={16} aria-label={state} />
          <span className="checklist-step">{step}</span>
          <div>
            {found ?? 'not reached'}
            {step === 'rule' && rules}
          </div>
        </li>
      );
    })}
  </ol>
);

const COLOURS: Partial<Record<Rule['result'], string>> = { decides: 'green', 'does not match': 'gray' };

interface RulesProps {
  readonly rules: readonly Rule[];
  /** The number of rules for other clients. */
  readonly others: number;
}

/** Rules that are listed. The one that decides always is. */
const MAX_RULES = 50;

export const RulesOfClient = ({ rules, others }: RulesProps): ReactNode => (
  <>
    <ol className="rules-asked" aria-label="Rules">
      {rules
        .filter(({ result }, index) => index < MAX_RULES || result === 'decides')
        .map(({ rule, result, part, why, at }) => (
          <li key={rule}>
            <span className="rules-asked-name">
              <PageLink to="policy" state={{ rule }}>
                {rule}
              </PageLink>{' '}
              <Badge variant="light" size="sm" color={COLOURS[result] ?? 'orange'}>
                {result}
              </Badge>
            </span>
            {(part !== undefined || why !== undefined) && (
              <Text size="sm">
                {part !== undefined && <code>{part}</code>} {why}
              </Text>
            )}
            {at !== undefined && (
              <Text size="xs" c="dimmed" title={at}>
                {at.split('/').at(-1)}
              </Text>
            )}
          </li>
        ))}
    </ol>
    {rules.length > MAX_RULES && (
      <Text size="sm" c="dimmed">
        The client has {rules.length} rules.
      </Text>
    )}
    {others > 0 && (
      <Text size="sm" c="dimmed">
        {others === 1 ? '1 rule is' : `${others} rules are`} for other clients.
      </Text>
    )}
  </>
);
