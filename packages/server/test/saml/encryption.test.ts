// Encrypted assertions, ids and attributes. Every refusal stands beside the twin that is accepted.
import assert from 'node:assert/strict';
import {
  constants,
  createCipheriv,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { test } from 'node:test';
import { DS, ENC, ENC11, SAML2 } from '../../src/saml/names.ts';
import { nameIn, read, refuses } from '../support/saml-check.ts';
import {
  assertion2,
  attribute2,
  contextFor,
  decrypting,
  element,
  identityProvider,
  none,
  sign,
  trustIn,
  type Xml,
} from '../support/saml-signer.ts';

const idp = identityProvider();
const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
const others = generateKeyPairSync('rsa', { modulusLength: 2048 });
const context = contextFor([trustIn(idp)], { decryptionKeys: [decrypting(ours.privateKey)] });
const signed = sign(assertion2(idp), idp.key);

/** How to encrypt; all else is good. */
interface Encrypting {
  readonly content?: string;
  readonly keyBytes?: number;
  readonly key?: KeyObject;
  readonly padding?: number;
  readonly oaepHash?: string;
  /** The EncryptionMethod of the key. */
  readonly wrapping?: Xml;
  readonly type?: string;
  readonly change?: (content: Buffer) => Buffer;
  /** Where the EncryptedKey stands. */
  readonly keyPlace?: 'inside' | 'beside';
  readonly cipherData?: Xml;
}

const method = (Algorithm: string, ...parts: readonly Xml[]) =>
  element('xenc:EncryptionMethod', { Algorithm }, ...parts);
const digest = (Algorithm: string) => element('ds:DigestMethod', { Algorithm });
const mask = (Algorithm: string) => element('e11:MGF', { 'xmlns:e11': ENC11, Algorithm });
const value = (bytes: Buffer) =>
  element('xenc:CipherData', {}, element('xenc:CipherValue', {}, bytes.toString('base64')));
const oaep11 = {
  oaepHash: 'sha256',
  wrapping: method(`${ENC11}rsa-oaep`, digest(`${ENC}sha256`), mask(`${ENC11}mgf1sha256`)),
} as const;

function encrypt(container: string, plain: string, is: Encrypting = {}): Xml {
  const secret = randomBytes(is.keyBytes ?? 32);
  const iv = randomBytes(12);
  const cipher = createCipheriv(secret.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm', secret, iv);
  const bytes = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const padding = is.padding ?? constants.RSA_PKCS1_OAEP_PADDING;
  const wrapped = publicEncrypt({ key: is.key ?? ours.publicKey, padding, oaepHash: is.oaepHash ?? 'sha1' }, secret);
  const key = element(
    'xenc:EncryptedKey',
    {},
    is.wrapping ?? method(`${ENC}rsa-oaep-mgf1p`, digest(`${DS}sha1`)),
    value(wrapped),
  );
  const inside = is.keyPlace !== 'beside';
  return element(
    `saml:${container}`,
    { 'xmlns:ds': DS, 'xmlns:saml': SAML2, 'xmlns:xenc': ENC },
    element(
      'xenc:EncryptedData',
      { Type: is.type ?? `${ENC}Element` },
      method(is.content ?? `${ENC11}aes256-gcm`),
      element('ds:KeyInfo', {}, inside ? key : none),
      is.cipherData ?? value(is.change?.(bytes) ?? bytes),
    ),
    inside ? none : key,
  );
}

const encrypted = (is?: Encrypting, plain = signed) => encrypt('EncryptedAssertion', plain, is).xml;

test('reads the identity from an encrypted assertion', async () => {
  const plain = await read(signed, context);
  const ways: readonly Encrypting[] = [
    {},
    { keyPlace: 'beside' },
    { content: `${ENC11}aes128-gcm`, keyBytes: 16 },
    { wrapping: method(`${ENC}rsa-oaep-mgf1p`) },
    oaep11,
  ];
  for (const way of ways) assert.deepEqual(await read(encrypted(way), context), plain);
});

test('verifies the decrypted assertion like any other (SA-40)', async () => {
  await read(encrypted(), context);
  const altered = encrypted({}, signed.replace('>ada<', '>eve<'));
  await refuses(altered, context, 'signature', /altered/);
  await refuses(encrypted({}, assertion2(idp)), context, 'signature', /not signed/);
  await refuses(encrypted({}, `<!DOCTYPE x>${signed}`), context, 'malformed', /DOCTYPE/);
  await refuses(encrypted({}, encrypted()), context, 'wrong_type', /EncryptedAssertion/);
  await refuses(encrypted({}, ''), context, 'malformed', /cannot be decrypted/);
  await refuses(encrypted(), { ...context, version: 'saml1' }, 'wrong_type', /EncryptedAssertion/);
});

test('decrypts with either of two keys, and refuses an encrypted assertion without a key', async () => {
  await read(encrypted(), { ...context, decryptionKeys: [decrypting(others.privateKey), decrypting(ours.privateKey)] });
  await read(encrypted(), { ...context, decryptionKeys: [decrypting(ours.privateKey), decrypting(others.privateKey)] });
  await refuses(encrypted(), { ...context, decryptionKeys: [] }, 'unknown_key', /no decryptionKey is configured/);
});

test('gives every failure after a key was used the same detail (SA-40)', async () => {
  await read(encrypted(), context);
  const flip = (at: number) => (bytes: Buffer) => {
    const changed = Buffer.from(bytes);
    changed[at < 0 ? bytes.length + at : at] = (changed.at(at) ?? 0) ^ 1;
    return changed;
  };
  const failures: readonly Encrypting[] = [
    { key: others.publicKey },
    { keyBytes: 16 },
    { content: `${ENC11}aes128-gcm` },
    { padding: constants.RSA_PKCS1_PADDING },
    { oaepHash: 'sha256' },
    { change: flip(0) },
    { change: flip(20) },
    { change: flip(-1) },
    // A tag cut to 4 and to 15 bytes, and a tag alone.
    { change: (bytes) => bytes.subarray(0, -12) },
    { change: (bytes) => bytes.subarray(0, -1) },
    { change: (bytes) => bytes.subarray(0, 28) },
    { change: (bytes) => bytes.subarray(0, 3) },
  ];
  for (const failure of failures) await refuses(encrypted(failure), context, 'malformed', /^it cannot be decrypted$/);
});

test('refuses algorithms with a padding oracle by name, before any key is used (SA-40)', async () => {
  await read(encrypted(), context);
  const contents = [`${ENC}aes256-cbc`, `${ENC}aes128-cbc`, `${ENC}tripledes-cbc`, `${ENC11}aes192-gcm`];
  for (const content of contents)
    await refuses(encrypted({ content }), context, 'algorithm', /of the content is not accepted/);
  const wrappings = [
    method(`${ENC}rsa-1_5`),
    method(`${ENC}rsa-oaep-mgf1p`, digest(`${ENC}sha256`)),
    method(`${ENC}rsa-oaep-mgf1p`, element('xenc:OAEPparams', {}, 'AAAA')),
    method(`${ENC11}rsa-oaep`),
    method(`${ENC11}rsa-oaep`, digest(`${ENC}sha256`)),
    method(`${ENC11}rsa-oaep`, digest(`${ENC}sha256`), mask(`${ENC11}mgf1sha1`)),
    method(`${ENC}kw-aes128`),
  ];
  for (const wrapping of wrappings)
    await refuses(encrypted({ wrapping }), context, 'algorithm', /of the key is not accepted/);
});

test('requires content by value, of one element, with one encrypted key', async () => {
  await read(encrypted(), context);
  const cipherData = element('xenc:CipherData', {}, element('xenc:CipherReference', { URI: 'http://127.0.0.1:9/' }));
  await refuses(encrypted({ cipherData }), context, 'malformed', /CipherData holds CipherReference/);
  await refuses(encrypted({ type: `${ENC}Content` }), context, 'malformed', /not Element/);
  const key = /<xenc:EncryptedKey>.*<\/xenc:EncryptedKey>/;
  await refuses(encrypted().replace(key, ''), context, 'malformed', /0 encrypted keys/);
  await refuses(encrypted().replace(key, '$&$&'), context, 'malformed', /2 encrypted keys/);
  await refuses(
    encrypted().replace('</saml:EncryptedAssertion>', `${signed}$&`),
    context,
    'malformed',
    /holds Assertion/,
  );
});

test('reads EncryptedID and EncryptedAttribute like their content', async () => {
  const name = element('saml:NameID', { 'xmlns:saml': SAML2 }, 'ada').xml;
  const mail = attribute2('mail', 'ada@example.org').xml.replace(' ', ` xmlns:saml="${SAML2}" `);
  const assertion = (id: string, attribute: string) =>
    sign(
      canonical({ nameId: encrypt('EncryptedID', id), attributes: encrypt('EncryptedAttribute', attribute) }),
      idp.key,
    );
  const identity = await read(assertion(name, mail), context);
  assert.deepEqual([nameIn(identity), identity.attributes.mail], ['ada', ['ada@example.org']]);
  await refuses(assertion(mail, mail), context, 'subject', /EncryptedID has no NameID/);
  await refuses(assertion(name, name), context, 'malformed', /does not hold an Attribute/);
  await refuses(assertion(name, '<!DOCTYPE x><x/>'), context, 'malformed', /DOCTYPE/);
  await refuses(assertion(name, mail), { ...context, decryptionKeys: [] }, 'unknown_key', /no decryptionKey/);
  await refuses(
    assertion(name, mail),
    { ...context, decryptionKeys: [decrypting(others.privateKey)] },
    'malformed',
    /cannot be decrypted/,
  );
});

test('uses a decryption key only for the issuers whose entries name it (SA-40)', async () => {
  const other = identityProvider('https://other.example/saml');
  const of = (...issuers: readonly string[]) =>
    contextFor([trustIn(idp), trustIn(other)], { decryptionKeys: [decrypting(ours.privateKey, ...issuers)] });
  const theirs = encrypted({}, sign(assertion2(other), other.key));
  const both = of(idp.entityId, other.entityId);
  assert.equal((await read(encrypted(), both)).issuer, idp.entityId);
  assert.equal((await read(theirs, both)).issuer, other.entityId);
  assert.equal((await read(encrypted(), of(idp.entityId))).issuer, idp.entityId);
  await refuses(theirs, of(idp.entityId), 'unknown_key', /entry of its issuer does not name/);
  await refuses(encrypted(), of(other.entityId), 'unknown_key', /entry of its issuer does not name/);
});

test('does not decrypt a part that another issuer encrypted (SA-40)', async () => {
  const other = identityProvider('https://other.example/saml');
  const name = element('saml:NameID', { 'xmlns:saml': SAML2 }, 'ada-as-idp-knows-her').xml;
  const mail = attribute2('mail', 'ada@example.org').xml.replace(' ', ` xmlns:saml="${SAML2}" `);
  const parts = [
    { nameId: encrypt('EncryptedID', name) },
    { attributes: encrypt('EncryptedAttribute', mail) },
    { nameId: encrypt('EncryptedID', name), attributes: encrypt('EncryptedAttribute', mail) },
  ];
  const of = (...keys: ReturnType<typeof decrypting>[]) =>
    contextFor([trustIn(idp), trustIn(other)], { decryptionKeys: keys });
  const alone = of(decrypting(ours.privateKey, idp.entityId));
  const ofEach = of(decrypting(ours.privateKey, idp.entityId), decrypting(others.privateKey, other.entityId));
  const shared = of(decrypting(ours.privateKey, idp.entityId, other.entityId));
  for (const part of parts) {
    const own = sign(canonical(part), idp.key);
    const stolen = sign(canonical(part, other), other.key);
    await read(own, alone);
    await read(own, ofEach);
    await refuses(stolen, alone, 'unknown_key', /no decryptionKey/);
    await refuses(stolen, ofEach, 'malformed', /cannot be decrypted/);
    // A shared key does not show for which of the two the part was encrypted.
    await refuses(stolen, shared, 'unknown_key', /needs a key of its own/);
    await refuses(own, shared, 'unknown_key', /needs a key of its own/);
  }
});

/** The test signer needs canonical text: each namespace is declared once, at its first use. */
function canonical(is: { nameId?: Xml; attributes?: Xml }, by = idp): string {
  const declared = (part: Xml): Xml => ({
    xml: part.xml
      .replace(/^(<saml:\w+) [^>]*>/, '$1>')
      .replace('<xenc:EncryptedData ', `<xenc:EncryptedData xmlns:xenc="${ENC}" `)
      .replace('<ds:KeyInfo', `<ds:KeyInfo xmlns:ds="${DS}"`),
  });
  return assertion2(by, {
    ...(is.nameId && { nameId: declared(is.nameId) }),
    ...(is.attributes && { attributes: declared(is.attributes) }),
  });
}
