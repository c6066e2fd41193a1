// The middle column: the decision, and how each step and each rule contributed to it.
import { Badge, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Ban, CircleCheck, CircleDashed, CircleX, Eye } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Explanation } from './queries.ts';

/** Rules that are listed. */
const MAX_RULES = 50;

interface VerdictProps {
  readonly explanation: Explanation;
  /** Which rules decided. */
  readonly by: string;
  /** A newer answer is on its way. */
  readonly isOld: boolean;
}

export function Verdict({ explanation, by, isOld }: VerdictProps): ReactNode {
  const { decision, meaning, detail, remedy, error, error_description: description, place, values = [] } = explanation;
  const isAllowed = decision === 'allowed';
  return (
    <section className="panel" aria-label="Verdict" aria-busy={isOld} data-old={isOld || undefined}>
      <div role="status" className={isAllowed ? 'pg-verdict allowed' : 'pg-verdict refused'}>
        {isAllowed ? <CircleCheck aria-hidden="true" /> : <Ban aria-hidden="true" />}
        <div>
          <Title order={2} size="h3">
            {isAllowed ? 'Allowed' : 'Refused'}
          </Title>
          <Text size="sm" c="dimmed">
            {by}
          </Text>
        </div>
      </div>
      {!isAllowed && (
        <div className="pg-reason">
          <Text fw={600}>
            {sentence(meaning)}
            {detail !== undefined && `: ${detail}`}
          </Text>
          {remedy !== undefined && <Text size="sm">{sentence(remedy)}</Text>}
          <Text size="sm" c="dimmed">
            The caller receives <code>{error}</code>: {description}
          </Text>
        </div>
      )}
      {values.length > 0 && !isAllowed && <Values values={values} />}
      {place?.at !== undefined && !isAllowed && (
        <Text size="sm" className="pg-wrap">
          <code>{fileOf(place.at)}</code>, {place.key}
        </Text>
      )}
      <Checklist explanation={explanation} />
    </section>
  );
}

/** Without its folder, which is the same for most. */
const fileOf = (at: string): string => at.split('/').at(-1) ?? at;

const sentence = (text = ''): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const Values = ({ values }: { readonly values: NonNullable<Explanation['values']> }): ReactNode => (
  <ul className="pg-values">
    {values.map(({ name, sent, known = [], more = 0 }) => (
      <li key={name}>
        <code>{name}</code>
        {sent !== undefined && <> was {JSON.stringify(sent)}</>}
        {known.length > 0 && `; known: ${known.join(', ')}${more > 0 ? ` and ${more} more` : ''}`}
      </li>
    ))}
  </ul>
);

type State = 'passed' | 'failed' | 'not reached';

const ICONS = { passed: CircleCheck, failed: CircleX, 'not reached': CircleDashed } as const;

function Checklist({ explanation }: { readonly explanation: Explanation }): ReactNode {
  const { steps, pipeline } = explanation;
  const listed: readonly { readonly step: string; readonly state: State; readonly found?: string }[] =
    pipeline ??
    steps.map(({ step, result, found }) => ({ step, state: result === 'passed' ? 'passed' : 'failed', found }));
  return (
    <ol className="pg-steps" aria-label="Steps">
      {listed.map(({ step, state, found }) => {
        const Icon = ICONS[state];
        return (
          <li key={step} data-state={state.replace(' ', '-')}>
            <Icon size={18} aria-hidden="true" />
            <div>
              <span className="pg-step">{sentence(step)}</span> <span className="pg-state">{state}</span>
              {found !== undefined && <div className="pg-found">{found}</div>}
              {step === 'rule' && <Rules explanation={explanation} />}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

type Rule = Explanation['rules'][number];

function Rules({ explanation: { rules, rulesOfOthers } }: { readonly explanation: Explanation }): ReactNode {
  const decides = rules.findIndex(({ result }) => result === 'decides');
  const shown = rules.filter((_, index) => index < MAX_RULES || index === decides);
  const hidden = rules.length - shown.length;
  return (
    <>
      {shown.length > 0 && (
        <ol className="pg-rules" aria-label="Rules">
          {shown.map((rule) => (
            <RuleItem key={rule.rule} {...rule} />
          ))}
        </ol>
      )}
      <Text size="xs" c="dimmed">
        {[
          hidden > 0 && `${hidden} more rules for this client.`,
          rules.length === 0 && 'No rule is for this client.',
          rulesOfOthers > 0 && `${rulesOfOthers} ${rulesOfOthers === 1 ? 'rule is' : 'rules are'} for other clients.`,
        ]
          .filter(Boolean)
          .join(' ')}
      </Text>
    </>
  );
}

const RULE_ICONS: Readonly<Record<Rule['result'], typeof Eye>> = {
  decides: CircleCheck,
  'does not match': CircleX,
  'cannot be told': CircleX,
  'is not asked': CircleDashed,
  'is only watched (mode: audit)': Eye,
  'is gone from the file': CircleDashed,
};

function RuleItem({ rule, result, part, why, at }: Rule): ReactNode {
  const Icon = RULE_ICONS[result];
  return (
    <li data-result={result === 'decides' ? 'decides' : undefined}>
      <Icon size={16} aria-hidden="true" />
      <div>
        <Link to="/policy" search={{ rule } as never}>
          {rule}
        </Link>{' '}
        <span className="pg-state">{result}</span>{' '}
        {part !== undefined && (
          <Badge size="sm" variant="default" className="pg-part">
            {part}
          </Badge>
        )}
        {why !== undefined && <div className="pg-found">{why}</div>}
        {at !== undefined && <div className="pg-at">{fileOf(at)}</div>}
      </div>
    </li>
  );
}
