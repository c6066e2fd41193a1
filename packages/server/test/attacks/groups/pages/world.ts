// The server of the attacks on pages.
import { withOperators } from '../../../support/admin-api.ts';
import { API, client } from '../../../support/basics.ts';
import { createBrowser, type Page } from '../../../support/browser.ts';
import { added, changed, edited } from '../../../support/configuration.ts';
import type { TestServer } from '../../../support/harness.ts';
import { authorizationUrl, CALLBACK, configuration, startPeople } from '../../../support/people.ts';
import type { Undo } from '../../group.ts';

export const PERSON = { username: 'ada', password: 'lovelace' };
export const EVIL = `"><img src=x onerror=alert(1)>'&`;
export const ESCAPED = '&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&#39;&amp;';
export const EVIL_CLIENT = client(EVIL, {
  secret: { plain: 'x' },
  grants: ['authorization_code'],
  redirectUris: ['https://evil.example/callback'],
});

const WITHOUT_PKCE = client('passport', {
  grants: ['authorization_code'],
  redirectUris: [CALLBACK],
  scopes: ['openid', 'read'],
  pkce: 'optional',
});
const ON_LOCALHOST = {
  ...{ id: 'cli', auth: 'none', grants: ['authorization_code'], audiences: [API], scopes: ['read'] },
  ...{ redirectUris: ['http://localhost/callback'], anyLocalhostPort: true },
};

export interface World {
  readonly server: TestServer;
}

export const open = async (undo: Undo): Promise<World> => ({
  server: await startPeople(
    undo,
    changed(withOperators(configuration), {
      resources: edited(API, { scopeNames: { read: `See ${EVIL}` } }),
      clients: added(EVIL_CLIENT, WITHOUT_PKCE, ON_LOCALHOST),
    }),
  ),
});

/** The registration of a client. */
export const entry = (id: string) => ({
  id,
  auth: 'client_secret_post',
  grants: ['authorization_code'],
  redirectUris: ['https://new.example/callback'],
  scopes: ['openid'],
});

/** A page of each kind, and pages of refusals. */
export async function pagesOf(server: TestServer): Promise<Readonly<Record<string, Page>>> {
  const browser = createBrowser(server.issuer);
  const signIn = await browser.get(authorizationUrl());
  return {
    'sign in': signIn,
    'a wrong password': await browser.submit(signIn, { ...PERSON, password: 'wrong' }),
    consent: await browser.submit(signIn, PERSON),
    device: await browser.get('/device'),
    'sign out': await browser.get('/oauth/logout'),
    ...(await refusalsOf(server)),
  };
}

export async function refusalsOf(server: TestServer): Promise<Readonly<Record<string, Page>>> {
  const browser = createBrowser(server.issuer);
  return {
    'a redirect URI that is not registered': await browser.get(
      authorizationUrl({ redirect_uri: 'https://evil.example' }),
    ),
    'nobody’s interaction': await browser.get('/oauth/interaction/nobody-s'),
    'a form without its page': await browser.post('/oauth/interaction/nobody-s', PERSON),
    'an unknown client': await browser.get(authorizationUrl({ client_id: '<script>' })),
  };
}
