// The frame around every page: navigation, theme, sign-out, and whether the server answers.
import { ActionIcon, Alert, Button, Kbd, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { LogOut, Menu, Moon, Sun, SunMoon, X } from 'lucide-react';
import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react';
import { pages } from '../pages/index.ts';
import { signOut } from '../session/session.ts';
import { InFrame } from './in-frame.ts';
import { useKeyboard } from './keyboard.ts';
import { Mark } from './Mark.tsx';
import { troubles } from './query-client.ts';

export function Shell(): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useKeyboard(pages);
  // A page that was opened covers the navigation no longer.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is the reason, not an input
  useEffect(() => setOpen(false), [path]);
  return (
    <div className="shell">
      <header className="bar">
        <button type="button" className="skip" onClick={() => document.getElementById('content')?.focus()}>
          Skip to the content
        </button>
        <ActionIcon
          className="bar-menu"
          variant="subtle"
          size="lg"
          aria-label={isOpen ? 'Close the navigation' : 'Open the navigation'}
          aria-expanded={isOpen}
          aria-controls="navigation"
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? <X size={20} /> : <Menu size={20} />}
        </ActionIcon>
        <Link to="/" className="brand" aria-label="Cambio, first page">
          <Mark size={26} />
          <span>Cambio</span>
        </Link>
        <span className="bar-space" />
        <ThemeButton />
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<LogOut size={16} aria-hidden="true" />}
          onClick={() => void signOut()}
        >
          Sign out
        </Button>
      </header>
      <nav id="navigation" aria-label="Pages" className={isOpen ? 'navigation open' : 'navigation'}>
        {pages.map(({ path: to, title, icon: Icon, letter }) => (
          <Link key={to} to={`/${to}`} className="navigation-link" activeProps={{ 'aria-current': 'page' }}>
            <Icon size={18} aria-hidden="true" />
            <span>{title}</span>
            <Kbd size="xs" aria-hidden="true">
              g {letter}
            </Kbd>
          </Link>
        ))}
      </nav>
      <main id="content" className="content" tabIndex={-1}>
        <Trouble />
        <InFrame value={true}>
          <Outlet />
        </InFrame>
      </main>
    </div>
  );
}

const SCHEMES = {
  auto: { next: 'light', icon: SunMoon, label: 'Colours follow the system. Change to light' },
  light: { next: 'dark', icon: Sun, label: 'Light colours. Change to dark' },
  dark: { next: 'auto', icon: Moon, label: 'Dark colours. Change to those of the system' },
} as const;

function ThemeButton(): ReactNode {
  // Mantine would stop transitions with an inline <style>.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const { next, icon: Icon, label } = SCHEMES[colorScheme];
  return (
    <UnstyledButton className="theme" aria-label={label} title={label} onClick={() => setColorScheme(next)}>
      <Icon size={18} aria-hidden="true" />
    </UnstyledButton>
  );
}

/** Says that requests wait. They are repeated, so there is nothing to click. */
function Trouble(): ReactNode {
  const trouble = useSyncExternalStore(troubles.subscribe, troubles.current);
  return (
    <div role="status">
      {trouble !== undefined && (
        <Alert color="orange" mb="md" title={trouble === 'gone' ? 'The server does not answer' : 'The server is busy'}>
          What you see may be old. The console asks again until the server answers.
        </Alert>
      )}
    </div>
  );
}
