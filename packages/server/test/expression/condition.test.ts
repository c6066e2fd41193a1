import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileCondition, compileExpression, ExpressionFault } from '../../src/expression/condition.ts';
import { markElsewhere } from '../../src/expression/elsewhere.ts';
import { answerOf, evaluate as said } from '../support/evaluating.ts';

const VARIABLES = {
  subject: { issuer: 'string', claims: 'map' },
  actor: { issuer: 'string', claims: 'map' },
  chain: [{ iss: 'string', sub: 'string' }],
  now: 'int',
} as const;

const NOW = 1_800_000_000;

const factsOf = (claims: unknown, actorClaims: unknown = {}) => ({
  subject: { issuer: 'https://idp.example', claims },
  actor: { issuer: 'https://idp.example', claims: actorClaims },
  chain: [{ iss: 'https://login.example', sub: 'agent' }],
  now: NOW,
});

const evaluate = (text: string, claims: unknown = {}, actorClaims: unknown = {}) =>
  said(compileExpression(text, VARIABLES), factsOf(claims, actorClaims));
const ask = (text: string, claims: unknown = {}, actorClaims: unknown = {}) =>
  answerOf(compileCondition(text, VARIABLES), factsOf(claims, actorClaims));
const isTrue = (...asked: Parameters<typeof ask>): boolean => ask(...asked)[0] === 'yes';
const problemOf = (...asked: Parameters<typeof ask>): string => {
  const [kind, problem = ''] = ask(...asked);
  assert.equal(kind, 'no', asked[0]);
  return problem;
};
/** Why it cannot be told. */
const untold = (...asked: Parameters<typeof ask>): string => {
  const [kind, problem = ''] = ask(...asked);
  assert.equal(kind, 'cannot tell', `${asked[0]}: ${kind}`);
  return problem;
};

function faultOf(text: string): ExpressionFault {
  try {
    compileCondition(text, VARIABLES);
  } catch (error) {
    assert.ok(error instanceof ExpressionFault, `${text}: ${error}`);
    return error;
  }
  return assert.fail(`no fault: ${text}`);
}

test('reads claims, compares and combines them', () => {
  const claims = { tenant: 'a', level: 2, ratio: 0.5, groups: ['dev', 'ops'], admin: true, gone: null, org: { id: 7 } };
  for (const text of [
    'subject.claims.tenant == "a"',
    'subject.claims["tenant"] == "a"',
    'subject.claims.tenant != "b" && !(subject.claims.tenant == "c")',
    '"ops" in subject.claims.groups && !("root" in subject.claims.groups)',
    '"tenant" in subject.claims && !("toString" in subject.claims)',
    'has(subject.claims.tenant) && !has(subject.claims.team)',
    'subject.claims.admin',
    'subject.claims.gone == null && has(subject.claims.gone) && [null][0] == null',
    'subject.claims.org.id == 7 && subject.claims.org == {"id": 7}',
    'subject.claims.groups == ["dev", "ops"] && subject.claims.groups[1] == "ops"',
    'subject.claims.groups.exists(g, g.startsWith("de")) && subject.claims.groups.all(g, g.size() == 3)',
    'subject.claims.groups.exists_one(g, g == "dev") && subject.claims.groups.filter(g, g != "dev") == ["ops"]',
    'subject.claims.groups.map(g, g + "@a") == ["dev@a", "ops@a"]',
    'subject.claims.groups.map(g, g == "dev", g.upperAscii()) == ["DEV"]',
    'subject.claims.exists(name, name == "tenant")',
    'subject.claims.groups.exists(g, actor.claims.groups.exists(h, g == h))',
    'subject.claims.groups.exists(g, g in actor.claims.groups)',
    'subject.claims.tenant == "b" ? false : subject.claims.level > 1',
    '"read write".split(" ").join(",") == "read,write"',
    'subject.issuer.contains("idp") && subject.issuer.endsWith("example")',
    'chain[0].sub == "agent" && chain.all(link, link.iss == "https://login.example")',
    'timestamp(now).getFullYear() == 2027 && timestamp(now) > timestamp("2020-02-29T00:00:00Z")',
  ]) {
    assert.equal(isTrue(text, claims, { groups: ['ops'] }), true, text);
  }
});

test("compares and calculates a claim's number with an int as numbers", () => {
  const claims = { level: 2, ratio: 2.5, iat: NOW - 100, text: '2' };
  for (const text of [
    'subject.claims.level == 2 && subject.claims.level == 2.0 && 2 == subject.claims.level',
    'subject.claims.level >= 2 && subject.claims.level < 3 && subject.claims.ratio > 2',
    'subject.claims.level in [1, 2, 3]',
    'now - subject.claims.iat < 300',
    '-subject.claims.level == -2 && subject.claims.level + 1 == 3 && subject.claims.level * 2 == 4',
    'now / 7 * 7 + now % 7 == now',
    'int(subject.claims.text) == 2 && double(subject.claims.text) == 2.0 && string(subject.claims.level) == "2"',
    'subject.claims.level != "2"',
  ]) {
    assert.equal(isTrue(text, claims), true, text);
  }
  assert.equal(isTrue('subject.claims.level == 2', { level: '2' }), false);
  assert.equal(isTrue('subject.claims.level == 2', { level: 2.000001 }), false);
  assert.equal(isTrue('subject.claims.level == 9007199254740993', { level: 9007199254740992 }), false);
});

test('is false with a problem if a value is missing, of the wrong type, or cannot be converted', () => {
  const claims = { tenant: 'a', list: ['x'], text: 'abc', gone: null, zero: 0, huge: 1e300, big: 9e18 };
  for (const [text, problem] of [
    ['subject.claims.team == "a"', 'subject.claims.team is missing'],
    ['subject.claims.team != "a"', 'subject.claims.team is missing'],
    ['!(subject.claims.team == "a")', 'subject.claims.team is missing'],
    ['has(subject.claims.team.lead)', 'subject.claims.team is missing'],
    ['subject.claims.tenant.lead == "a"', 'subject.claims.tenant is of type string, not map'],
    ['subject.claims.gone.lead == "a"', 'subject.claims.gone is of type null, not map'],
    ['subject.claims.list[1] == "a"', 'subject.claims.list[1] is missing'],
    ['subject.claims.list["x"] == "a"', 'subject.claims.list is of type list, not map'],
    ['subject.claims.tenant < 3', 'string < int has no meaning'],
    ['subject.claims.tenant - 3 == 0', 'string - int has no meaning'],
    ['subject.claims.tenant', 'subject.claims.tenant is neither true nor false'],
    ['!subject.claims.tenant', 'subject.claims.tenant is of type string, not bool'],
    ['subject.claims.tenant && true', 'subject.claims.tenant is of type string, not bool'],
    ['subject.claims.tenant.exists(c, c == "a")', 'subject.claims.tenant is of type string, not list or map'],
    ['subject.claims.list.startsWith("x")', 'subject.claims.list.startsWith("x") does not take (list, string)'],
    ['int(subject.claims.text) == 0', 'int() cannot read the value'],
    ['int(subject.claims.huge) > 0', 'an int overflows 64 bits'],
    ['int(subject.claims.big) + int(subject.claims.big) > 0', 'an int overflows 64 bits'],
    ['double(subject.claims.text) > 0.0', 'double() cannot read the value'],
    ['bool(subject.claims.text)', 'bool() cannot read the value'],
    ['1 / int(subject.claims.zero) == 1', 'division by zero'],
    ['timestamp(subject.claims.text) > timestamp(now)', 'timestamp() cannot read the value'],
    ['timestamp(subject.claims.huge) > timestamp(now)', 'timestamp() cannot read the value'],
  ] as const) {
    assert.equal(problemOf(text, claims), problem, text);
  }
});

test('absorbs a problem of one side of && and || if the other side decides', () => {
  assert.equal(isTrue('subject.claims.team == "a" || true'), true);
  assert.equal(isTrue('subject.claims.aud == "x" || "x" in subject.claims.aud', { aud: ['x'] }), true);
  assert.equal(isTrue('subject.claims.aud == "x" || "x" in subject.claims.aud', { aud: 'x' }), true);
  assert.deepEqual(evaluate('subject.claims.team == "a" && false'), { value: false });
  assert.equal(isTrue('subject.claims.list.exists(x, x > 1)', { list: ['a', 2] }), true);
  assert.equal(problemOf('subject.claims.list.exists(x, x > 1)', { list: ['a', 1] }), 'string > int has no meaning');
  assert.equal(problemOf('subject.claims.list.all(x, x > 1)', { list: ['a', 2] }), 'string > int has no meaning');
});

test('reads only own members, whatever their names', () => {
  const hostile = JSON.parse(
    '{"__proto__": {"admin": true}, "constructor": "c", "tenant": "a", "in": {"constructor": 1}}',
  );
  const claims = Object.assign(Object.create(null), hostile);
  assert.equal(isTrue('subject.claims.tenant == "a" && subject.claims.constructor == "c"', claims), true);
  assert.equal(isTrue('subject.claims["in"].constructor == 1', claims), true);
  assert.equal(isTrue('subject.claims["__proto__"].admin', hostile), true);
  for (const name of ['admin', 'toString', 'hasOwnProperty', '__proto__', 'constructor', 'valueOf']) {
    assert.equal(isTrue(`has(subject.claims.x.${name})`, { x: {} }), false, name);
    assert.equal(isTrue(`"${name}" in subject.claims.x`, { x: {} }), false, name);
    assert.equal(problemOf(`subject.claims.${name} == null`, { tenant: 'a' }), `subject.claims.${name} is missing`);
  }
  const { value } = evaluate('{"__proto__": subject.claims.tenant, "constructor": 1}', claims);
  assert.deepEqual(Object.keys(value as object), ['__proto__', 'constructor']);
});

test('returns a value of plain JSON, or a problem', () => {
  for (const [text, value] of [
    ['subject.claims.email', 'ada@example.com'],
    ['subject.claims.email.split("@")[0] + ":" + subject.issuer', 'ada:https://idp.example'],
    ['now', NOW],
    ['[1, 2.5, "a", null, true]', [1, 2.5, 'a', null, true]],
    ['timestamp(0)', '1970-01-01T00:00:00.000Z'],
    ['"ADA É".lowerAscii()', 'ada É'],
    ['size("a💩")', 2],
  ] as const) {
    assert.deepEqual(evaluate(text, { email: 'ada@example.com' }).value, value, text);
  }
  const { value } = evaluate('{"tenant": subject.claims.org, "admin": false}', { org: { id: 7 } });
  assert.equal(JSON.stringify(value), '{"tenant":{"id":7},"admin":false}');
  for (const [text, claims, problem] of [
    ['9007199254740993', {}, 'the result is too large a number'],
    ['1.0 / 0.0', {}, 'the result is not a finite number'],
  ] as const) {
    assert.deepEqual(evaluate(text, claims), { value: undefined, problem }, text);
  }
  const large = { value: undefined, problem: 'the result has more than 65536 characters', why: 'cost' };
  assert.deepEqual(evaluate('subject.claims.map', { map: { a: 'x'.repeat(70_000) } }), large);
});

test('refuses a faulty text when it is compiled, with the place of the fault', () => {
  for (const [text, column, message] of [
    ['subject.claims.tenant ==', 25, /Unexpected token/],
    ['subject.claims.tenant = "a"', 23, /Write == to compare/],
    ['subjekt.claims.tenant == "a"', 1, /Unknown variable: subjekt/],
    ['subject.clams.tenant == "a"', 9, /there is no member clams. Did you mean claims\?/],
    ['has(subject.clams.tenant)', 19, /there is no member/],
    ['chain.exists(link, link.subject == "a")', 25, /there is no member subject/],
    ['subject.claims.tenant.like("a")', 1, /there is no function/],
    ['tenantOf(subject)', 1, /there is no function/],
    ['subject.issuer == 1', 1, /no such overload/],
    ['subject.issuer.startsWith(1)', 1, /there is no function/],
    ['now + 1', 1, /is of type int, and a condition must be true or false/],
    ['"a"', 1, /is of type string/],
    ['now > 99999999999999999999', 7, /over 64 bits/],
    ['strings == string', 1, /Unknown variable: strings/],
    ['cel.bind(x, now, x > 1)', 1, /bind\(\) is not available/],
    ['duration("1 hour") > duration("1m")', 10, /duration\(\) cannot read "1 hour"/],
    ['timestamp(now).getHours("Europe/Berlin") > 8', 1, /getHours\(\) is not available/],
    ['b"x" == b"x"', 1, /bytes/],
    ['now > 1u', 7, /uint/],
    [`now > 1 ${'|| now > 1 '.repeat(400)}`, 1, /longer than 4096/],
    [`${'('.repeat(60)}now > 1${')'.repeat(60)}`, 41, /maxDepth/],
  ] as const) {
    const fault = faultOf(text);
    assert.deepEqual([fault.line, fault.column], [1, column], `${text}: ${fault.message}`);
    assert.match(fault.message, message);
  }
  const fault = faultOf('subject.issuer == "a"\n  && nobody == 1');
  assert.deepEqual([fault.line, fault.column], [2, 6]);
});

test('accepts two nested macros, and refuses a third level', () => {
  const list = 'subject.claims.groups';
  const claims = { groups: ['a'] };
  assert.equal(isTrue(`${list}.all(a, ${list}.all(b, a == b))`, claims), true);
  assert.equal(isTrue(`${list}.filter(a, a == "a").map(b, b).exists(c, c == "a")`, claims), true);
  const fault = faultOf(`${list}.all(a, ${list}.all(b, ${list}.all(c, a == c)))`);
  assert.deepEqual([fault.column, fault.message], [59, 'macros nest 2 deep at most']);
});

test('searches a pattern in linear time, compiles it once, and requires a constant of RE2', () => {
  const condition = 'subject.claims.sub.matches("^repo:org/[a-z-]+:ref:main$")';
  assert.equal(isTrue(condition, { sub: 'repo:org/app:ref:main' }), true);
  assert.equal(isTrue('matches(subject.claims.sub, "^(?i)ADA$")', { sub: 'ada' }), true);
  for (const sub of [
    'repo:org/evil@x:ref:main',
    'repo:org-evil/app:ref:main',
    'repo:org/app:ref:main\n',
    'x\nrepo:org/app:ref:main',
    'repo:org/App:ref:main',
    'repo:org/ａpp:ref:main',
    'repo:org/app/:ref:main',
    'evil/repo:org/app:ref:main',
  ]) {
    assert.equal(isTrue(condition, { sub }), false, sub);
  }
  assert.equal(problemOf(condition, { sub: 7 }), 'subject.claims.sub is of type double, not string');
  for (const [text, column, message] of [
    ['subject.claims.sub.matches("^(a$")', 28, /missing closing \)/],
    ['subject.claims.sub.matches("^(?=a)$")', 28, /invalid or unsupported Perl syntax/],
    ['subject.claims.sub.matches(subject.claims.pattern)', 28, /must be a string in quotes/],
    ['subject.claims.sub.matches("^" + subject.issuer)', 28, /must be a string in quotes/],
    ['subject.claims.sub.matches("^(a{500}){2}$")', 28, /too large/],
    [`subject.claims.sub.matches("${'a{0,1000}'.repeat(300)}")`, 28, /too large/],
    [`subject.claims.sub.matches("${'(?:a*){1000}'.repeat(200)}")`, 28, /too large/],
    ['subject.claims.sub.matches("((a{30}){30}){9}")', 28, /too large/],
    ['subject.claims.sub.matches("(a{100}){50,}")', 28, /too large/],
    ['subject.claims.sub.matches(r"\\pL{500}")', 28, /too large/],
    [`subject.claims.sub.matches(r"[${'\\pL'.repeat(200)}]")`, 28, /too large/],
  ] as const) {
    const fault = faultOf(text);
    assert.deepEqual([fault.line, fault.column], [1, column], `${text}: ${fault.message}`);
    assert.match(fault.message, message);
  }
});

test('warns about a pattern that is not anchored', () => {
  const warningsOf = (pattern: string) => compileCondition(`subject.issuer.matches(r"${pattern}")`, VARIABLES).warnings;
  for (const pattern of [
    '^a$',
    '^(a|b)$',
    '(^a|^b)$',
    '(?i)^a$',
    '(?:^a$|^b$)',
    String.raw`\Aa\z`,
    String.raw`^a\.b[$^|(]\Q(|\E$`,
    '^[]|]$',
    '^$',
    '(^a)(b|c)$',
    '(?s)^a$',
    '(?-m)^a$',
    '^((a)b$)',
    '^[[:alpha:]|]$',
    '^[[:^alpha:]|]$',
    String.raw`^[\]|]$`,
    String.raw`^\*a$`,
    '(?<n>^a$)',
    '(?P<name>^a$)',
    '(?i:^a$)',
  ]) {
    assert.deepEqual(warningsOf(pattern), [], pattern);
  }
  for (const pattern of [
    'a',
    '^a',
    'a$',
    '^a|b$',
    '^a$|b',
    '(^a|b)$',
    '(?m)^a$',
    '(^a)?b$',
    String.raw`^a\$`,
    '^a[$]',
    '^a$?',
    '',
    '^a(b$)?',
    '.*',
    '^',
    '^*a$',
    String.raw`^\Q$`,
    '(?im)^a$',
    '(?m:^a$)',
    '(?i)^a|^b$',
    'a^b$',
    '^a$|^b',
    '^((a)|b$)',
    '(^(a)b)?c$',
    '(^(?:a)b)?c$',
    '^(a)|b$',
  ]) {
    assert.match(warningsOf(pattern).join(), /is not anchored/, pattern);
  }
});

test('lists the members that it reads, so that the audit row records only those', () => {
  const text =
    'subject.claims.groups.exists(g, g == actor.claims["https://x/team"] && g != "") && chain[0].sub == "agent" ' +
    '&& has(subject.claims.a.b) && subject.claims.tenant.matches("^a$") && subject.claims.tenant != "b"';
  const condition = compileCondition(text, VARIABLES);
  assert.deepEqual(condition.reads, [
    'subject.claims.groups',
    'actor.claims["https://x/team"]',
    'chain',
    'subject.claims.a.b',
    'subject.claims.tenant',
  ]);
});

test('searches lists of thousands of items and texts as long as a token', () => {
  const groups = (length: number) => ({ list: Array.from({ length }, (_, index) => `group-${index}`) });
  const named = (length: number) => ({ list: Object.fromEntries(groups(length).list.map((name) => [name, 1])) });
  for (const text of [
    'subject.claims.list.all(x, x != "y")',
    '!subject.claims.list.exists(x, x == "y")',
    'subject.claims.list.map(x, x + "!").size() > 0',
    'subject.claims.list.filter(x, x == "y") == []',
    'subject.claims.list == subject.claims.list',
    'size(subject.claims.list) == 2000',
    '"group-1999" in subject.claims.list && !("y" in subject.claims.list)',
    'subject.claims.list.exists(x, x.startsWith("group-1999"))',
    'subject.claims.list.exists(x, x.matches("^group-1999$"))',
  ]) {
    for (const claims of [groups, named]) assert.equal(isTrue(text, claims(2000)), true, text);
  }
  for (const text of [
    'subject.claims.text.matches("^x*$")',
    'subject.claims.text.contains("xx")',
    'subject.claims.text.startsWith("xx")',
    'subject.claims.text.upperAscii() != "x"',
    'subject.claims.text.split(",").size() == 1',
    'size(subject.claims.text) > 5',
    'subject.claims.text + "" != "y"',
  ])
    assert.equal(isTrue(text, { text: 'x'.repeat(49_000) }), true, text);
});

/** Each takes more steps than a request has, on claims that fit into a token. */
const COSTLY = [
  'subject.claims.groups.exists(g, actor.claims.groups.exists(h, g == h || g.startsWith(h)))',
  'subject.claims.lists.all(x, actor.claims.lists.all(y, x == y))',
  'subject.claims.mixed.matches("^(a|b)*a(a|b){60}$")',
  'subject.claims.groups.map(x, subject.claims.groups.map(y, subject.claims.lists)) == []',
  'subject.claims.groups.map(x, subject.claims.long).join("") == ""',
  'subject.claims.commas.split(",").join(subject.claims.long) == ""',
  'subject.claims.groups.map(x, subject.claims.groups + subject.claims.groups) == []',
];

const costly = () => {
  const many = (prefix: string) => Array.from({ length: 2000 }, (_, index) => `${prefix}${index}`);
  const lists = Array.from({ length: 500 }, () => many('x').slice(0, 50));
  const claims = {
    ...{ groups: many('a'), lists, long: 'a'.repeat(40_000), mixed: 'ab'.repeat(20_000), commas: ','.repeat(40_000) },
    tiny: many('a').slice(0, 100),
  };
  return [claims, { groups: many('b'), lists, tiny: many('b').slice(0, 100) }] as const;
};

test('ends with "cannot tell" if the claims would make it too long', () => {
  const [claims, actor] = costly();
  for (const text of COSTLY) assert.match(untold(text, claims, actor), /takes? too long/, text);
  assert.deepEqual(evaluate('subject.claims.tiny.exists(g, actor.claims.tiny.exists(h, g == h))', claims, actor), {
    value: false,
  });
  assert.equal(ask('subject.claims.tiny.exists(g, g in actor.claims.groups)', claims, actor)[0], 'no');
});

/** Expressions with a part that cannot be told in every position. */
const AROUND: readonly ((one: string) => string)[] = [
  (one) => one,
  (one) => `!(${one})`,
  (one) => `!(!(${one}))`,
  (one) => `${one} || true`,
  (one) => `true && ${one}`,
  (one) => `${one} && false`,
  (one) => `false || ${one}`,
  (one) => `(${one}) || (${one}) || now > 1`,
  (one) => `${one} ? true : true`,
  (one) => `now > 1 ? ${one} : false`,
  (one) => `[1, 2].exists(i, ${one})`,
  (one) => `[1, 2].all(i, i == 1 || ${one})`,
  (one) => `![1, 2].all(i, ${one})`,
  (one) => `[1, 2].exists(i, i == 2 || ${one})`,
  (one) => `[1].filter(i, ${one}) == []`,
  (one) => `[1].map(i, ${one}) == [true]`,
  (one) => `[1].exists_one(i, ${one})`,
  (one) => `(${one}) == true || true`,
  (one) => `{"a": ${one}}["a"] || true`,
  (one) => `subject.claims.gone == 1 || ${one} || true`,
];

test('ends with "cannot tell" if any evaluated part cannot be told', () => {
  const [claims, actor] = costly();
  const elsewhere = { ...claims, _claim_names: { roles: 'src1' }, _claim_sources: { src1: { endpoint: 'https://x' } } };
  const marked = markElsewhere(elsewhere, 'subject');
  for (const wrap of AROUND) {
    for (const text of ['"admin" in subject.claims.roles', 'has(subject.claims.roles)', '"roles" in subject.claims'])
      assert.equal(untold(wrap(text), marked), 'the subject token only says where to ask for roles', wrap(text));
    const one = 'subject.claims.mixed.matches("^(a|b)*a(a|b){60}$")';
    assert.match(untold(wrap(one), claims, actor), /take too long/, wrap(one));
  }
});

test('ignores parts that are not evaluated, and keeps missing claims missing', () => {
  const marked = markElsewhere({ tenant: 'a', _claim_names: { roles: 'src1' } }, 'subject');
  assert.equal(isTrue('subject.claims.tenant == "a"', marked), true);
  assert.equal(isTrue('true || "x" in subject.claims.roles', marked), true);
  assert.equal(problemOf('false && "x" in subject.claims.roles', marked), '');
  assert.equal(problemOf('subject.claims.role == "x"', marked), 'subject.claims.role is missing');
  assert.equal(isTrue('!has(subject.claims.role)', marked), true);
});

test('recognizes claims kept elsewhere: by _claim_names, or by the group overage of Microsoft Entra', () => {
  const groups = '"x" in subject.claims.groups';
  const link = 'http://schemas.microsoft.com/claims/groups.link';
  const attribute = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups';
  const whole = ['size(subject.claims) > 0', 'subject.claims == {}', 'subject.claims.exists(n, n == "x")'];
  for (const claims of [
    { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.example' } } },
    { _claim_names: { groups: 'src1' }, groups: ['x'] },
    { _claim_sources: { src1: { endpoint: 'https://graph.example' } } },
    { _claim_names: 'groups' },
    { hasgroups: true },
    { hasgroups: 'true' },
  ]) {
    const marked = markElsewhere(claims, 'subject');
    for (const text of [groups, `!(${groups})`, 'subject.claims["groups"] == []', ...whole])
      assert.match(untold(text, marked), /only says where to ask for/, `${text} ${JSON.stringify(claims)}`);
    assert.equal(evaluate('subject.claims', marked).why, 'elsewhere');
    assert.equal(evaluate('[subject.claims]', marked).why, 'elsewhere');
    assert.equal(evaluate('{"all": subject.claims}', marked).why, 'elsewhere');
  }
  const assertion = markElsewhere(
    { nameId: 'ada', attributes: { mail: ['a@b'], [link]: ['https://graph'] } },
    'subject',
  );
  assert.match(untold(`"x" in subject.claims.attributes["${attribute}"]`, assertion), /only says where to ask/);
  assert.equal(isTrue('subject.claims.attributes.mail == ["a@b"]', assertion), true);
  for (const claims of [{ groups: ['x'] }, { groups: ['x'], hasgroups: false }, { groups: ['x'], _claim_names: {} }])
    assert.equal(isTrue(groups, markElsewhere(claims, 'subject')), true);
});

test('cannot tell what an assertion states in a form that cannot be read, and shows no text of a foreign token', () => {
  const facts = {
    attributes: { mail: ['a@b'] },
    unreadable: { nameId: 'name', attributes: { groups: 'elements', role: 'formats', 'urn:x': 'a secret' } },
  };
  // Refresh families remember the facts as JSON.
  const claims = markElsewhere(JSON.parse(JSON.stringify(facts)), 'subject');
  const problems = {
    'subject.claims.nameId == "ada"':
      'nameId of the subject token cannot be read: it does not name the subject permanently',
    '!("x" in subject.claims.attributes.groups)':
      'groups of the subject token cannot be read: a value holds elements, not text',
    'has(subject.claims.attributes.role)': 'role of the subject token cannot be read: it is stated in several formats',
    'subject.claims.attributes["urn:x"] == []': 'urn:x of the subject token cannot be read: its form is not known',
  };
  for (const [text, problem] of Object.entries(problems)) assert.equal(untold(text, claims), problem);
  assert.match(untold('subject.claims.attributes.size() == 1', claims), /groups .*; role .*; urn:x /);
  assert.equal(isTrue('subject.claims.attributes.mail == ["a@b"] && !has(subject.claims.other)', claims), true);
  const hidden = {
    attributes: {},
    unreadable: { attributes: { 'http://schemas.microsoft.com/claims/groups.link': 'elements' } },
  };
  assert.match(untold('"x" in subject.claims.attributes.groups', markElsewhere(hidden, 'subject')), /only says where/);
});

test('evaluates an expression with the maximum number of operators without a stack overflow', () => {
  const text = `now>1${'&&now>1'.repeat(245)}`;
  assert.equal(isTrue(text), true);
});
