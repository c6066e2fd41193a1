// The fields of a token: pasted, described by facts, or that of an audit row.
import {
  Autocomplete,
  Button,
  NativeSelect,
  SegmentedControl,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { PageLink } from '../../shared/PageLink.tsx';
import { EXCHANGED_TYPES } from '../../shared/sample-exchange.ts';
import { TimeText } from '../../shared/TimeText.tsx';
import { CopyText } from '../../shared/TokenId.tsx';
import { parseClaims } from './facts.ts';
import { type Names, useRow } from './queries.ts';
import type { PartyKind } from './readers.ts';
import type { PartyForm } from './request.ts';

type Role = 'subject' | 'actor';

interface PartyProps {
  readonly who: Role;
  readonly party: PartyForm;
  readonly names: Names;
  readonly onChange: (party: PartyForm) => void;
}

const LABELS: Readonly<Record<PartyKind, string>> = {
  none: 'None',
  token: 'Token',
  facts: 'Facts',
  row: 'Audit row',
};
const KINDS: Readonly<Record<Role, readonly PartyKind[]>> = {
  subject: ['token', 'facts', 'row'],
  actor: ['none', 'token', 'facts', 'row'],
};
const REDEEMED = ['id_jag', 'chaining_grant', 'workload'] as const;

export function Party(props: PartyProps): ReactNode {
  const { who, party, onChange } = props;
  const title = who === 'subject' ? 'Subject' : 'Actor';
  return (
    <fieldset className="pg-party">
      <legend>{title}</legend>
      <Stack gap="sm">
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label={`${title}: where its token comes from`}
          data={KINDS[who].map((value) => ({ value, label: LABELS[value] }))}
          value={party.kind}
          onChange={(kind) => onChange({ ...party, kind: kind as PartyKind })}
        />
        {party.kind === 'token' && <PastedToken {...props} />}
        {party.kind === 'facts' && <FactsFields {...props} />}
        {party.kind === 'row' && <RowFields {...props} />}
      </Stack>
    </fieldset>
  );
}

/** A token is shown as a whole only while it is typed. */
function PastedToken({ who, party, onChange }: PartyProps): ReactNode {
  const [isFolded, fold] = useState(party.token !== '');
  const [wasPasted, setPasted] = useState(false);
  const remove = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isFolded && wasPasted) remove.current?.focus();
  }, [isFolded, wasPasted]);
  const label = who === 'subject' ? 'Subject token' : 'Actor token';
  const { token } = party;
  return (
    <>
      {isFolded && token !== '' ? (
        <div className="pg-token">
          <Text size="sm" fw={500}>
            {label}
          </Text>
          <code title="The beginning of the token">{token.slice(0, 12)}…</code>
          <Text size="xs" c="dimmed">
            {token.length} characters
          </Text>
          <CopyText text={token} what={`the ${who} token`} />
          <Button
            ref={remove}
            size="compact-xs"
            variant="default"
            onClick={() => {
              fold(false);
              setPasted(false);
              onChange({ ...party, token: '' });
            }}
          >
            Remove
          </Button>
        </div>
      ) : (
        <Textarea
          label={label}
          description="It stays in the memory of this page, and is never part of its address."
          placeholder="Paste a token"
          classNames={{ input: 'pg-mono' }}
          rows={3}
          spellCheck={false}
          autoComplete="off"
          value={token}
          onChange={(event) => {
            onChange({ ...party, token: event.currentTarget.value.trim() });
            if (wasPasted) fold(true);
          }}
          onPaste={() => setPasted(true)}
          onBlur={() => fold(token !== '')}
        />
      )}
      <NativeSelect
        label="Type"
        data={[{ value: '', label: 'guessed from the token' }, ...EXCHANGED_TYPES]}
        value={party.type}
        onChange={(event) => onChange({ ...party, type: event.currentTarget.value })}
      />
    </>
  );
}

function FactsFields({ who, party, names, onChange }: PartyProps): ReactNode {
  const { facts } = party;
  const change = (changed: Partial<typeof facts>): void => onChange({ ...party, facts: { ...facts, ...changed } });
  const isOwn = facts.issuer === 'self';
  const hasMore = facts.client !== '' || facts.audiences.length > 0 || facts.scope !== '';
  return (
    <>
      <div className="pg-pair">
        <Autocomplete
          label="Issuer"
          data={['self', ...names.issuers.map(({ name }) => name)]}
          value={facts.issuer}
          onChange={(issuer) => change({ issuer })}
        />
        <NativeSelect
          label="Type"
          data={who === 'subject' ? [...EXCHANGED_TYPES, ...REDEEMED] : [...EXCHANGED_TYPES]}
          value={facts.type}
          onChange={(event) => change({ type: event.currentTarget.value })}
        />
      </div>
      <TextInput
        label="Subject (sub)"
        placeholder={isOwn ? 'the id of a client, or an account' : 'as the issuer calls it'}
        spellCheck={false}
        value={facts.sub}
        onChange={(event) => change({ sub: event.currentTarget.value })}
      />
      <Textarea
        label="Other claims"
        placeholder='{ "tenant": "blue" }'
        classNames={{ input: 'pg-mono' }}
        rows={Math.min(8, Math.max(2, facts.claims.split('\n').length))}
        spellCheck={false}
        error={parseClaims(facts.claims) === undefined && 'This is not an object of JSON yet.'}
        value={facts.claims}
        onChange={(event) => change({ claims: event.currentTarget.value })}
      />
      <details open={hasMore || isOwn}>
        <summary>Client, audience and scope of the token</summary>
        <Stack gap="sm" mt="xs">
          <Autocomplete
            label="Issued to the client"
            data={[...names.clients]}
            limit={20}
            value={facts.client}
            onChange={(client) => change({ client })}
          />
          <TagsInput
            label="Audiences"
            data={[...names.audiences]}
            value={[...facts.audiences]}
            onChange={(audiences) => change({ audiences })}
          />
          <TextInput
            label="Scope"
            placeholder="without it, the token may do everything"
            value={facts.scope}
            onChange={(event) => change({ scope: event.currentTarget.value })}
          />
        </Stack>
      </details>
    </>
  );
}

function RowFields({ who, party, onChange }: PartyProps): ReactNode {
  const id = party.row.trim();
  const { data, error } = useRow(id);
  const trace = data?.[who] as { readonly sub?: string; readonly iss?: string } | undefined;
  return (
    <>
      <TextInput
        label={`Request whose ${who} token is taken`}
        placeholder="the id of a past exchange"
        classNames={{ input: 'pg-mono' }}
        spellCheck={false}
        error={id !== '' && error !== null && 'No audit row has this id.'}
        value={party.row}
        onChange={(event) => onChange({ ...party, row: event.currentTarget.value })}
      />
      {data !== undefined && error === null && id !== '' && (
        <Text size="sm" c="dimmed" className="pg-wrap">
          <TimeText at={data.time} />
          {trace?.sub !== undefined && `, about ${trace.sub} of ${trace.iss}`}
          {'. It is decided at that time, by the rules of now. '}
          <PageLink to="audit" state={{ request: data.requestId }}>
            Open the row
          </PageLink>
        </Text>
      )}
    </>
  );
}
