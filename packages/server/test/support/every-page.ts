// Every page as `PageRenderer` functions, with all optional parts and with none.
import { createBranding } from '../../src/sign-in/pages/branding.ts';
import { consentPage } from '../../src/sign-in/pages/consent.ts';
import { deviceCodePage, deviceConfirmPage } from '../../src/sign-in/pages/device.ts';
import { type FrontLink, frontPage } from '../../src/sign-in/pages/front.ts';
import { english } from '../../src/sign-in/pages/languages/english.ts';
import { logoutPage, switchAccountPage } from '../../src/sign-in/pages/logout.ts';
import { chooseLook, type Look, type PageRenderer } from '../../src/sign-in/pages/look.ts';
import { donePage, errorPage, leavingPage } from '../../src/sign-in/pages/message.ts';
import { signInPage } from '../../src/sign-in/pages/sign-in.ts';

/** An image of one pixel. */
export const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** A logo that can be seen on a screenshot. */
export const DRAWN = `data:image/svg+xml;base64,${Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="#1d4f91"/><path d="M18 42 32 18l14 24z" fill="none" stroke="#fff" stroke-width="5" stroke-linejoin="round"/></svg>',
).toString('base64')}`;

export const PLAIN = createBranding({
  name: undefined,
  logo: undefined,
  color: undefined,
  language: 'en',
  documentation: undefined,
});

export const BRANDED = createBranding({
  name: 'Example Corporation',
  logo: DRAWN,
  color: '#1d4f91',
  language: 'en',
  documentation: 'https://docs.example.com',
});

export const lookOf = (branding = PLAIN, uiLocales = 'en'): Look =>
  chooseLook(branding, { uiLocales, acceptLanguage: undefined });

/** @param text stands for each text that others write */
export function everyPage(text: string): Readonly<Record<string, PageRenderer>> {
  const target = { action: '/oauth/interaction/1', csrf: text };
  const client = { id: text, name: text, logo: DRAWN, uri: 'https://photos.example.com/' };
  const redirectUri = 'https://app.example.com/callback';
  const upstream = { name: text, href: '/oauth/interaction/1/upstream', first: true };
  const asked = { ...target, client, redirectUri };
  const consent = {
    account: text,
    otherAccount: '/oauth/interaction/1?account=other',
    scopes: [
      { name: 'openid', words: undefined },
      { name: 'offline_access', words: undefined },
      { name: 'read', words: text },
      { name: text, words: undefined },
    ],
    targets: [text],
    actor: { id: text, name: text },
    userCode: undefined,
  };
  return {
    signIn: signInPage({ ...asked, accounts: 'some', upstream: undefined, username: undefined, problem: undefined }),
    signInWrong: signInPage({ ...asked, accounts: 'some', upstream, username: text, problem: 'wrong' }),
    signInUpstream: signInPage({ ...asked, accounts: 'some', upstream, username: undefined, problem: undefined }),
    signInPasswordsFirst: signInPage({
      ...asked,
      client: { id: text },
      accounts: 'some',
      upstream: { ...upstream, first: false },
      username: text,
      problem: 'too_often',
    }),
    signInElsewhere: signInPage({
      ...asked,
      redirectUri: 'com.example.app:/callback',
      accounts: 'none',
      upstream,
      username: undefined,
      problem: 'upstream_denied',
    }),
    consent: consentPage({ ...asked, ...consent }),
    consentBare: consentPage({
      ...asked,
      ...consent,
      client: { id: text },
      otherAccount: undefined,
      scopes: [{ name: text, words: undefined }],
      targets: [],
      actor: undefined,
    }),
    consentDevice: consentPage({
      ...asked,
      ...consent,
      redirectUri: undefined,
      actor: undefined,
      userCode: 'WDJB-MJHT',
    }),
    deviceCode: deviceCodePage({ ...target, userCode: undefined, problem: undefined }),
    deviceCodeWrong: deviceCodePage({ ...target, userCode: text, problem: 'unknown' }),
    deviceConfirm: deviceConfirmPage({ ...target, client, userCode: 'WDJB-MJHT' }),
    logout: logoutPage({ ...target, account: text }),
    logoutNobody: logoutPage({ ...target, account: undefined }),
    switchAccount: switchAccountPage(target),
    connected: donePage('device_connected'),
    refused: donePage('device_refused'),
    error: errorPage({ answer: 'interaction', message: text, parameter: undefined, requestId: text }),
    leaving: leavingPage('/elsewhere'),
    front: frontPage({
      issuer: text,
      links: (Object.keys(english.front.links) as FrontLink[])
        .filter((name) => name !== 'documentation' && name !== 'exchange')
        .map((name) => [name, '/oauth/elsewhere']),
    }),
  };
}
