// A server whose people sign in at another provider, that provider, and the redirects there and back.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Browser, Page } from './browser.ts';
import type { Form, TestServer } from './harness.ts';
import { type Claims, DISCOVERY, type FakeIssuer, JWKS, json, startIssuer } from './issuer.ts';
import { authorizationUrl, configuration, startPeople, UNREACHABLE } from './people.ts';

export interface UpstreamWorld {
  readonly idp: FakeIssuer;
  readonly server: TestServer;
  /** Goes to the provider. @returns the authorization request */
  readonly leave: (browser: Browser, changed?: Form) => Promise<URLSearchParams>;
  /** Comes back with an ID token of these claims. */
  readonly comeBack: (browser: Browser, asked: URLSearchParams, claims: Claims) => Promise<Page>;
}

/** The provider is called `corp`. */
export async function startUpstream(t: Pick<TestContext, 'after'>, base = configuration): Promise<UpstreamWorld> {
  const idp = await startIssuer(t);
  const endpoints = { authorization_endpoint: `${idp.url}/authorize`, token_endpoint: `${idp.url}/token` };
  const metadata = { issuer: idp.url, jwks_uri: idp.url + JWKS, ...endpoints };
  idp.instead.set(DISCOVERY, json({ ...metadata, id_token_signing_alg_values_supported: ['ES256'] }));
  const upstream = { ...UNREACHABLE, issuer: idp.url };
  return {
    idp,
    server: await startPeople(t, { ...base, upstream }),
    leave: async (browser, changed = {}) => {
      const page = await browser.get(authorizationUrl(changed));
      const [, link = ''] = /href="([^"]*)"[^>]*>Continue with <bdi>corp</.exec(page.text) ?? [];
      const { leftTo } = await browser.get(link);
      assert.ok(leftTo?.pathname === '/authorize', page.text);
      return leftTo.searchParams;
    },
    comeBack: (browser, asked, claims) => {
      const id_token = idp.sign({ sub: 'ada', aud: 'us', nonce: asked.get('nonce'), ...claims });
      idp.instead.set('/token', json({ access_token: 'x', token_type: 'Bearer', expires_in: 60, id_token }));
      const said = new URLSearchParams({ state: asked.get('state') ?? '', code: 'a-code' });
      return browser.get(`/oauth/upstream?${said}`);
    },
  };
}
