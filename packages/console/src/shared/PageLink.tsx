// A link to another page of the console, with the state that its URL shall have.
import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

interface PageLinkProps {
  /** The path of the page: `audit`. */
  readonly to: string;
  /** Never a token. */
  readonly state?: Readonly<Record<string, unknown>>;
  readonly children: ReactNode;
}

export const PageLink = ({ to, state = {}, children }: PageLinkProps): ReactNode => (
  <Anchor component={Link} to={`/${to}`} search={state as never} inherit>
    {children}
  </Anchor>
);
