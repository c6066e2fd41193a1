// The application: theme, data, routes.
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { theme } from '../theme.ts';
import { queryClient } from './query-client.ts';
import { router } from './router.tsx';

/** The variables and classes of Mantine are in the style sheet: the content security policy refuses inline ones. */
export const App = (): ReactNode => (
  <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </MantineProvider>
);
