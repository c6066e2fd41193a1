// Claims: JSON that parsers could read differently, and values of every wrong kind, signed by the issuer.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SELF } from '../../support/worlds.ts';
import { asking, assertAllowed, readClaims } from '../oracle.ts';
import { defineTarget } from '../target.ts';

const NAMES = [
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'client_id',
  'scope',
  'cnf',
  'acr',
  'amr',
  'auth_time',
  'tenant',
  'lineage',
  'actor_lineage',
  'sub_id',
  'act',
  'may_act',
  'events',
  'x',
  '__proto__',
  'constructor',
  'toString',
];

/** A name, or the same name with JSON escapes. */
const spelled = fc
  .tuple(fc.constantFrom(...NAMES), fc.boolean())
  .map(([name, escaped]) =>
    escaped ? `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"` : JSON.stringify(name),
  );
const NUMBERS = [
  '0',
  '-0',
  '-1',
  '1e3',
  '1e400',
  '-1e400',
  '1e-400',
  '9007199254740993',
  '1.5',
  '99999999999',
  '01',
  '+1',
  'NaN',
  '0x1',
];
const TEXTS = [
  '""',
  '"ada"',
  '"bob"',
  '"a"',
  '"b"',
  '"idp:ada"',
  '"red"',
  '"gold"',
  '"\\ud800"',
  '"\\u0000"',
  '"\\u202e"',
  '"read"',
  '"read  write"',
  '"https://login.example"',
  '"https://idp.example"',
  '"https://cambio.example"',
  `"${'x'.repeat(2000)}"`,
];
const OTHERS = [
  'null',
  'true',
  '[]',
  '{}',
  '[[]]',
  '["a","b"]',
  '["https://cambio.example"]',
  '[1]',
  '{"sub":"a"}',
  '{"jkt":"x"}',
  '{"jkt":"x","x5t#S256":"y"}',
  '{"format":"iss_sub","iss":"https://idp.example","sub":"ada"}',
  '{"sub":"b","sub":"a"}',
  ',',
  '}',
  '{"a":1,"\\u0061":2}',
];
const deep = fc
  .tuple(fc.constantFrom('[', '{"a":'), fc.constantFrom(3, 40, 62, 63, 64, 65, 200, 5000))
  .map(([open, depth]) => `${open.repeat(depth)}1${(open === '[' ? ']' : '}').repeat(depth)}`);
const value = fc.oneof(
  fc.constantFrom(...NUMBERS),
  fc.constantFrom(...TEXTS),
  fc.constantFrom(...OTHERS),
  fc.json({ maxDepth: 3 }),
  { weight: 1, arbitrary: deep },
);

const input = fc.record({
  issuer: fc.constantFrom('own' as const, 'foreign' as const),
  client: fc.constantFrom('a', 'b'),
  members: fc.array(
    fc.record({
      name: spelled,
      value,
      /** In place of the good claim of that name, or beside it. */ beside: fc.nat(5).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  blank: fc.constantFrom('', ' ', '\t\r\n', '\ufeff', '\u00a0'),
  after: fc.constantFrom('', '', '', ' ', '\0', ',', '{}', '//'),
});
type Input = typeof input extends fc.Arbitrary<infer T> ? T : never;

function write({ members, blank, after }: Input, good: Readonly<Record<string, unknown>>): string {
  const replaced = new Set(members.filter(({ beside }) => !beside).map(({ name }) => JSON.parse(name)));
  const kept = Object.entries(good).filter(([name]) => !replaced.has(name));
  const all = [
    ...kept.map(([name, one]) => [JSON.stringify(name), JSON.stringify(one)]),
    ...members.map((one) => [one.name, one.value]),
  ];
  return `{${blank}${all.map((pair) => pair.join(`:${blank}`)).join(',')}}${after}`;
}

/** The value; undefined if the text is not a JSON object, has a duplicate member, or is nested over 64 deep. */
function readUnambiguously(text: string): Readonly<Record<string, unknown>> | undefined {
  let doubled = false;
  let depth = 0;
  const seen: unknown[] = [];
  try {
    const value = JSON.parse(text);
    // A duplicate member is visited once, so the text that comes back is shorter.
    const count = (one: unknown, level: number): number => {
      depth = Math.max(depth, level);
      if (typeof one !== 'object' || one === null) return 0;
      seen.push(one);
      return Object.entries(one).reduce(
        (sum, [, inner]) => sum + (Array.isArray(one) ? 0 : 1) + count(inner, level + 1),
        0,
      );
    };
    const withoutTexts = text.replace(/"(?:[^"\\]|\\.)*"\s*(:?)/g, (_all, colon) => (colon ? ':' : ''));
    doubled = count(value, 0) !== withoutTexts.split(':').length - 1;
    return doubled || depth > 64 || Array.isArray(value) || typeof value !== 'object' ? undefined : value;
  } catch {
    return undefined;
  }
}

export const claims = defineTarget({
  name: 'claims',
  title: 'claims that can be read in two ways, or are of the wrong kind, are refused',
  short: 200,
  input,
  judge: async (one, bench) => {
    const { issuer, client } = one;
    const text = write(one, bench.claims(issuer));
    const now = bench.now();
    const declared = issuer === 'own' ? 'access_token' : 'jwt';
    const answer = await bench.exchange({ client, subject: { text: bench.sign(issuer, text), declared } });
    const read = readUnambiguously(text);
    if (answer.status === 200) assert.ok(read, 'claims were read that two readers could read differently');
    const subject = read && readClaims(read, now, { iss: SELF, sub: client, client_id: client });
    return assertAllowed(asking(now, { client, subject }), answer);
  },
});
