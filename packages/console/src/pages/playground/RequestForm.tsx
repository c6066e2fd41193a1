// The left column: the request, field by field.
import { Autocomplete, Button, NativeSelect, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { SEARCH_FIELD } from '../../frame/keyboard.ts';
import { Party } from './Party.tsx';
import type { Names } from './queries.ts';
import { type ExchangeForm, emptyForm, isRedeemed } from './request.ts';
import { hasToken } from './url.ts';

const REQUESTED = ['access_token', 'jwt', 'refresh_token', 'id_jag'] as const;

interface RequestFormProps {
  readonly form: ExchangeForm;
  readonly names: Names;
  readonly onChange: (form: ExchangeForm) => void;
}

export function RequestForm({ form, names, onChange }: RequestFormProps): ReactNode {
  const change = (changed: Partial<ExchangeForm>): void => onChange({ ...form, ...changed });
  return (
    <section className="panel pg-form" aria-label="Exchange">
      <Stack gap="md">
        <Autocomplete
          {...SEARCH_FIELD}
          label="Client"
          placeholder="who asks"
          data={[...names.clients]}
          limit={20}
          spellCheck={false}
          error={misplaced(form.client)}
          value={form.client}
          onChange={(client) => change({ client })}
        />
        <Party who="subject" party={form.subject} names={names} onChange={(subject) => change({ subject })} />
        {!isRedeemed(form) && (
          <Party who="actor" party={form.actor} names={names} onChange={(actor) => change({ actor })} />
        )}
        <TagsInput
          label="Audience"
          placeholder={form.audience.length === 0 ? 'the API to call' : ''}
          data={[...names.audiences]}
          limit={20}
          acceptValueOnBlur
          error={misplaced(form.audience)}
          value={[...form.audience]}
          onChange={(audience) => change({ audience })}
        />
        <TagsInput
          label="Resource"
          placeholder={form.resource.length === 0 ? 'or its URL' : ''}
          acceptValueOnBlur
          error={misplaced(form.resource)}
          value={[...form.resource]}
          onChange={(resource) => change({ resource })}
        />
        <TextInput
          label="Scope"
          placeholder="without it, all that the rule grants"
          spellCheck={false}
          error={misplaced(form.scope)}
          value={form.scope}
          onChange={(event) => change({ scope: event.currentTarget.value })}
        />
        {!isRedeemed(form) && (
          <NativeSelect
            label="Type of the new token"
            data={[{ value: '', label: 'not asked for' }, ...REQUESTED]}
            value={form.type}
            onChange={(event) => change({ type: event.currentTarget.value })}
          />
        )}
        <div className="pg-foot">
          <Text size="xs" c="dimmed">
            The address of this page has all of this but tokens. Share it as a link.
          </Text>
          <Button size="compact-sm" variant="default" onClick={() => onChange(emptyForm)}>
            Clear
          </Button>
        </div>
      </Stack>
    </section>
  );
}

/** The fault of a field that has a token where none belongs. */
const misplaced = (value: unknown): ReactNode =>
  hasToken(value) && 'This looks like a token, so it is left out of the link. Paste tokens above.';
