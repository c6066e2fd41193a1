// Makes the routes from the table of pages, and the routes of sign-in beside them.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { basePath } from '../location.ts';
import { pages } from '../pages/index.ts';
import { beginSignIn, completeSignIn, isSignedIn } from '../session/session.ts';
import { Failure } from './Failure.tsx';
import { Loading, NotFound, SignedOut } from './plain-pages.tsx';
import { Shell } from './Shell.tsx';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

/** Every page needs a person. The URL is kept for afterwards. */
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ location }) => {
    if (!isSignedIn()) await beginSignIn(location.href.replace(/^\//, ''));
  },
});

const callback = createRoute({
  getParentRoute: () => root,
  path: '/callback',
  beforeLoad: async () => {
    const goal = await completeSignIn(new URL(window.location.href));
    // The goal is a path of the console: a text with another form leads to its first page.
    throw redirect({ href: /^[a-z]/.test(goal) ? `/${goal}` : '/', replace: true });
  },
});

const first = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: `/${pages[0]?.path}`, replace: true });
  },
});

const routes = pages.map(({ path, load }) =>
  createRoute({ getParentRoute: () => shell, path: `/${path}`, component: lazyRouteComponent(load) }),
);

const signedOut = createRoute({ getParentRoute: () => root, path: '/signed-out', component: SignedOut });

export const router = createRouter({
  routeTree: root.addChildren([callback, signedOut, shell.addChildren([first, ...routes])]),
  basepath: basePath,
  defaultPreload: 'intent',
  defaultErrorComponent: Failure,
  defaultPendingComponent: Loading,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});
