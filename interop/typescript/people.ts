// Clients through which a person signs in: authorization code with PKCE, refresh, userinfo.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateCodeVerifier, OAuth2Client } from '@badgateway/oauth2-client';
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import express from 'express';
import * as oauth from 'openid-client';
import passport from 'passport';
import OAuth2Strategy from 'passport-oauth2';
import OpenIDConnectStrategy from 'passport-openidconnect';
import { approve, assertFor, CALLBACK, ISSUER, ORDERS, signIn, trial, visit } from './trial.ts';

const { MCP = '' } = process.env;

for (const [id, way] of [
  ['web', oauth.ClientSecretBasic('web-secret')],
  ['native', oauth.None()],
] as const)
  await trial(
    'openid-client',
    `sign-in with PKCE, ${id === 'web' ? 'client_secret_basic' : 'a public client'}: ID token, userinfo, refresh`,
    async () => {
      const config = await oauth.discovery(new URL(ISSUER), id, undefined, way);
      const pkceCodeVerifier = oauth.randomPKCECodeVerifier();
      const url = oauth.buildAuthorizationUrl(config, {
        redirect_uri: CALLBACK,
        scope: 'openid email offline_access read',
        code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
      });
      const tokens = await oauth.authorizationCodeGrant(config, new URL(await signIn(url.href)), { pkceCodeVerifier });
      assert.equal(tokens.claims()?.sub, 'ada');
      assert.equal((await oauth.fetchUserInfo(config, tokens.access_token, 'ada')).email, 'ada@example.com');
      assertFor((await oauth.refreshTokenGrant(config, String(tokens.refresh_token))).access_token, 'ada');
    },
  );

await trial('openid-client', 'device flow', async () => {
  const config = await oauth.discovery(new URL(ISSUER), 'tv', undefined, oauth.None());
  const device = await oauth.initiateDeviceAuthorization(config, { scope: 'openid read' });
  await approve(String(device.verification_uri_complete));
  const tokens = await oauth.pollDeviceAuthorizationGrant(config, device);
  assert.equal(tokens.claims()?.sub, 'ada');
});

await trial('@badgateway/oauth2-client', 'sign-in with PKCE, refresh', async () => {
  const client = new OAuth2Client({
    server: ISSUER,
    clientId: 'web-post',
    clientSecret: 'web-post-secret',
    authenticationMethod: 'client_secret_post',
  });
  const codeVerifier = await generateCodeVerifier();
  const options = { redirectUri: CALLBACK, codeVerifier, scope: ['offline_access', 'read'] };
  const url = await client.authorizationCode.getAuthorizeUri(options);
  const token = await client.authorizationCode.getTokenFromCodeRedirect(await signIn(url), {
    redirectUri: CALLBACK,
    codeVerifier,
  });
  assertFor(token.accessToken, 'ada');
  assertFor((await client.refreshToken(token)).accessToken, 'ada');
});

/** What an MCP client keeps: its registration, the verifier and the tokens. */
class Provider implements OAuthClientProvider {
  readonly redirectUrl = CALLBACK;
  readonly clientMetadata = { redirect_uris: [CALLBACK] };
  readonly clientInformation = () => this.information;
  url = '';
  saved: Awaited<ReturnType<OAuthClientProvider['tokens']>>;
  verifier = '';
  readonly information: { client_id: string; client_secret?: string } | undefined;
  constructor(information?: { client_id: string; client_secret?: string }) {
    this.information = information;
  }
  tokens() {
    return this.saved;
  }
  saveTokens(tokens: typeof this.saved) {
    this.saved = tokens;
  }
  redirectToAuthorization(url: URL) {
    this.url = url.href;
  }
  saveCodeVerifier(verifier: string) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
}
await trial('@modelcontextprotocol/sdk', 'sign-in of a client in the file, refresh', async () => {
  const provider = new Provider({ client_id: 'native' });
  const options = { serverUrl: MCP, scope: 'offline_access read' };
  assert.equal(await auth(provider, options), 'REDIRECT');
  const authorizationCode = new URL(await signIn(provider.url)).searchParams.get('code') ?? '';
  assert.equal(await auth(provider, { ...options, authorizationCode }), 'AUTHORIZED');
  assertFor(provider.saved?.access_token, 'ada', MCP);
  const before = provider.saved?.access_token;
  assert.equal(await auth(provider, options), 'AUTHORIZED');
  assert.notEqual(provider.saved?.access_token, before);
});
await trial(
  '@modelcontextprotocol/sdk',
  'sign-in of a client that registers itself',
  async () => {
    const provider = new Provider();
    const saveClientInformation = (information: Provider['information']) => Object.assign(provider, { information });
    Object.assign(provider, { saveClientInformation });
    const options = { serverUrl: MCP, scope: 'read' };
    assert.equal(await auth(provider, options), 'REDIRECT');
    const authorizationCode = new URL(await signIn(provider.url)).searchParams.get('code') ?? '';
    assert.equal(await auth(provider, { ...options, authorizationCode }), 'AUTHORIZED');
    assertFor(provider.saved?.access_token, 'ada', MCP);
  },
  { setting: 'file: `registration: { open: true }`' },
);

/** An application on Express. Returns what its person sees after the sign-in. */
async function application(strategyOf: (options: object) => passport.Strategy): Promise<string> {
  const app = express();
  const server = createServer(app as RequestListener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const home = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // One person, so one session.
  const session = {};
  app.use((request, _response, next) => {
    Object.assign(request, { session });
    next();
  });
  const options = {
    issuer: ISSUER,
    authorizationURL: `${ISSUER}/oauth/authorize`,
    tokenURL: `${ISSUER}/oauth/token`,
    userInfoURL: `${ISSUER}/oauth/userinfo`,
    clientID: 'web-post',
    clientSecret: 'web-post-secret',
    callbackURL: `${home}/callback`,
    state: true,
  };
  passport.use('cambio', strategyOf(options));
  const signs = passport.authenticate('cambio', { session: false });
  app.get('/login', signs);
  app.get('/callback', signs, (_request, response) => {
    response.send('signed in');
  });
  try {
    return await visit(`${home}/login`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

type Done = (error: unknown, user?: object) => void;
const withOauth2 = (pkce: boolean) =>
  application((options) => {
    const verify = (token: string, _refresh: string, _profile: unknown, done: Done): void => {
      assertFor(token, 'ada', ORDERS);
      done(null, {});
    };
    return new OAuth2Strategy({ ...options, scope: 'read', pkce } as never, verify as never);
  });
const isSignedIn = async (page: Promise<string>): Promise<void> => assert.match(await page, /^200.*signed in/s);
await trial('passport-oauth2', 'sign-in', () => isSignedIn(withOauth2(true)), {
  setting: 'library: `pkce: true` and `state: true`',
});
await trial('passport-oauth2', 'sign-in without PKCE', () => isSignedIn(withOauth2(false)), {
  fails: /requires PKCE/,
  because: 'PKCE is required: `pkce: true`',
});
const openid = (options: object): passport.Strategy =>
  new OpenIDConnectStrategy(
    options as never,
    ((_issuer: string, _profile: object, done: Done) => done(null, {})) as never,
  );
await trial('passport-openidconnect', 'sign-in', () => isSignedIn(application(openid)), {
  fails: /requires PKCE/,
  because: 'it has no PKCE',
});
