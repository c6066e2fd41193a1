// Accounts of the configuration: their entries, their passwords, and the limits on guessing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { Refusal } from '../../src/primitives/refusal.ts';
import { createAccounts } from '../../src/sign-in/accounts.ts';
import { formatPasswordHash, hashPassword, isPassword, parsePasswordHash } from '../../src/sign-in/password-hash.ts';
import { createPasswordRateLimit } from '../../src/sign-in/password-rate-limit.ts';
import { cambio } from '../support/command.ts';

/** "password" with the salt "somesalt": a vector of the reference implementation of argon2. */
const REFERENCE = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

const read = async (accounts: readonly string[], more = '', server = '') => {
  const lines = [
    'issuer: https://login.example',
    server,
    'accounts:',
    ...accounts.map((one) => `  - { ${one} }`),
    more,
  ];
  try {
    const text = lines.filter((line) => line !== '').join('\n');
    return (await parseConfiguration(text, { file: 'cambio.yaml', environment: {} })).accounts;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.faults.map(({ line, path, message }) => `${line} ${path} ${message}`);
  }
};

test('reads an account with its name, password and claims', async () => {
  const [ada, bob] = await read([
    `username: ada, password: { hash: '${REFERENCE}' }, claims: { email: ada@example.com, groups: [a, b] }`,
    'username: Bob Smith, password: { plain: bob }, sub: b-17',
  ]);
  assert.ok(typeof ada === 'object' && typeof bob === 'object');
  assert.deepEqual([ada.sub, ada.claims], ['ada', { email: 'ada@example.com', groups: ['a', 'b'] }]);
  assert.deepEqual([bob.username, bob.sub], ['Bob Smith', 'b-17']);
  assert.equal(formatPasswordHash(ada.password), REFERENCE);
  assert.deepEqual(
    [await isPassword('password', ada.password), await isPassword('Password', ada.password)],
    [true, false],
  );
  assert.deepEqual([await isPassword('bob', bob.password), await isPassword('ada', bob.password)], [true, false]);
});

test('refuses an account that could be mistaken for another account, a client or a foreign subject, with its line (AT-03, BC-01k)', async () => {
  const plain = 'password: { plain: x }';
  const more = `clients:
  - { id: gateway, auth: client_secret_post, secret: { plain: x }, grants: [client_credentials] }
  - { id: batch, auth: client_secret_post, secret: { plain: x }, grants: [client_credentials] }
issuers:
  - { issuer: https://idp.example, name: idp, accepts: [jwt], audiences: [a] }`;
  assert.deepEqual(
    await read(
      [
        `username: ada, ${plain}`,
        `username: ADA, ${plain}`,
        `username: bob, ${plain}, sub: ada`,
        `username: gateway, ${plain}`,
        `username: carol, ${plain}, sub: batch`,
        `username: dan, ${plain}, sub: 'idp:17'`,
        `username: eve, ${plain}, claims: { sub: root, email: e@example.com, act: { sub: ada } }`,
        `username: henry, ${plain}, sub: 'other:17'`,
      ],
      more,
    ),
    [
      '4 accounts[ADA].username another account has the username "ADA", as people type it. Give each account its own.',
      '5 accounts[bob].sub another account has the subject "ada". Give each account its own.',
      '6 accounts[gateway].username a client has the id "gateway" too, and tokens could not tell them apart. Rename one of them.',
      '7 accounts[carol].sub a client has the id "batch" too, and tokens could not tell them apart. Rename one of them.',
      '8 accounts[dan].sub "idp:17" could be a subject of the issuer idp, whose subjects begin with idp: here. Write a name that begins in another way.',
      '9 accounts[eve].claims.sub sub is a claim that only this server sets. Remove it, or use another name.',
      '9 accounts[eve].claims.act act is a claim that only this server sets. Remove it, or use another name.',
    ],
  );
  assert.deepEqual(
    await read([`username: ' ada', ${plain}`, 'username: bob', `username: carol, ${plain}, colour: blue`]),
    [
      '3 accounts[0].username " ada" is not a user name. Write a printable text of 1 to 256 characters.',
      "4 accounts[bob].password is missing. Write { hash: '$argon2id$…' }, as cambio accounts hash-password prints it.",
      '5 accounts[carol].colour unknown key. Known here: username, password, sub, claims.',
    ],
  );
});

test('requires a strong hash of limited cost as password; a plain one is for loopback only', async () => {
  const fault = async (hash: string) => (await read([`username: ada, password: { hash: '${hash}' }`]))[0];
  const [salt, tag] = ['c29tZXNhbHQ', 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'];
  const withCost = (cost: string) => `$argon2id$v=19$${cost}$${salt}$${tag}`;
  const refused: readonly (readonly [string, RegExp])[] = [
    ['secret', /must be \$argon2id/],
    ['$2b$12$abcdefghijklmnopqrstuv', /must be \$argon2id/],
    [REFERENCE.replace('argon2id', 'argon2i'), /must be \$argon2id/],
    [REFERENCE.replace('v=19', 'v=16'), /must be \$argon2id/],
    [`${REFERENCE}=`, /must be \$argon2id/],
    [REFERENCE.replace(salt, 'c29tZXM'), /salt of 8 bytes/],
    [REFERENCE.replace(salt, `${salt}x`.slice(0, 9)), /not base64/],
    [withCost('m=4096,t=3,p=1'), /too weak/],
    [withCost('m=19456,t=1,p=1'), /too weak/],
    [withCost('m=1048576,t=2,p=1'), /costs too much/],
    [withCost('m=65536,t=600,p=1'), /costs too much/],
    [withCost('m=65536,t=2,p=64'), /costs too much/],
  ];
  for (const [hash, expected] of refused) assert.match(String(await fault(hash)), expected, hash);
  for (const cost of ['m=19456,t=2,p=1', 'm=7168,t=5,p=1', 'm=47104,t=1,p=1']) {
    assert.equal(typeof parsePasswordHash(withCost(cost)), 'object', cost);
  }
  const plain = ['username: ada, password: { plain: ada }'];
  assert.equal(typeof (await read(plain))[0], 'object');
  const server = 'server: { host: 0.0.0.0, trustProxy: [10.0.0.1] }';
  assert.match(
    String((await read(plain, '', server))[0]),
    /^4 accounts\[ada\]\.password .*cambio accounts hash-password/,
  );
});

test('cambio accounts hash-password reads a password, never from its arguments, and prints its hash for the file', async (t) => {
  const [good, empty, argument] = await Promise.all([
    cambio(t, ['account', 'hash'], { input: 'pässword\n' }),
    cambio(t, ['account', 'hash'], { input: '\n' }),
    cambio(t, ['account', 'hash', 'secret'], { input: 'secret' }),
  ]);
  const hash = parsePasswordHash(good.stdout.trim());
  assert.ok(typeof hash === 'object', good.stdout);
  // Both Unicode forms of the umlaut.
  for (const form of ['NFC', 'NFD']) assert.equal(await isPassword('pässword'.normalize(form), hash), true, form);
  assert.equal(await isPassword('passwort', hash), false);
  assert.deepEqual([empty.code, empty.stdout, empty.stderr], [1, '', 'cambio: the password is empty\n']);
  assert.deepEqual([argument.code, argument.stdout], [2, '']);
});

test('accepts a password for its own account only, ignoring the case of the username', async () => {
  const password = await hashPassword('ada');
  const ada = { username: 'Ada', sub: 'ada', claims: {}, password };
  const accounts = createAccounts(
    [ada],
    createPasswordRateLimit(() => 0),
  );
  for (const typed of ['Ada', 'ada', ' ADA ']) assert.equal(await accounts.verify(typed, 'ada', '192.0.2.1'), ada);
  for (const [name, text] of [
    ['ada', 'Ada'],
    ['ada', ''],
    ['bob', 'ada'],
    ['', ''],
  ] as const) {
    assert.equal(await accounts.verify(name, text, '192.0.2.1'), undefined);
  }
  assert.equal(
    await createAccounts(
      [],
      createPasswordRateLimit(() => 0),
    ).verify('ada', 'ada', '192.0.2.1'),
    undefined,
  );
  assert.deepEqual([await accounts.find('ada'), await accounts.find('Ada')], [ada, undefined]);
});

test('refuses more concurrent passwords than it can verify in time, and recovers', async () => {
  const password = { memory: 8, passes: 1, parallelism: 1, salt: Buffer.alloc(8), tag: Buffer.alloc(32) };
  const ada = { username: 'ada', sub: 'ada', claims: {}, password };
  const accounts = createAccounts(
    [ada],
    createPasswordRateLimit(() => 0),
  );
  const tries = Array.from({ length: 60 }, (_, index) => accounts.verify(`ada`, 'ada', `192.0.2.${index}`));
  const settled = await Promise.allSettled(tries);
  const refused = settled.filter((one) => one.status === 'rejected');
  assert.equal(refused.length, 18);
  for (const { reason } of refused) assert.equal((reason as Refusal).reason, 'sign_in_busy');
  assert.equal(await accounts.verify('ada', 'ada', '192.0.2.99'), undefined);
});

/** Makes a failed attempt. @returns seconds to wait; 0 if the attempt was made */
function tryOnce(
  passwordRateLimit: ReturnType<typeof createPasswordRateLimit>,
  username: string,
  address: string,
): number {
  try {
    passwordRateLimit.begin(username, address);
    return 0;
  } catch (error) {
    assert.ok(error instanceof Refusal && error.reason === 'sign_in_rate');
    return Number(error.headers['Retry-After']);
  }
}

test('doubles the wait with each failure, and not for another account or another address', () => {
  let now = 0;
  const passwordRateLimit = createPasswordRateLimit(() => now);
  const waits: number[] = [];
  for (let count = 0; count < 18; count++) {
    const wait = tryOnce(passwordRateLimit, 'ada', '192.0.2.1');
    waits.push(wait);
    now += wait * 1000;
    if (wait > 0) assert.equal(tryOnce(passwordRateLimit, 'ada', '192.0.2.1'), 0);
  }
  assert.deepEqual(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  assert.equal(tryOnce(passwordRateLimit, 'ada', '192.0.2.2'), 0);
  assert.equal(tryOnce(passwordRateLimit, 'bob', '192.0.2.1'), 0);
  now += 900_000;
  passwordRateLimit.begin('ada', '192.0.2.1')();
  // A correct password resets the count.
  for (let count = 0; count < 5; count++) assert.equal(tryOnce(passwordRateLimit, 'ada', '192.0.2.1'), 0);
  assert.equal(tryOnce(passwordRateLimit, 'ada', '192.0.2.1'), 1);
});

test('makes an address that tries many accounts wait, and counts an IPv6 network as one address', () => {
  for (const address of [() => '192.0.2.1', (count: number) => `2001:db8:1:2::${count.toString(16)}`]) {
    const passwordRateLimit = createPasswordRateLimit(() => 0);
    for (let count = 0; count < 30; count++) {
      assert.equal(tryOnce(passwordRateLimit, `person${count}`, address(count)), 0);
    }
    assert.equal(tryOnce(passwordRateLimit, 'another', address(99)), 1);
    assert.equal(tryOnce(passwordRateLimit, 'another', '2001:db8:1:3::1'), 0);
  }
});

test('leaves one attempt to each other address while an account is attacked from many addresses', () => {
  let now = 0;
  const passwordRateLimit = createPasswordRateLimit(() => now);
  for (let count = 0; count < 500; count++) {
    assert.equal(tryOnce(passwordRateLimit, 'ada', `10.0.${count >> 8}.${count & 255}`), 0);
  }
  // An attacker's address must wait after its first failure.
  assert.equal(tryOnce(passwordRateLimit, 'ada', '10.0.0.1'), 60);
  assert.equal(tryOnce(passwordRateLimit, 'bob', '10.0.0.1'), 0);
  const isGood = passwordRateLimit.begin('ada', '192.0.2.1');
  isGood();
  assert.equal(tryOnce(passwordRateLimit, 'ada', '192.0.2.1'), 0);
  now += 3_600_000;
  // An hour later the count is reset.
  assert.deepEqual(
    [0, 1].map(() => tryOnce(passwordRateLimit, 'ada', '192.0.2.1')),
    [0, 0],
  );
});
