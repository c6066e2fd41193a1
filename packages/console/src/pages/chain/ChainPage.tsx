// Shows the chain of one token: its hops, the tokens that derive from it, and what a revocation would end.
import { Button, Group, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ApiFailure, api, read } from '../../api/client.ts';
import { SEARCH_FIELD } from '../../frame/keyboard.ts';
import { Loading } from '../../frame/plain-pages.tsx';
import { useUrlState } from '../../frame/url-state.ts';
import { mayWrite } from '../../session/session.ts';
import { Page, Panel } from '../../shared/Page.tsx';
import { Problem } from '../../shared/Problem.tsx';
import { tokenIdIn } from '../../shared/token-text.ts';
import './chain.css';
import { Descendants } from './Descendants.tsx';
import { Hops } from './Hops.tsx';
import { describeParties } from './hops.ts';
import { LatestTokens } from './LatestTokens.tsx';
import { page } from './page.ts';
import { Revoke } from './Revoke.tsx';

export default function ChainPage(): ReactNode {
  const [{ token }, change] = useUrlState(page);
  return (
    <Page page={page}>
      <TokenField onFound={(id) => change({ token: id })} />
      {token === '' ? <LatestTokens /> : <Chain key={token} id={token} />}
    </Page>
  );
}

const NOT_AN_ID = 'This is neither the id of a token nor a JWT of this server. cambio tokens inspect prints the id.';

/** Takes an id, or a JWT of this server, of which it keeps the id alone. */
function TokenField({ onFound }: { readonly onFound: (id: string) => void }): ReactNode {
  const [typed, setTyped] = useState('');
  const [fault, setFault] = useState<string | undefined>();
  const find = (event: FormEvent): void => {
    event.preventDefault();
    const id = tokenIdIn(typed);
    setTyped('');
    setFault(id === undefined ? NOT_AN_ID : undefined);
    if (id !== undefined) onFound(id);
  };
  return (
    <search>
      <form onSubmit={find} className="chain-search">
        <TextInput
          {...SEARCH_FIELD}
          aria-label="Id of a token"
          placeholder="Id of a token, or a JWT of this server: only its id is kept"
          leftSection={<Search size={16} aria-hidden="true" />}
          value={typed}
          error={fault}
          spellCheck={false}
          autoComplete="off"
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Show
        </Button>
      </form>
    </search>
  );
}

const isUnknown = (error: unknown): error is ApiFailure =>
  error instanceof ApiFailure && (error.status === 404 || error.status === 422);

function Chain({ id }: { readonly id: string }): ReactNode {
  const { data, error } = useQuery({
    queryKey: ['token', id],
    queryFn: ({ signal }) => read(api.GET('/tokens/{id}', { params: { path: { id } }, signal })),
    throwOnError: (failure) => !isUnknown(failure),
  });
  if (isUnknown(error)) return <Problem error={error} title="No such token is known" isUnknown />;
  if (data === undefined) return <Loading />;
  const { token, ancestors, complete } = data;
  return (
    <>
      <Panel title={describeParties(token)}>
        {!complete && (
          <Text size="sm" mb="xs">
            It has more ancestors than are shown.
          </Text>
        )}
        <Hops token={token} ancestors={ancestors} />
        {mayWrite() && token.state !== 'revoked' && (
          <Group justify="end" mt="md">
            <Revoke token={token} />
          </Group>
        )}
      </Panel>
      <Panel title="Tokens that derive from it">
        <Descendants id={id} />
      </Panel>
    </>
  );
}
