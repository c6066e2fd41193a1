// The addresses that outgoing requests may reach: no private one, in any notation or translation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mayConnect, urlProblem } from '../../src/outbound/address.ts';

const PUBLIC = ['8.8.8.8', '1.1.1.1', '93.184.216.34', '172.15.255.255', '172.32.0.0', '100.63.255.255', '100.128.0.0'];
const PUBLIC_V6 = ['2606:4700:4700::1111', '2a00:1450:4001::8a', '2620:fe::fe', '2001:4860:4860::8888'];

/** From the IANA special-purpose registries: the first and the last of each range, and addresses that map or translate to one. */
const SPECIAL = [
  ...['0.0.0.0', '0.255.255.255', '10.0.0.0', '10.255.255.255', '100.64.0.0', '100.127.255.255', '169.254.0.0'],
  ...['169.254.169.254', '172.16.0.0', '172.31.255.255', '192.0.0.0', '192.0.0.255', '192.0.2.1', '192.88.99.1'],
  ...['192.168.0.0', '192.168.255.255', '198.18.0.0', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1'],
  ...['239.255.255.255', '240.0.0.0', '255.255.255.255'],
  ...[
    '::',
    '::10.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '::ffff:169.254.169.254',
    '::ffff:8.8.8.8',
    '::ffff:0:10.0.0.1',
  ],
  ...[
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:0:4136:e378::1',
    '2001:10::1',
  ],
  ...['2001:20::1', '2001:1ff::1', '2001:db8::1', '2002:a00:1::1', '2002:7f00:1::', '3fff::1', '4000::1', '5f00::1'],
  ...['fc00::1', 'fd12:3456:789a::1', 'fdff:ffff::1', 'fe80::1', 'febf::1', 'fec0::1', 'ff00::1', 'ff02::1'],
];
const LOOPBACK = ['127.0.0.1', '127.0.0.0', '127.255.255.255', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1'];

test('reaches only public addresses, unless the entry allows private networks', () => {
  for (const address of [...PUBLIC, ...PUBLIC_V6]) {
    assert.deepEqual([mayConnect(address, 'public'), mayConnect(address, 'private')], [true, true], address);
  }
  for (const address of [...SPECIAL, ...LOOPBACK]) {
    assert.deepEqual([mayConnect(address, 'public'), mayConnect(address, 'private')], [false, true], address);
  }
});

test('reaches only loopback with plain HTTP, even if private networks are allowed', () => {
  for (const address of LOOPBACK) assert.equal(mayConnect(address, 'loopback'), true, address);
  for (const address of [...PUBLIC, ...PUBLIC_V6, ...SPECIAL])
    assert.equal(mayConnect(address, 'loopback'), false, address);
});

test('refuses text that is not an address', () => {
  const others = ['', 'localhost', '127.1', '0x7f000001', '2130706433', '1.2.3.4.5', '[::1]', '8.8.8.8:80', ' 8.8.8.8'];
  for (const text of others) {
    for (const reach of ['public', 'loopback', 'private'] as const) assert.equal(mayConnect(text, reach), false, text);
  }
});

test('refuses every private IPv4 address in each form in which IPv6 can write or translate it', () => {
  const privateAddress = fc.oneof(
    fc.tuple(fc.constant(10), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(127), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(192), fc.constant(168), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(169), fc.constant(254), fc.nat(255), fc.nat(255)),
  );
  fc.assert(
    fc.property(privateAddress, ([a, b, c, d]) => {
      const dotted = `${a}.${b}.${c}.${d}`;
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      const forms = [
        dotted,
        `::${dotted}`,
        `::ffff:${dotted}`,
        `::ffff:${hex}`,
        `::ffff:0:${hex}`,
        `64:ff9b::${hex}`,
        `2002:${hex}::1`,
      ];
      for (const form of forms) assert.equal(mayConnect(form, 'public'), false, form);
    }),
  );
});

test('accepts https URLs, and http on loopback under allowPrivateNetwork, by their text alone before any lookup (JW-17)', () => {
  const rows: readonly (readonly [url: string, forPublic: boolean, forPrivate: boolean])[] = [
    ['https://idp.example.com', true, true],
    ['https://idp.example.com:8443/a/b?c=d', true, true],
    ['https://8.8.8.8/', true, true],
    ['https://[2606:4700:4700::1111]/', true, true],
    ['https://10.0.0.1/', false, true],
    ['https://127.0.0.1/', false, true],
    ['https://0x7f.1/', false, true],
    ['https://2130706433/', false, true],
    ['https://0177.0.0.1/', false, true],
    ['https://127.0.0.1./', false, true],
    ['https://[::1]/', false, true],
    ['https://[::ffff:127.0.0.1]/', false, true],
    ['https://[::ffff:7f00:1]/', false, true],
    ['https://169.254.169.254/latest/meta-data', false, true],
    ['https://１２７.0.0.1/', false, true],
    ['http://127.0.0.1:8080/', false, true],
    ['http://[::1]:8080/', false, true],
    ['http://localhost:8080/', false, true],
    ['http://idp.example.com/', false, false],
    ['http://10.0.0.1/', false, false],
    ['http://8.8.8.8/', false, false],
    ['http://localhost.example.com/', false, false],
    ['http://0.0.0.0/', false, false],
    ['https://user@idp.example.com/', false, false],
    ['https://user:secret@idp.example.com/', false, false],
    ['https://idp.example.com/#a', false, false],
    ['file:///etc/passwd', false, false],
    ['data:application/json,{}', false, false],
    ['gopher://idp.example.com/', false, false],
    ['ftp://idp.example.com/', false, false],
    ['//idp.example.com/', false, false],
    ['idp.example.com', false, false],
    ['', false, false],
  ];
  for (const [url, forPublic, forPrivate] of rows) {
    const may = [urlProblem(url, 'public') === undefined, urlProblem(url, 'private') === undefined];
    assert.deepEqual(may, [forPublic, forPrivate], url);
  }
});
