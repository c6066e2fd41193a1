// Forms: bytes that are almost a valid request.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EXCHANGE, type } from '../../support/harness.ts';
import { apply, edit, few } from '../edits.ts';
import { assertAllowed, assertGoodAnswer, readForm } from '../oracle.ts';
import { defineTarget } from '../target.ts';

/** Placeholders of fresh tokens. */
const TOKENS = ['@own', '@foreign'] as const;

const NAMES = [
  'grant_type',
  'client_id',
  'client_secret',
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
  'audience',
  'resource',
  'scope',
  'client_assertion',
  'client_assertion_type',
  'token',
  'token_type_hint',
  'refresh_token',
  'code',
  'device_code',
  '__proto__',
  'constructor',
];
const TYPES = ['access_token', 'jwt', 'id_token', 'refresh_token', 'saml1', 'saml2'].map(type);
const PLACES = [
  'https://r0.example',
  'https://r1.example',
  'urn:r2',
  'https://place0.example/v1/x',
  'https://place0.example/v1/../v2',
];

const GOOD = [
  ['grant_type', EXCHANGE],
  ['client_id', 'a'],
  ['client_secret', 'a'],
  ['subject_token', '@own'],
  ['subject_token_type', type('access_token')],
] as const;

/** Additional parameters. */
const FITTING = [
  [['audience', 'https://r0.example']],
  [
    ['resource', 'https://place0.example/v1/x'],
    ['audience', 'urn:r2'],
  ],
  [['scope', 'read']],
  [['requested_token_type', type('jwt')]],
  [
    ['actor_token', '@foreign'],
    ['actor_token_type', type('jwt')],
  ],
  [['x', '%E2%82%AC+1']],
];

const broken = fc.constantFrom(
  '%',
  '%2',
  '%zz',
  '%00',
  '%FF',
  '%C3%28',
  '+',
  '%2B',
  '&',
  '=',
  '==',
  ';',
  '\0',
  '\r\n',
  '\xff',
  '%E2%82%AC',
  'é',
  '%ED%A0%80',
);
const value = fc.oneof(
  fc.constantFrom(
    ...TOKENS,
    ...TYPES,
    ...PLACES,
    'a',
    'b',
    'read',
    'write',
    'read write',
    'read  read',
    '',
    EXCHANGE,
    'client_credentials',
  ),
  fc.string({ maxLength: 12 }),
  fc.array(fc.oneof(broken, fc.constantFrom('a', 'read', ...PLACES)), { maxLength: 4 }).map((parts) => parts.join('')),
);
const name = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
);

const input = fc.record({
  path: fc.oneof(
    { weight: 6, arbitrary: fc.constant('token') },
    { weight: 1, arbitrary: fc.constantFrom('introspect', 'revoke') },
  ),
  contentType: fc.oneof(
    { weight: 12, arbitrary: fc.constant('application/x-www-form-urlencoded') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '',
        'application/json',
        'multipart/form-data; boundary=x',
        'application/x-www-form-urlencoded; charset=utf-16',
        'APPLICATION/X-WWW-FORM-URLENCODED;',
      ),
    },
  ),
  authorization: fc.option(
    fc.oneof(
      fc.constantFrom('Basic YTph', 'basic YTph', 'Basic', 'Basic YTph=', 'Bearer x', 'Basic Og=='),
      fc.base64String({ maxLength: 12 }).map((text) => `Basic ${text}`),
    ),
    { freq: 8 },
  ),
  /** Valid parameters that are omitted. */
  without: few(fc.nat(GOOD.length - 1), 1),
  fitting: fc.subarray(FITTING, { maxLength: 2 }),
  more: few(fc.tuple(name, value), 3),
  cuts: few(edit(broken, 1), 2),
});

/** application/x-www-form-urlencoded; undefined if a parser would have to correct the text. */
function readStrictly(body: string): URLSearchParams | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(body) || /%00|\0/.test(body)) return undefined;
  try {
    const bytes = body.replace(/[\x80-\xff]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
    decodeURIComponent(bytes);
    return new URLSearchParams(bytes);
  } catch {
    return undefined;
  }
}

/** These may be repeated. Unknown parameters are ignored. */
const MANY = new Set(['audience', 'resource', '__proto__', 'constructor']);

export const form = defineTarget({
  name: 'form',
  title: 'a form is read as the RFC says, or refused with a valid error',
  short: 150,
  input,
  judge: async ({ path, contentType, authorization, without, fitting, more, cuts }, bench) => {
    const kept = GOOD.filter((_, index) => !without.includes(index));
    const pairs = [...kept, ...fitting.flat(), ...more].map(([key, text]) => `${key}=${text}`);
    const whole = pairs.join('&');
    const body = apply(whole, cuts)
      .replaceAll('@own', bench.sign('own', JSON.stringify(bench.claims('own'))))
      .replaceAll('@foreign', bench.sign('foreign', JSON.stringify(bench.claims('foreign'))))
      .replace(/[^\0-\xff]/g, '?');
    const headers = { 'content-type': contentType, ...(authorization !== null && { authorization }) };
    const answer = await bench.send(`/oauth/${path}`, body, headers);
    assertGoodAnswer(answer);
    if (path !== 'token' || answer.status !== 200) return answer.status === 200;
    assert.match(contentType, /^application\/x-www-form-urlencoded/i);
    const read = readStrictly(body);
    assert.ok(read, 'a body was read that would have to be mended');
    // RFC 6749 section 3.2: an empty value counts as absent.
    const count = (key: string): number => read.getAll(key).filter(Boolean).length;
    for (const key of NAMES) assert.ok(MANY.has(key) || count(key) <= 1, `${key} is repeated`);
    const asked = readForm(read, bench.now());
    return asked === undefined || assertAllowed(authorization === null ? asked : { ...asked, client: 'a' }, answer);
  },
});
