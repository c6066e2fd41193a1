// The pages without data: waiting, an unknown address, and the end of a session.
import { Anchor, Button, Center, Loader, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useContext } from 'react';
import { beginSignIn } from '../session/session.ts';
import { InFrame } from './in-frame.ts';
import { Mark } from './Mark.tsx';

/** A card in the middle of the page. */
export function Card({ title, children }: { readonly title: string; readonly children?: ReactNode }): ReactNode {
  const Landmark = useContext(InFrame) ? 'div' : 'main';
  return (
    <Landmark className="plain">
      <Stack className="plain-card" gap="md">
        <Mark />
        <Title order={1} size="h2">
          {title}
        </Title>
        {children}
      </Stack>
    </Landmark>
  );
}

export const Loading = (): ReactNode => (
  <Center mih="40vh" role="status" aria-label="Loading">
    <Loader type="dots" />
  </Center>
);

export const NotFound = (): ReactNode => (
  <Card title="There is no such page">
    <Anchor component={Link} to="/">
      Go to the first page
    </Anchor>
  </Card>
);

export const SignedOut = (): ReactNode => (
  <Card title="You are signed out">
    <Text c="dimmed">The tokens of the console are revoked, and your session here has ended.</Text>
    <Button onClick={() => void beginSignIn('')}>Sign in</Button>
  </Card>
);
