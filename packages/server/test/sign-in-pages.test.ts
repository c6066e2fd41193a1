// What stands on the pages that a person sees.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consentPage } from '../src/sign-in/pages/consent.ts';
import { deviceCodePage, deviceConfirmPage } from '../src/sign-in/pages/device.ts';
import { logoutPage, switchAccountPage } from '../src/sign-in/pages/logout.ts';
import { donePage, errorPage } from '../src/sign-in/pages/message.ts';
import { signInPage } from '../src/sign-in/pages/sign-in.ts';

const EVIL = `"><img src=x onerror=alert(1)>'&`;
const target = { action: '/oauth/interaction/1', csrf: EVIL };

test('what somebody is called never becomes markup, on any page (W10)', () => {
  const pages = {
    signIn: signInPage({ ...target, client: EVIL, username: EVIL, problem: 'wrong' }),
    consent: consentPage({
      ...target,
      client: EVIL,
      account: EVIL,
      scopes: [{ name: EVIL, words: EVIL }],
      targets: [EVIL],
      actor: EVIL,
      userCode: EVIL,
    }),
    deviceCode: deviceCodePage({ ...target, userCode: EVIL, problem: 'unknown' }),
    deviceConfirm: deviceConfirmPage({ ...target, client: EVIL, userCode: EVIL }),
    logout: logoutPage({ ...target, account: EVIL }),
    switchAccount: switchAccountPage(target),
    error: errorPage({ message: EVIL, requestId: EVIL }),
  };
  for (const [name, text] of Object.entries(pages)) {
    assert.doesNotMatch(text, /<img/, name);
    assert.match(text, /&quot;&gt;&lt;img src=x onerror=alert\(1\)&gt;&#39;&amp;/, name);
    assert.doesNotMatch(text, /<script|style=| on\w+="/, name);
  }
  assert.match(donePage('device_connected'), /<h1>Your device is connected<\/h1>/);
});
