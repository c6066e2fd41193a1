// Each way to a target: the rule or the grant, what must hold, and what denies.
import { Badge, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { describeSeconds } from '../../shared/numbers.ts';
import { EntryLink, EntryLinks } from './Text.tsx';
import { nameOf, type Way } from './ways.ts';

export const Ways = ({ ways }: { readonly ways: readonly Way[] }): ReactNode => (
  <ol className="ways">
    {ways.map((way) => (
      <li key={JSON.stringify(way)}>
        <WayDetails way={way} />
      </li>
    ))}
  </ol>
);

const WayDetails = ({ way }: { readonly way: Way }): ReactNode => (
  <>
    <p className="way-head">
      {way.rule === undefined ? <strong>By {nameOf(way)}</strong> : <EntryLink kind="rules" name={way.rule} />}
      {way.mode === 'audit' && <Badge variant="light">only watched</Badge>}
      {way.lifetime !== undefined && (
        <Text span size="sm" c="dimmed">
          for {describeSeconds(way.lifetime)}
        </Text>
      )}
    </p>
    <div className="way-body">
      <EntryLinks kind="resources" names={way.audiences} />
      <Text size="sm">
        {way.scopes.length === 0
          ? 'without a scope'
          : way.scopes
              .map(({ scope, from }) => (from === undefined ? scope : `${scope} (for ${from.join(' or ')})`))
              .join(', ')}
      </Text>
    </div>
    <Conditions title="What must hold" of={way.requires} />
    <Conditions title="Unless" of={way.unless} />
    {way.at !== undefined && (
      <Text size="xs" c="dimmed">
        {way.at}
      </Text>
    )}
  </>
);

const Conditions = ({ title, of }: { readonly title: string; readonly of: readonly string[] }): ReactNode =>
  of.length > 0 && (
    <div className="conditions">
      <Text size="sm" fw={600}>
        {title}
      </Text>
      <ul>
        {of.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  );
