// Tries an exchange: the request at the left, the verdict in the middle, and what is sent and issued at the right.
import type { ApiFailure } from '../../api/client.ts';
import { Problem } from '../../shared/Problem.tsx';
import './playground.css';
import { Button, Group, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useMemo } from 'react';
import { Loading } from '../../frame/plain-pages.tsx';
import { useUrlState } from '../../frame/url-state.ts';
import { issuer } from '../../location.ts';
import type { Explanation } from '../../shared/Decision.tsx';
import { useDraft } from '../../shared/draft/draft.ts';
import { EmptyState } from '../../shared/EmptyState.tsx';
import { Drawer } from '../../shared/overlays.tsx';
import { Page } from '../../shared/Page.tsx';
import { readSample } from '../../shared/read-sample.ts';
import { playgroundState } from '../../shared/sample-exchange.ts';
import { authenticationOf, type SnippetRequest } from '../../shared/snippets/index.ts';
import { DraftPanel } from './DraftPanel.tsx';
import { factsFrom, fillFrom } from './from-row.ts';
import { page } from './page.ts';
import { isAboutRequest, type Names, useClientEntry, useExplanation, useNames, useRow } from './queries.ts';
import { RequestForm } from './RequestForm.tsx';
import { bodyOf, type ExchangeForm, isRedeemed, missingIn } from './request.ts';
import { SaveTest } from './SaveTest.tsx';
import { Details } from './Tabs.tsx';
import { useExchangeForm } from './use-form.ts';
import { Verdict } from './Verdict.tsx';

/** The server is asked after this pause in typing. */
const TYPING_MS = 300;

export default function PlaygroundPage(): ReactNode {
  const names = useNames();
  return <Page page={page}>{names === undefined ? <Loading /> : <Playground names={names} />}</Page>;
}

function Playground({ names }: { readonly names: Names }): ReactNode {
  const { form, change, fillFrom: rowId } = useExchangeForm();
  const [{ open }, changeUrl] = useUrlState(page);
  const draft = useDraft();
  const showsDraft = open === 'draft' || draft !== undefined;
  const [asked] = useDebouncedValue(form, TYPING_MS);
  const body = useMemo(() => bodyOf(asked), [asked]);
  const inForce = useExplanation(body, undefined);
  const drafted = useExplanation(draft && body, draft);
  // Until the draft has decided for the first time, the verdict in force stays.
  const isDrafted = draft !== undefined && (drafted.data !== undefined || drafted.error !== null);
  const shown = isDrafted ? drafted : inForce;
  const explanation = body === undefined || shown.error !== null ? undefined : shown.data;
  useFilling(rowId, change);
  return (
    <>
      <div className="pg">
        <RequestForm form={form} names={names} onChange={change} />
        <div className="pg-middle">
          {body === undefined ? (
            <Incomplete form={form} />
          ) : isAboutRequest(shown.error) ? (
            <NotDecided error={shown.error} form={form} names={names} isDraft={draft !== undefined} onFill={change} />
          ) : explanation === undefined ? (
            <Loading />
          ) : (
            <Verdict
              explanation={explanation}
              by={isDrafted ? `by the draft. ${describeInForce(inForce.data)}` : 'by the rules in force'}
              isOld={shown.isPlaceholderData || asked !== form || isDrafted !== (draft !== undefined)}
            />
          )}
          <Group gap="xs">
            <Button variant="default" disabled={explanation === undefined} onClick={() => changeUrl({ open: 'test' })}>
              Save as a policy test
            </Button>
            {!showsDraft && (
              <Button variant="default" onClick={() => changeUrl({ open: 'draft' })}>
                Try a draft of the rules
              </Button>
            )}
          </Group>
          {showsDraft && <DraftPanel draft={draft} onClose={() => changeUrl({ open: '' })} />}
        </div>
        <Details form={form} request={useSnippetRequest(form)} explanation={explanation} />
      </div>
      <Drawer title="Policy test" onClose={() => changeUrl({ open: '' })}>
        {open === 'test' && body !== undefined && (
          <SaveTest body={body} draft={draft} rules={(explanation?.rules ?? []).map(({ rule }) => rule)} />
        )}
      </Drawer>
    </>
  );
}

/** A link to a row fills the form with its request. */
function useFilling(rowId: string | undefined, change: (form: ExchangeForm) => void): void {
  const { data } = useRow(rowId ?? '');
  useEffect(() => {
    if (rowId !== undefined && data?.requestId === rowId) change(fillFrom(data));
  }, [rowId, data, change]);
}

const describeInForce = (explanation: Explanation | undefined): string =>
  explanation === undefined
    ? ''
    : explanation.decision === 'allowed'
      ? 'The rules in force allow it.'
      : `The rules in force refuse it: ${explanation.meaning}.`;

/** Says what the form lacks. An empty form may be filled with an example. */
function Incomplete({ form }: { readonly form: ExchangeForm }): ReactNode {
  const [, changeUrl] = useUrlState(page);
  const { data } = useQuery({ queryKey: ['sample'], queryFn: ({ signal }) => readSample(signal) });
  const sample = data?.sample;
  const isEmpty = form.client === '' && form.subject.token === '';
  return (
    <EmptyState title="Nothing to decide yet" {...(isEmpty && { command: 'cambio explain --request ID' })}>
      Still missing: {missingIn(form).join(' and ')}.
      {sample !== undefined && isEmpty && (
        <Button mt="md" display="block" mx="auto" onClick={() => changeUrl(playgroundState(sample))}>
          Fill in an example
        </Button>
      )}
    </EmptyState>
  );
}

interface NotDecidedProps {
  readonly error: ApiFailure;
  readonly form: ExchangeForm;
  readonly names: Names;
  readonly isDraft: boolean;
  readonly onFill: (form: ExchangeForm) => void;
}

/** The tokens of a row that the rules never saw cannot be taken. What was found then is shown, and its facts may be used. */
function NotDecided({ error, form, names, isDraft, onFill }: NotDecidedProps): ReactNode {
  const { data, isPlaceholderData } = useRow(form.subject.kind === 'row' ? form.subject.row.trim() : '');
  const isDraftFaulty = isDraft && (error.problem.errors ?? []).some(({ at }) => at.startsWith('body.draft'));
  const row = isPlaceholderData || isDraftFaulty ? undefined : data;
  return (
    <>
      <Problem error={error} title={isDraftFaulty ? 'The draft has faults' : 'The server cannot decide this'} />
      {row !== undefined && (
        <>
          <Group gap="xs">
            <Button onClick={() => onFill(factsFrom(row, names))}>Use the facts of the row</Button>
            <Text size="sm" c="dimmed">
              This is what the server found then:
            </Text>
          </Group>
          <Verdict
            explanation={row.explanation as unknown as Explanation}
            by="then, from the audit row"
            isOld={false}
          />
        </>
      )}
    </>
  );
}

function useSnippetRequest(form: ExchangeForm): SnippetRequest {
  const [client] = useDebouncedValue(form.client, TYPING_MS);
  const entry = useClientEntry(client);
  const { subject, actor } = form;
  const row = useRow(subject.kind === 'row' ? subject.row.trim() : '').data;
  const typeOf = ({ kind, type, facts }: typeof subject, role: 'subject' | 'actor'): string => {
    if (kind === 'facts') return facts.type;
    const recorded = kind === 'row' ? (row?.[role] as { readonly type?: unknown } | undefined)?.type : type;
    return typeof recorded === 'string' && recorded !== '' ? recorded : 'access_token';
  };
  const isRedemption = isRedeemed(form) || row?.grant === 'jwt_bearer' || row?.grant === 'jwt_dpop';
  return {
    issuer,
    client: form.client,
    ...authenticationOf(entry ?? {}),
    grant: isRedemption ? 'jwt-bearer' : 'token-exchange',
    subjectType: typeOf(subject, 'subject'),
    actorType: actor.kind === 'none' || isRedemption ? undefined : typeOf(actor, 'actor'),
    audience: form.audience,
    resource: form.resource,
    scope: form.scope.trim(),
    requestedType: isRedemption ? '' : form.type,
  };
}
