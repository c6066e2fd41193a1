// Shows what went wrong, with the id of the request, by which the audit log finds the rest.
import { Button, Group, Text } from '@mantine/core';
import { useQueryErrorResetBoundary } from '@tanstack/react-query';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { ApiFailure } from '../api/client.ts';
import { beginSignIn, SignInFailure } from '../session/session.ts';
import { TokenId } from '../shared/TokenId.tsx';
import { Card } from './plain-pages.tsx';

interface Described {
  readonly title: string;
  readonly text: string;
  readonly requestId?: string | undefined;
}

const TITLES: Readonly<Record<SignInFailure['kind'], string>> = {
  refused: 'The sign-in was refused',
  'not an operator': 'You are not an operator of this server',
  'mixed up': 'This is not the sign-in that you began',
  failed: 'The sign-in failed',
};

function describe(error: unknown): Described {
  if (error instanceof SignInFailure) {
    const { kind, message, requestId } = error;
    const text =
      kind === 'not an operator'
        ? 'You are signed in, and the configuration gives you no right here. Ask for an entry in console.operators.'
        : message;
    return { title: TITLES[kind], text, requestId };
  }
  if (error instanceof ApiFailure) {
    const { status, problem } = error;
    const title = status === 403 ? 'You may not see this' : error.message;
    return { title, text: problem.detail ?? `The server answered ${status}.`, requestId: problem.request_id };
  }
  return { title: 'The console has a fault', text: error instanceof Error ? error.message : 'Unknown error' };
}

export function Failure({ error, reset }: ErrorComponentProps): ReactNode {
  const { reset: resetQueries } = useQueryErrorResetBoundary();
  useEffect(() => resetQueries(), [resetQueries]);
  const { title, text, requestId } = describe(error);
  const again = error instanceof SignInFailure ? () => void beginSignIn('') : reset;
  return (
    <Card title={title}>
      <Text role="alert">{text}</Text>
      {requestId !== undefined && (
        <Group gap="xs">
          <Text c="dimmed" size="sm">
            Request
          </Text>
          <TokenId id={requestId} whole />
        </Group>
      )}
      <Button onClick={again}>{error instanceof SignInFailure ? 'Sign in again' : 'Try again'}</Button>
    </Card>
  );
}
