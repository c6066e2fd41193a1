// What stands on the pages that a person sees.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { consentPage } from '../../src/sign-in/pages/consent.ts';
import { deviceCodePage, deviceConfirmPage } from '../../src/sign-in/pages/device.ts';
import { logoutPage, switchAccountPage } from '../../src/sign-in/pages/logout.ts';
import { donePage, errorPage, leavingPage } from '../../src/sign-in/pages/message.ts';
import { pageHeaders } from '../../src/sign-in/pages/page.ts';
import { signInPage } from '../../src/sign-in/pages/sign-in.ts';
import { colours } from '../../src/sign-in/pages/style.ts';

const EVIL = `"><img src=x onerror=alert(1)>'&`;
const target = { action: '/oauth/interaction/1', csrf: EVIL };

test('what somebody is called never becomes markup, on any page (W10)', () => {
  const pages = {
    signIn: signInPage({ ...target, client: EVIL, accounts: 'some', upstream: EVIL, username: EVIL, problem: 'wrong' }),
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
    leaving: leavingPage(EVIL),
  };
  for (const [name, text] of Object.entries(pages)) {
    assert.doesNotMatch(text, /<img/, name);
    assert.match(text, /&quot;&gt;&lt;img src=x onerror=alert\(1\)&gt;&#39;&amp;/, name);
    assert.doesNotMatch(text, /<script|style=| on\w+="/, name);
  }
  assert.match(donePage('device_connected'), /<h1>Your device is connected<\/h1>/);
});

test('a page loads its own sheet and nothing else: its policy names the sheet that it holds', () => {
  const [, sheet = ''] = /<style>([\s\S]*)<\/style>/.exec(donePage('signed_out')) ?? [];
  assert.notEqual(sheet, '');
  assert.deepEqual(pageHeaders['Content-Security-Policy'].split('; '), [
    "default-src 'none'",
    `style-src 'sha256-${hash('sha256', sheet, 'base64')}'`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]);
});

test('every colour of text has the contrast of WCAG 2.2 AA on its ground, in light and dark', () => {
  const texts = {
    ink: ['ground', 'card', 'inset'],
    soft: ['card', 'inset'],
    danger: ['dangerGround'],
    onAccent: ['accent', 'press'],
  };
  const shapes = { edge: ['card'], accent: ['card'], danger: ['card'] };
  for (const scheme of [0, 1] as const) {
    const check = (pairs: Readonly<Record<string, readonly string[]>>, least: number): void => {
      for (const [front, grounds] of Object.entries(pairs)) {
        for (const ground of grounds) {
          const ratio = contrast(colourOf(front, scheme), colourOf(ground, scheme));
          assert.ok(ratio >= least, `${front} on ${ground}: ${ratio}`);
        }
      }
    };
    check(texts, 4.5);
    check(shapes, 3);
  }
});

const colourOf = (name: string, scheme: 0 | 1): string => colours[name as keyof typeof colours][scheme];

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [a, b].map(luminance).toSorted((one, other) => one - other);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
