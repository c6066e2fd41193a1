// The search field, the period, the filters that are set, and the form with all of them.
import { Button, CloseButton, Group, NativeSelect, TextInput } from '@mantine/core';
import { ListFilter, Search } from 'lucide-react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { SEARCH_FIELD } from '../../frame/keyboard.ts';
import { FilterForm } from './FilterForm.tsx';
import {
  type AuditState,
  describeValue,
  FILTER_WORDS,
  type FilterName,
  filterOf,
  PERIODS,
  readSearch,
  timeBefore,
} from './filters.ts';

export interface FilterProps {
  readonly state: AuditState;
  readonly change: (change: Partial<AuditState>) => void;
}

export function FilterBar({ state, change }: FilterProps): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="filters">
      <div className="filters-row">
        <SearchField change={change} />
        <Period state={state} change={change} />
        <Button
          variant="default"
          aria-expanded={isOpen}
          leftSection={<ListFilter size={16} aria-hidden="true" />}
          onClick={() => setOpen(!isOpen)}
        >
          Filters
        </Button>
      </div>
      {isOpen && <FilterForm state={state} change={change} />}
      <SetFilters state={state} change={change} />
    </div>
  );
}

const TOKEN_GIVEN = 'This is the text of a token. Search for its id, which cambio tokens inspect prints.';

function SearchField({ change }: Pick<FilterProps, 'change'>): ReactNode {
  const [typed, setTyped] = useState('');
  const [fault, setFault] = useState<string | undefined>();
  const search = (event: FormEvent): void => {
    event.preventDefault();
    const found = readSearch(typed);
    setFault(found === undefined ? TOKEN_GIVEN : undefined);
    setTyped('');
    if (found !== undefined) change(found);
  };
  return (
    <search className="filters-search">
      <form onSubmit={search}>
        <TextInput
          {...SEARCH_FIELD}
          aria-label="Search the audit"
          placeholder="Request id, token id, a name, or actor:agent subject:ada"
          leftSection={<Search size={16} aria-hidden="true" />}
          value={typed}
          error={fault}
          spellCheck={false}
          autoComplete="off"
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
      </form>
    </search>
  );
}

const ANY = 'Any time';

function Period({ state: { since, until }, change }: FilterProps): ReactNode {
  const words = [
    since === '' ? undefined : `from ${describeValue('since', since)}`,
    until === '' ? undefined : `until ${describeValue('until', until)}`,
  ].filter(Boolean);
  const current = words.length === 0 ? ANY : words.join(' ');
  const choose = (chosen: string): void => {
    const length = PERIODS[chosen];
    change({ since: length === undefined ? '' : timeBefore(length), until: '' });
  };
  return (
    <NativeSelect
      aria-label="Period"
      className="filters-period"
      value={current}
      data={[...new Set([current, ANY, ...Object.keys(PERIODS)])]}
      onChange={({ currentTarget }) => choose(currentTarget.value)}
    />
  );
}

/** The filters that are set, each with a button that removes it. */
function SetFilters({ state, change }: FilterProps): ReactNode {
  const set = Object.entries(filterOf(state)) as [FilterName, string][];
  if (set.length === 0) return null;
  return (
    <Group gap="xs" component="ul" className="chips" aria-label="Filters that are set">
      {set.map(([name, value]) => (
        <li key={name} className="chip">
          <span className="chip-name">{FILTER_WORDS[name]}</span>
          <span className="chip-value" title={value}>
            {describeValue(name, value)}
          </span>
          <CloseButton
            size="sm"
            aria-label={`Remove the filter ${FILTER_WORDS[name]}`}
            onClick={() => change({ [name]: '' })}
          />
        </li>
      ))}
      {set.length > 1 && (
        <li>
          <Button
            variant="subtle"
            size="compact-sm"
            onClick={() => change(Object.fromEntries(set.map(([name]) => [name, ''])))}
          >
            Remove all
          </Button>
        </li>
      )}
    </Group>
  );
}
