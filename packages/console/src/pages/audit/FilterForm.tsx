// The form with every filter. A field takes effect with Enter, when it is left, or when a suggestion is chosen.
import { Autocomplete, NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, read } from '../../api/client.ts';
import { OUTCOMES } from '../../shared/audit-row.ts';
import { looksLikeToken, mayBeTokenId } from '../../shared/token-text.ts';
import type { FilterProps } from './FilterBar.tsx';
import { FILTER_WORDS, type FilterName, fromLocal, toLocal } from './filters.ts';

/** The first names of each kind. Any other name can be typed. */
const LIMIT = 200;
const namesOf = (items: readonly Readonly<Record<string, unknown>>[], key: string): string[] =>
  items.flatMap((item) => (typeof item[key] === 'string' ? [item[key]] : []));

function useSuggestions(): Partial<Record<FilterName, string[]>> {
  const query = { limit: LIMIT };
  const { data = {} } = useQuery({
    queryKey: ['names of the configuration'],
    queryFn: async ({ signal }) => {
      const options = { params: { query }, signal };
      const [clients, rules, resources, reasons] = await Promise.all([
        read(api.GET('/clients', options)),
        read(api.GET('/rules', options)),
        read(api.GET('/resources', options)),
        import('../../api/reasons.json'),
      ]);
      const ids = namesOf(clients.items, 'id');
      return {
        client: ids,
        actor: ids,
        chain: ids,
        rule: namesOf(rules.items, 'name'),
        target: namesOf(resources.items, 'audience'),
        reason: Object.keys(reasons.default),
      };
    },
    staleTime: 60_000,
  });
  return data;
}

const TEXTS = ['client', 'subject', 'actor', 'chain', 'target', 'rule', 'reason', 'token', 'issuer'] as const;

export function FilterForm({ state, change }: FilterProps): ReactNode {
  const suggestions = useSuggestions();
  return (
    <fieldset className="filters-form" aria-label="Filters">
      {TEXTS.map((name) => (
        <TextFilter
          // A filter that was changed elsewhere is shown here.
          key={`${name} ${state[name]}`}
          name={name}
          value={state[name]}
          suggestions={suggestions[name] ?? []}
          onSet={(value) => change({ [name]: value })}
        />
      ))}
      <NativeSelect
        label={FILTER_WORDS.outcome}
        value={state.outcome}
        data={[{ value: '', label: 'Any' }, ...OUTCOMES]}
        onChange={({ currentTarget }) => change({ outcome: currentTarget.value })}
      />
      {(['since', 'until'] as const).map((name) => (
        <TextInput
          key={name}
          type="datetime-local"
          label={FILTER_WORDS[name]}
          value={toLocal(state[name])}
          onChange={({ currentTarget }) => change({ [name]: fromLocal(currentTarget.value) })}
        />
      ))}
    </fieldset>
  );
}

interface TextFilterProps {
  readonly name: FilterName;
  readonly value: string;
  readonly suggestions: string[];
  readonly onSet: (value: string) => void;
}

function TextFilter({ name, value, suggestions, onSet }: TextFilterProps): ReactNode {
  const [typed, setTyped] = useState(value);
  const [fault, setFault] = useState<string | undefined>();
  const set = (wanted: string): void => {
    const text = wanted.trim();
    if (text === value) return;
    if (looksLikeToken(text) || (name === 'token' && text !== '' && !mayBeTokenId(text))) {
      setFault('Not an id: letters, digits, - and _, at most 64');
      setTyped('');
    } else onSet(text);
  };
  return (
    <Autocomplete
      label={FILTER_WORDS[name]}
      value={typed}
      data={suggestions}
      limit={8}
      error={fault}
      onChange={setTyped}
      onOptionSubmit={set}
      onBlur={() => set(typed)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') set(event.currentTarget.value);
      }}
    />
  );
}
