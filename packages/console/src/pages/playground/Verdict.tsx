// The middle column: the decision, and how each step and each rule contributed to it.
import { Text, Title } from '@mantine/core';
import { Ban, CircleCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { Checklist, type Explanation, RulesOfClient, stepsOf } from '../../shared/Decision.tsx';

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
        <Text size="sm" className="pg-place">
          <code>{fileOf(place.at)}</code>, {place.key}
        </Text>
      )}
      <Checklist
        steps={stepsOf(explanation)}
        rules={<RulesOfClient rules={explanation.rules} others={explanation.rulesOfOthers} />}
      />
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
