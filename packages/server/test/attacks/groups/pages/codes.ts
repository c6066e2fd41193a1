// Codes of clients whose entries loosen what other clients must do: no PKCE, or any port of localhost.
import assert from 'node:assert/strict';
import { createBrowser } from '../../../support/browser.ts';
import type { Form } from '../../../support/harness.ts';
import {
  authorizationUrl,
  authorizeAs,
  CALLBACK,
  CHALLENGE,
  goThrough,
  redeem,
  VERIFIER,
  web,
} from '../../../support/people.ts';
import type { Cases } from '../../group.ts';
import type { World } from './world.ts';

export const codes = {
  W28: async ({ server }, { attempt, twin }) => {
    const own = { client_id: 'passport', client_secret: 'passport-secret', code_verifier: undefined };
    const none = { code_challenge: undefined, code_challenge_method: undefined };
    const challenged = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
    const attacks: readonly (readonly [what: string, asked: Form, sent: Form, reason: string])[] = [
      ['a verifier without a challenge', none, { ...own, code_verifier: VERIFIER }, 'code_verifier'],
      ['no verifier for a challenge', challenged, own, 'code_verifier'],
      ['another verifier', challenged, { ...own, code_verifier: 'x'.repeat(43) }, 'code_verifier'],
      ['no redirect_uri', none, { ...own, redirect_uri: undefined }, 'parameter_missing'],
      ['another redirect_uri', none, { ...own, redirect_uri: `${CALLBACK}/x` }, 'code_redirect_uri'],
      ['another client', none, { ...web, code_verifier: undefined }, 'code_client'],
    ];
    for (const [what, asked, sent, reason] of attacks) {
      const at = await authorizeAs(server, { client_id: 'passport', ...asked });
      assert.equal(server.audit(await attempt(what, redeem(server, at, sent)))?.reason, reason, what);
    }
    const refused = await authorizeAs(server, none);
    assert.equal(refused.searchParams.get('error'), 'invalid_request', 'another client needs a challenge');
    await twin(redeem(server, await authorizeAs(server, { client_id: 'passport', ...none }), own));
  },

  W29: async ({ server }, { attempt, twin }) => {
    const ask = (client_id: string, redirect_uri: string) =>
      createBrowser(server.issuer).get(authorizationUrl({ client_id, redirect_uri, scope: 'read' }));
    const hosts = [
      'localhost.evil.example:1',
      'evil.localhost:1',
      'LOCALHOST:1',
      'localhost.:1',
      'localhost:1@evil.example',
    ];
    const numbers = ['127.0.0.1:1', '[::1]:1', '0.0.0.0:1', 'localhost:99999', 'localhost:'];
    const places = [...hosts, ...numbers].map((host) => `http://${host}/callback`);
    const paths = ['/other', '/callback/x', '/callback?x=1', '/callback#x', '/x/../callback'];
    const below = paths.map((path) => `http://localhost:1${path}`);
    for (const uri of [...places, ...below, 'https://localhost:1/callback']) await attempt(uri, ask('cli', uri));
    await attempt('of a client without the key', ask('web', 'http://localhost:54321/callback'));
    const browser = createBrowser(server.issuer);
    const redirect_uri = 'http://localhost:54321/callback';
    const page = await browser.get(authorizationUrl({ client_id: 'cli', redirect_uri, scope: 'read' }));
    const { leftTo } = await twin(goThrough(browser, page));
    assert.equal(leftTo?.searchParams.has('code'), true);
  },
} as const satisfies Cases<World>;
