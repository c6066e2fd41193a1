// The HTML of the pages: escaping, policy, contrast and languages.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { createBranding } from '../../src/sign-in/pages/branding.ts';
import { contrastOf, parseColour } from '../../src/sign-in/pages/colour.ts';
import { Html } from '../../src/sign-in/pages/html.ts';
import { english, type Sentences } from '../../src/sign-in/pages/languages/english.ts';
import { chooseLanguage, languageNames, languages } from '../../src/sign-in/pages/languages/index.ts';
import { donePage, errorPage, leavingPage } from '../../src/sign-in/pages/message.ts';
import { pageHeaders } from '../../src/sign-in/pages/page.ts';
import { colours } from '../../src/sign-in/pages/style.ts';
import { BRANDED, everyPage, lookOf, PLAIN } from '../support/every-page.ts';

const EVIL = `"><img src=x onerror=alert(1)>'&`;
const ESCAPED = '&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&#39;&amp;';

test('escapes names on every page in every language (W10)', () => {
  for (const language of languageNames) {
    const look = lookOf(PLAIN, language);
    for (const [name, draw] of Object.entries({ ...everyPage(EVIL), leaving: leavingPage(EVIL) })) {
      const text = draw(look);
      assert.doesNotMatch(text, /<img src=x/, name);
      assert.equal(text.includes(ESCAPED), !WITHOUT_TEXT.has(name), name);
      assert.doesNotMatch(text, /<script|style=| on\w+="/, name);
      assert.match(text, new RegExp(`^<!doctype html>\n<html lang="${language}">`), name);
    }
  }
});

/** Pages that show no text of others. */
const WITHOUT_TEXT = new Set(['connected', 'refused']);

test('a page loads nothing, and its policy has the hash of its inline style sheet, with every branding', () => {
  for (const branding of [PLAIN, BRANDED]) {
    const look = lookOf(branding);
    const [, sheet = ''] = /<style>([\s\S]*)<\/style>/.exec(donePage('signed_out')(look)) ?? [];
    assert.notEqual(sheet, '');
    assert.deepEqual(pageHeaders(look)['Content-Security-Policy'].split('; '), [
      "default-src 'none'",
      `style-src 'sha256-${hash('sha256', sheet, 'base64')}'`,
      'img-src data:',
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]);
    for (const [name, draw] of Object.entries(everyPage('x'))) {
      const sources = [...draw(look).matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, source = '']) => source);
      const loaded = sources.filter(
        (source) =>
          !/^(?:data:image\/|\/oauth\/|\/elsewhere$|https:\/\/(?:photos|docs)\.example\.com|https:\/\/www\.rfc-editor\.org\/)/.test(
            source,
          ),
      );
      assert.deepEqual(loaded, [], name);
    }
  }
});

test('every text colour has the contrast of WCAG 2.2 AA on its background, in light and dark', () => {
  const texts = {
    ink: ['ground', 'card', 'inset'],
    soft: ['card', 'inset'],
    danger: ['dangerGround'],
    onAccent: ['accent', 'press'],
    accent: ['card', 'inset'],
  };
  const shapes = { edge: ['card'], danger: ['card'] };
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

test('lightens the colour of an organisation in the dark until it has enough contrast', () => {
  for (const color of ['#000000', '#1d4f91', '#0b1f4b', '#b00020', '#767676', '#7a00ff'] as const) {
    const { style } = createBranding({ ...ENTRY, color }).sheet;
    const shown = [...style.matchAll(/:root\{([^}]*)\}/g)].map(([, text = '']) =>
      Object.fromEntries([...text.matchAll(/--(\w+):(#\w+)/g)].map(([, name, value]) => [name, value])),
    );
    assert.equal(shown.length, 2);
    for (const { accent, press, onAccent, card, inset } of shown) {
      for (const [front, ground] of [
        [onAccent, accent],
        [onAccent, press],
        [accent, card],
      ])
        assert.ok(contrast(String(front), String(ground)) >= 4.5, `${color}: ${front} on ${ground}`);
      assert.ok(contrast(String(accent), String(inset)) >= 4.1, color);
    }
    assert.equal(shown[0]?.accent, color);
  }
});

const ENTRY = { name: undefined, logo: undefined, language: 'en', documentation: undefined } as const;

test('computes the contrast of WCAG 2.2', () => {
  for (const [a, b] of [
    ['#ffffff', '#000000'],
    ['#1f5a4d', '#f4f3f0'],
    ['#ffe000', '#ffffff'],
  ] as const)
    assert.ok(Math.abs(contrastOf(a, b) - contrast(a, b)) < 1e-9);
  assert.deepEqual(['#ABC', '#abcdef', '#abcd', 'abc', 'red', '#ggg', ''].map(parseColour), [
    '#aabbcc',
    '#abcdef',
    ...Array(5).fill(undefined),
  ]);
});

test('chooses the language by ui_locales, then Accept-Language, then the configuration', () => {
  const choose = (uiLocales?: string, acceptLanguage?: string, usual: 'en' | 'de' = 'en') =>
    chooseLanguage({ uiLocales, acceptLanguage }, usual);
  assert.equal(choose(), 'en');
  assert.equal(choose(undefined, undefined, 'de'), 'de');
  // Tags with a region or a script, in upper or lower case.
  for (const tag of ['de', 'de-AT', 'DE-ch', 'de-Latn-DE', 'fr de-AT en', 'fr-CA fr de'])
    assert.equal(choose(tag), 'de', tag);
  for (const tag of ['', 'fr', 'deu', 'den', 'd', '*', '-de', 'x-de', 'constructor', '__proto__'])
    assert.equal(choose(tag), 'en', tag);
  assert.equal(choose('en', 'de', 'de'), 'en');
  assert.equal(choose('fr', 'de'), 'de');
  const accepted: readonly (readonly [header: string, language: string, usual?: 'de'])[] = [
    ['de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7', 'de'],
    ['en;q=0.7, de;q=0.8', 'de'],
    ['de;q=0.7,en;q=0.8', 'en'],
    ['fr, de;q=0.5', 'de'],
    ['de,en', 'de'],
    ['en,de', 'en', 'de'],
    ['de;q=0, *', 'en'],
    ['*', 'de', 'de'],
    ['fr', 'de', 'de'],
    ['de;q=2, en', 'en'],
    ['de;q=, en;q=0.1', 'en'],
    [`${'fr,'.repeat(40)}de`, 'en'],
  ];
  for (const [header, language, usual] of accepted) assert.equal(choose(undefined, header, usual), language, header);
});

test('every language translates every sentence, and each form keeps the requested language', () => {
  const sentencesOf = (value: unknown, path: string): readonly (readonly [path: string, text: string])[] => {
    if (typeof value === 'string') return [[path, value]];
    if (typeof value === 'function') return [[path, (value as (name: Html) => Html)(new Html('x')).text]];
    return Object.entries(value as object).flatMap(([key, member]) => sentencesOf(member, `${path}.${key}`));
  };
  const inEnglish = new Map(sentencesOf(english, ''));
  for (const [name, language] of Object.entries(languages)) {
    const translated = sentencesOf(language, '');
    assert.deepEqual(translated.map(([path]) => path).toSorted(), [...inEnglish.keys()].toSorted(), name);
    for (const [path, text] of translated) assert.notEqual(text.trim(), '', `${name}${path}`);
    const same = translated.filter(([path, text]) => inEnglish.get(path) === text).length;
    assert.ok(name === 'en' || same < 6, `${name}: ${same} sentences are English`);
    const page = everyPage('x').logout?.(lookOf(PLAIN, name));
    assert.match(page ?? '', new RegExp(`action="/oauth/interaction/1\\?ui_locales=${name}"`));
  }
  // Without a requested language, forms carry none.
  assert.match(everyPage('x').logout?.(lookOf(PLAIN, '')) ?? '', /action="\/oauth\/interaction\/1"/);
});

test('a language that lacks a sentence does not compile', () => {
  const { cancel, ...rest } = english.signIn;
  // @ts-expect-error: `cancel` is missing
  const incomplete: Sentences = { ...english, signIn: rest };
  assert.equal('cancel' in incomplete.signIn, false, cancel);
});

test('shows a refusal without a translation in English, and marks it as English', () => {
  const draw = (answer: string) =>
    errorPage({ answer, message: 'Do <this>', parameter: 'agree', requestId: 'r' })(lookOf(PLAIN, 'de'));
  assert.match(draw('missing'), /<p class="lead">Der Parameter agree fehlt\.<\/p>/);
  assert.match(draw('constructor'), /<p class="lead" lang="en">Do &lt;this&gt;\.<\/p>/);
});
