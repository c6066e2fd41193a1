// What the audit keeps of a configuration file.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepClient, keepFile } from '../../src/config/kept.ts';

const keep = (value: unknown): unknown => keepFile(value, () => undefined);
const REDACTED = '[withheld]';

const cases: Readonly<Record<string, readonly [given: object, kept: object]>> = {
  'a secret in plain text, and keeps where another comes from': [
    {
      clients: [
        { id: 'a', secret: { plain: 'hunter2' } },
        { id: 'b', secret: [{ env: 'B_SECRET' }, { file: 'b.secret' }, { sha256: 'A'.repeat(43) }] },
        { id: 'c', secret: 'hunter2' },
        { id: 'd', secret: { file: 'd.secret', plain: 'hunter2' } },
      ],
    },
    {
      clients: [
        { id: 'a', secret: { plain: REDACTED } },
        { id: 'b', secret: [{ env: 'B_SECRET' }, { file: 'b.secret' }, { sha256: REDACTED }] },
        { id: 'c', secret: REDACTED },
        { id: 'd', secret: { file: REDACTED, plain: REDACTED } },
      ],
    },
  ],
  'the password and the options of the database': [
    { store: 'postgres://cambio:hunter2@db.example:5432/cambio?sslmode=verify-full&password=hunter2' },
    { store: 'postgres://cambio@db.example:5432/cambio' },
  ],
  'the password of a replica': [
    {
      store: {
        url: 'postgres://cambio:hunter2@db.example/cambio',
        replica: 'postgres://ro:hunter2@copy.example/cambio',
      },
    },
    { store: { url: 'postgres://cambio@db.example/cambio', replica: 'postgres://ro@copy.example/cambio' } },
  ],
  'a database that is not a URL': [{ store: 'hunter2' }, { store: REDACTED }],
  'the sealing key': [{ sealingKey: [{ plain: 'a2V5' }] }, { sealingKey: [{ plain: REDACTED }] }],
  'passwords and tokens in other URLs': [
    {
      issuers: [
        { issuer: 'https://ada:hunter2@idp.example', jwksUri: 'https://idp.example/keys?tenant=a&api_key=hunter2' },
      ],
    },
    {
      issuers: [
        {
          issuer: 'https://ada:[withheld]@idp.example',
          jwksUri: 'https://idp.example/keys?tenant=a&api_key=[withheld]',
        },
      ],
    },
  ],
  'the path and the headers of a sink': [
    {
      audit: {
        stream: [
          { type: 'stdout' },
          {
            type: 'webhook',
            url: 'https://hooks.example/T0/B0/hunter2',
            headers: { Authorization: { plain: 'hunter2' } },
          },
        ],
      },
    },
    {
      audit: {
        stream: [
          { type: 'stdout' },
          { type: 'webhook', url: 'https://hooks.example/[withheld]', headers: { Authorization: { plain: REDACTED } } },
        ],
      },
    },
  ],
  'the private members of a key': [
    { clients: [{ id: 'a', jwks: { keys: [{ kty: 'EC', x: 'x', d: 'hunter2' }] } }] },
    { clients: [{ id: 'a', jwks: { keys: [{ kty: 'EC', x: 'x', d: REDACTED }] } }] },
  ],
  'people: of accounts it keeps their number': [
    { accounts: [{ username: 'ada', password: { plain: 'hunter2' }, claims: { email: 'ada@example.com' } }] },
    { accounts: 1 },
  ],
  'tests of rules, which contain claims of people and decide nothing': [
    { rules: [{ name: 'a', client: 'gateway', tests: [{ subject: { claims: { sub: 'ada' } }, expect: 'allowed' }] }] },
    { rules: [{ name: 'a', client: 'gateway' }] },
  ],
  'what it does not know': [
    { clients: [{ id: 'a', pasword: 'hunter2' }], hunter: { secret: 'hunter2' }, log: 'hunter2' },
    { clients: [{ id: 'a', pasword: REDACTED }], hunter: REDACTED, log: REDACTED },
  ],
};

for (const [what, [given, kept]] of Object.entries(cases))
  test(`leaves out ${what}`, () => {
    assert.deepEqual(JSON.parse(JSON.stringify(keep(given))), kept);
  });

test('keeps what decides: rules, clients, and the digest of a certificate that is trusted', () => {
  const rules = [
    {
      name: 'a',
      client: ['x', 'y'],
      when: 'subject.claims.tenant == "a"',
      grant: { audiences: ['b'], scopes: { r: ['s'] } },
    },
    { effect: 'deny', audiences: ['b'], because: 'closed' },
  ];
  assert.deepEqual(keep({ rules }), { rules });
  const saml = { issuers: [{ saml: 'urn:idp', certificates: ['idp.pem'] }] };
  const one = keepFile(saml, () => Buffer.from('certificate'));
  assert.match(JSON.stringify(one), /"idp\.pem \(SHA-256 [0-9a-f]{64}\)"/);
  assert.notDeepEqual(
    one,
    keepFile(saml, () => Buffer.from('another')),
  );
});

test('keeps an entry of a registered client with the ids of its secrets, and an image as its digest', () => {
  const kept = keepClient({ auth: 'client_secret_post', logo: `data:image/png;base64,${'A'.repeat(8000)}` }, ['one']);
  assert.match(String(kept.logo), /^SHA-256 [0-9a-f]{64}$/);
  assert.deepEqual([kept.auth, kept.secrets], ['client_secret_post', ['one']]);
});
