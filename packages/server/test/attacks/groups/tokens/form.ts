// The text of a token: one serialization, one reading, one signature, no encryption.
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { base64url } from '../../../support/harness.ts';
import type { Claims, FakeKey } from '../../../support/issuer.ts';
import type { Case } from '../../group.ts';
import { named, type Origin, tryTokens, type World } from './world.ts';

const textOf = (token: string): string => Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
const handMade = (header: Claims): string => `${base64url(JSON.stringify(header))}.AA.AAAA.AAAA.AAAA`;

/** The order of P-256. */
const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');

/** The same signature in other encodings, and signatures that no key produces. */
function forgeries(signature: Buffer): Record<string, Buffer> {
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
  const zero = Buffer.alloc(32);
  const integer = (value: Buffer): Buffer => Buffer.concat([Buffer.from([2, 33, 0]), value]);
  return {
    'all zero': Buffer.alloc(64),
    'all ones': Buffer.alloc(64, 0xff),
    'r is zero': Buffer.concat([zero, s]),
    's is zero': Buffer.concat([r, zero]),
    'r is the order': Buffer.concat([ORDER, s]),
    's is the order': Buffer.concat([r, ORDER]),
    'r and s exchanged': Buffer.concat([s, r]),
    DER: Buffer.concat([Buffer.from([0x30, 70]), integer(r), integer(s)]),
    '63 bytes': signature.subarray(0, 63),
    '63 bytes, the last': signature.subarray(1),
    '65 bytes': Buffer.concat([signature, Buffer.alloc(1)]),
    '65 bytes, zero first': Buffer.concat([Buffer.alloc(1), signature]),
    '65 bytes, zero between': Buffer.concat([r, Buffer.alloc(1), s]),
    '96 bytes': Buffer.concat([signature, zero]),
  };
}

/** Other encodings of a valid token, and texts that are not tokens. */
function serializations(good: string): Record<string, string> {
  const [header = '', payload = '', signature = ''] = good.split('.');
  // The last character of 64 bytes has four unused bits.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet[alphabet.indexOf(signature.at(-1) ?? '') + 1];
  const unprotected = { header: { alg: 'none' }, payload, signature };
  return {
    general: JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
    flattened: JSON.stringify({ payload, protected: header, header: { alg: 'ES256' }, signature }),
    'flattened, alg unprotected': JSON.stringify(unprotected),
    'general, alg unprotected': JSON.stringify({ payload, signatures: [{ header: { alg: 'ES256' }, signature }] }),
    'detached payload': `${header}..${signature}`,
    'four parts': `${good}.`,
    'five parts': `${good}.${payload}.${signature}`,
    'an empty part first': `.${good}`,
    'no signature': `${header}.${payload}.`,
    'two parts': `${header}.${payload}`,
    padded: `${good}==`,
    'padded header': `${header}=.${payload}.${signature}`,
    'a line break': `${good}\n`,
    'a line break within': `${header}.${payload.slice(0, 4)}\n${payload.slice(4)}.${signature}`,
    'a blank before': ` ${good}`,
    'a scheme before': `Bearer ${good}`,
    'bits that no encoder sets': `${good.slice(0, -1)}${last}`,
    'standard base64': `${header}.${payload.replace(/[A-Z]/, '+')}.${signature}`,
    'longer than 64 KiB': `${header}.${payload}${'A'.repeat(70_000)}.${signature}`,
    'no token at all': 'x'.repeat(70_000),
  };
}

/** Texts that parsers read differently, or that are not objects. */
function texts(text: string): readonly (string | Uint8Array)[] {
  const within = (member: string): string => `${text.slice(0, -1)},${member}}`;
  const members = ['"sub":"admin"', '"s\\u0075b":"admin"', '"x":{"a":1,"a":2}', '"x":NaN', '"x":Infinity', '"x":01'];
  const comments = ['"x":1 // comment', '"x":/* */1', "'x':1", '"x":1,', '"x":"\t"', 'x:1', '"x":0x1', '"x":.5'];
  const others = [`\ufeff${text}`, `[${text}]`, JSON.stringify(text), 'null', '1', 'true', '', `${text}${text}`];
  const encoded = [Buffer.from(text, 'utf16le'), Buffer.from(within('"x":"\xff"'), 'latin1')];
  return [...[...members, ...comments].map(within), ...others, ...encoded];
}

export const form = {
  J09: async (world, trial) => {
    const headers: readonly Claims[] = [
      { crit: ['https://unknown.example'], 'https://unknown.example': true },
      { crit: [] },
      { crit: 'exp' },
      { crit: { 0: 'exp', length: 1 } },
      { crit: null },
      { crit: ['alg'] },
      { crit: ['kid'] },
      { crit: ['exp'], exp: 1 },
      { crit: ['b64'], b64: false },
      { crit: ['b64'], b64: true },
    ];
    for (const origin of [world.ours, world.theirs]) {
      const tokens = named(headers, (header) => origin.sign({}, header as Claims));
      await tryTokens(world, trial, origin, tokens, ['critical_header'], [origin.sign({}, { 'x-unknown': true })]);
    }
  },

  J10: async (world, trial) => {
    const { ours, theirs } = world;
    for (const origin of [ours, theirs]) {
      const good = origin.sign();
      await tryTokens(world, trial, origin, serializations(good), ['malformed'], [good]);
      const bare = named([{ b64: false }, { b64: true }], (header) => origin.sign({}, header as Claims));
      await tryTokens(world, trial, origin, bare, ['critical_header']);
    }
    // RFC 7797 as intended: the payload itself is signed, detached or attached.
    const [key] = world.idp.keys as [FakeKey];
    const head = base64url(JSON.stringify({ alg: 'ES256', kid: key.kid, b64: false, crit: ['b64'] }));
    const payload = textOf(theirs.sign());
    const how = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    const signature = base64url(sign('sha256', Buffer.from(`${head}.${payload}`), how));
    const unencoded = { detached: `${head}..${signature}`, unencoded: `${head}.${payload}.${signature}` };
    await tryTokens(world, trial, theirs, unencoded, ['malformed', 'critical_header']);
  },

  J11: async (world, trial) => {
    for (const origin of [world.ours, world.theirs]) {
      const good = origin.sign();
      const [header, payload, signature = ''] = good.split('.');
      const tokens = Object.entries(forgeries(Buffer.from(signature, 'base64url'))).map(([what, forged]) => [
        what,
        `${header}.${payload}.${base64url(forged)}`,
      ]);
      await tryTokens(world, trial, origin, Object.fromEntries(tokens), ['signature'], [good]);
    }
  },

  J13: async (world, trial) => {
    for (const origin of [world.ours, world.theirs]) {
      const good = origin.sign();
      const text = textOf(good);
      const header = Buffer.from(good.split('.')[0] ?? '', 'base64url').toString();
      const inHeader = (member: string): string => `${header.slice(0, -1)},${member}}`;
      const headers = ['"kid":"x"', `"kid":"${origin.kid}"`, '"alg":"none"', '"x":NaN', '"x":1,', '"x":1 // x'];
      const tokens = Object.fromEntries([
        ...texts(text).map((payload, index) => [`payload ${index}, ${payload}`.slice(-60), origin.signText(payload)]),
        ...[...headers.map(inHeader), `\ufeff${header}`, `[${header}]`, 'null', '"x"', ''].map((head) => [
          `header ${head}`.slice(-60),
          origin.signText(text, head),
        ]),
      ]);
      const blanks = ` ${text.slice(0, -1)},"x":{"a":1,"b":{"a":2}},"y":"é"}\n`;
      await tryTokens(world, trial, origin, tokens, ['malformed'], [good, origin.signText(blanks)]);
    }
  },

  J38: async (world, trial) => {
    for (const origin of [world.ours, world.theirs]) {
      const good = origin.sign();
      const withNumber = (number: string): string => `${textOf(good).slice(0, -1)},"uid":${number}}`;
      const numbers = ['9007199254740993', '9007199254740992', '-9007199254740993', '1e400', '1e22', '1e-400'];
      const all = [...numbers, '41.99999999999999999999', '[{"id":9007199254740993}]', '12345678901234567890123'];
      const tokens = Object.fromEntries(all.map((number) => [number, origin.signText(withNumber(number))]));
      const header = Buffer.from(good.split('.')[0] ?? '', 'base64url').toString();
      tokens['in the header'] = origin.signText(textOf(good), `${header.slice(0, -1)},"x":9007199254740993}`);
      const exact = ['9007199254740991', '-9007199254740991', '-0', '1E2', '0.1'].map(withNumber);
      await tryTokens(
        world,
        trial,
        origin,
        tokens,
        ['malformed'],
        [good, ...exact.map((text) => origin.signText(text))],
      );
    }
  },

  J28: async (world, trial) => {
    const { server } = world;
    const answer = await fetch(`${server.issuer}/.well-known/jwks.json`);
    const { keys } = (await answer.json()) as { keys: JWK[] };
    const key = await importJWK({ ...keys[0], use: 'enc', alg: 'ECDH-ES' }, 'ECDH-ES');
    const encrypt = (text: string, header: Claims): Promise<string> =>
      new CompactEncrypt(Buffer.from(text))
        .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A128GCM', ...header })
        .encrypt(key);
    for (const origin of [world.ours, world.theirs]) {
      const good = origin.sign();
      const unsigned = `${base64url('{"alg":"none"}')}.${good.split('.')[1]}.`;
      const tokens = {
        'an unsigned token': await encrypt(unsigned, { cty: 'JWT', kid: keys[0]?.kid }),
        'claims alone': await encrypt(textOf(good), { typ: 'at+jwt', kid: keys[0]?.kid }),
        'a signed token': await encrypt(good, { cty: 'JWT' }),
      };
      await tryTokens(world, trial, origin, tokens, ['malformed'], [good]);
    }
  },

  J29: async (world, trial) => {
    const enc = 'A128GCM';
    const p2s = 'AAAA';
    const headers: readonly Claims[] = [
      ...[2 ** 31, 2 ** 31 - 1].map((p2c) => ({ alg: 'PBES2-HS256+A128KW', p2c, p2s, enc })),
      ...['dir', 'RSA1_5', 'RSA-OAEP', 'ECDH-ES', 'A128KW'].map((alg) => ({ alg, enc, zip: 'DEF' })),
      { alg: 'dir', enc },
      { alg: 'RSA1_5', enc: 'A128CBC-HS256' },
      { alg: 'dir', enc: 'unknown' },
    ];
    for (const origin of [world.ours, world.theirs]) {
      const { kid } = origin;
      const tokens = named(headers, (header) => handMade({ ...(header as Claims), kid }));
      await tryTokens(world, trial, origin, tokens, ['malformed']);
    }
  },

  J30: async (world, trial) => {
    for (const origin of [world.ours, world.theirs]) {
      const tokens = nest(origin);
      assert.equal(Object.keys(tokens).length, 5);
      tokens['as a JSON string'] = origin.signText(JSON.stringify(origin.sign()), { cty: 'JWT' });
      await tryTokens(world, trial, origin, tokens, ['malformed']);
    }
  },
} as const satisfies Readonly<Record<string, Case<World>>>;

/** A valid token inside a signed token, five levels deep, with all levels. */
function nest({ sign: signGood, signText }: Origin): Record<string, string> {
  const tokens: Record<string, string> = {};
  let token = signGood();
  for (let layer = 1; layer <= 5; layer++) {
    token = signText(token, { cty: 'JWT' });
    tokens[`${layer} layers`] = token;
  }
  return tokens;
}
