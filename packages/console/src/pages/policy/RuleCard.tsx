// One rule in words: who may get what for which tokens, whether it is used, and what its tests say.
import { Badge, Button, Code, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import type { Report, Rule } from '../../shared/draft/use-check.ts';
import { describeSeconds } from '../../shared/numbers.ts';
import { Facts } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import type { Usage } from './use-usage.ts';

export interface RuleState {
  readonly tests: Report['tests'];
  readonly isUntested: boolean;
  /** Undefined until it is known. */
  readonly usage: Usage | undefined;
}

interface RuleCardProps {
  readonly rule: Rule;
  /** The file and the line. */
  readonly place: string;
  readonly state: RuleState;
  readonly isChosen: boolean;
  readonly onEdit: () => void;
}

export function RuleCard({ rule, place, state, isChosen, onEdit }: RuleCardProps): ReactNode {
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isChosen) element.current?.scrollIntoView({ block: 'nearest' });
  }, [isChosen]);
  const { name, effect, mode } = rule;
  return (
    <article ref={element} className="rule" aria-label={name} data-chosen={isChosen || undefined} data-effect={effect}>
      <div className="rule-head">
        <Title order={2} size="h5">
          {name}
        </Title>
        {effect === 'deny' && <Badge color="red">denies</Badge>}
        {mode === 'audit' && (
          <Badge color="blue" variant="light">
            only watched
          </Badge>
        )}
        <Used state={state} name={name} />
      </div>
      <Words rule={rule} />
      <Tests state={state} />
      <div className="rule-foot">
        <Text size="xs" c="dimmed" className="draft-place">
          {place}
        </Text>
        <Button size="compact-xs" variant="subtle" onClick={onEdit} aria-label={`Show as YAML: ${name}`}>
          Show as YAML
        </Button>
      </div>
    </article>
  );
}

const Used = ({ state: { usage }, name }: { readonly state: RuleState; readonly name: string }): ReactNode => (
  <span className="rule-usage">
    {usage === 'used' ? (
      <PageLink to="audit" state={{ rule: name }}>
        used in 30 days
      </PageLink>
    ) : usage === undefined ? (
      '…'
    ) : usage === 'unknown' ? (
      'use not known'
    ) : (
      `${usage}${usage === 'not used' ? ' in 30 days' : ''}`
    )}
  </span>
);

const listOf = (names: readonly string[] | undefined, otherwise: string): ReactNode =>
  names === undefined ? otherwise : names.map((name) => <Code key={name}>{name}</Code>);

const phrases = (words: readonly string[]): string => words.join('; ');

function Words({ rule }: { readonly rule: Rule }): ReactNode {
  const { effect, clients, subject, actor, audiences, scopes, types, lifetime, conditions, because } = rule;
  const isAllowing = effect === 'allow';
  return (
    <Facts
      of={{
        Client: <span className="names">{listOf(clients, 'any client')}</span>,
        Subject: subject.length === 0 ? 'any token' : phrases(subject),
        Actor: actor.length === 0 ? 'with or without one' : phrases(actor),
        Target: <span className="names">{listOf(audiences, 'any target')}</span>,
        Scope: isAllowing ? <Scopes scopes={scopes} /> : undefined,
        Lifetime: isAllowing
          ? lifetime === undefined
            ? 'as the target has it'
            : `at most ${describeSeconds(lifetime)}`
          : undefined,
        Issues: types.some((type) => type !== 'access_token') ? types.join(', ') : undefined,
        If:
          conditions.length === 0 ? undefined : (
            <span className="names">
              {conditions.map((one) => (
                <Code key={one}>{one}</Code>
              ))}
            </span>
          ),
        Because: because,
      }}
    />
  );
}

const Scopes = ({ scopes }: { readonly scopes: Rule['scopes'] }): ReactNode =>
  scopes.length === 0 ? (
    'none'
  ) : (
    <span className="names">
      {scopes.map(({ scope, from }) => (
        <span key={scope}>
          <Code>{scope}</Code>
          {from !== undefined && ` from ${from.join(' or ')}`}
        </span>
      ))}
    </span>
  );

function Tests({ state: { tests, isUntested } }: { readonly state: RuleState }): ReactNode {
  const failed = tests.filter(({ result }) => result === 'failed');
  const passed = tests.filter(({ result }) => result === 'passed').length;
  const left = tests.length - failed.length - passed;
  return (
    <div className="rule-tests" data-failed={failed.length > 0 || undefined}>
      {tests.length > 0 && (
        <details open={failed.length > 0}>
          <summary>
            {failed.length > 0 && `${failed.length} of `}
            {tests.length} {tests.length === 1 ? 'test' : 'tests'} {failed.length > 0 ? 'failed' : 'passed'}
            {left > 0 && `, ${left} left out`}
          </summary>
          <ul>
            {tests.map(({ test, at, result, why }) => (
              <li key={at + test} data-result={result}>
                <strong>{result}</strong> {test}
                {why !== undefined && `: ${why}`}
              </li>
            ))}
          </ul>
        </details>
      )}
      {isUntested && (
        <Text size="sm" c="dimmed">
          No test is decided by this rule.
        </Text>
      )}
    </div>
  );
}
