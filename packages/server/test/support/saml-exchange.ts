// Exchanges SAML assertions over HTTP: a server that trusts the identity provider of the test, and assertions for it.

import assert from 'node:assert/strict';
import { constants, createCipheriv, type KeyObject, publicEncrypt, randomBytes, randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { DS, ENC, ENC11, METADATA, SAML2 } from '../../src/saml/names.ts';
import { assertRefused, exchange, SUBJECT_REFUSED } from './basics.ts';
import { added, type Configuration, changed, type Entry, parsed } from './configuration.ts';
import { type Answer, claimsOf, type Form, start, type TestServer, type } from './harness.ts';
import { trusting } from './issuer.ts';
import {
  AUDIENCE,
  all,
  assertion1,
  assertion2,
  attribute1,
  attribute2,
  element,
  encode,
  type IdentityProvider,
  identityProvider,
  NOW,
  none,
  type Signing,
  sign,
  subject1,
  type Variation,
  type Xml,
  x509,
} from './saml-signer.ts';

export type Version = 'saml1' | 'saml2';
export const versions: readonly Version[] = ['saml2', 'saml1'];

/** The provider in the entries of this file. */
export const idp = identityProvider();
export const pem = ({ certificate }: IdentityProvider): string => certificate.toString();
export const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;

/** `portal` is a service provider: assertions may be addressed to it. */
export const PORTAL = { entityId: 'https://portal.example/sp', acs: 'https://portal.example/acs' };
const PORTAL_CLIENT = {
  id: 'portal',
  auth: 'client_secret_post',
  secret: { plain: 'portal-secret' },
  grants: ['token_exchange'],
  saml: PORTAL,
};
export const portal = { client_id: 'portal', client_secret: 'portal-secret' };

type Members = Readonly<Record<string, string | undefined>>;

/** An entry of `issuers`: the provider, called `idp`. YAML members add to it or replace. */
export function samlEntry(members: Members = {}): Configuration {
  const good = {
    saml: idp.entityId,
    name: 'idp',
    accepts: ['saml1', 'saml2'],
    audiences: [AUDIENCE],
    certificates: members.metadata === undefined ? ['idp.pem'] : undefined,
  };
  return changed(good, parsed(members));
}

/** The base configuration with these issuers and rules, the client `portal`, and bodies of up to 4 MiB. */
export const trustingSaml = (issuers: readonly Entry[], rules?: readonly Entry[]): Configuration =>
  changed(trusting(issuers, rules), { clients: added(PORTAL_CLIENT), server: { limits: { body: 4_194_304 } } });

/** @param members of the one entry @param files written beside the configuration and `idp.pem` */
export const startSaml = (
  t: Pick<TestContext, 'after'>,
  members: Members = {},
  {
    rules,
    others = [],
    files = {},
  }: { rules?: readonly Entry[]; others?: readonly Entry[]; files?: Record<string, string> } = {},
): Promise<TestServer> =>
  start(t, trustingSaml([samlEntry(members), ...others], rules), {
    files: { 'idp.pem': pem(idp), ...files },
    now: NOW * 1000,
  });

export const tokenEndpoint = (server: Pick<TestServer, 'issuer'>): string => `${server.issuer}/oauth/token`;

/** A canonical, unsigned assertion addressed to the server, each with its own id. */
export const assertionFor = (
  server: Pick<TestServer, 'issuer'>,
  version: Version,
  is: Variation = {},
  by: IdentityProvider = idp,
): string =>
  (version === 'saml2' ? assertion2 : assertion1)(by, {
    id: `_${randomUUID()}`,
    ...is,
    data: { Recipient: tokenEndpoint(server), ...is.data },
  });

/** A valid assertion as the value of `subject_token`. */
export const signedFor = (
  server: Pick<TestServer, 'issuer'>,
  version: Version,
  is: Variation = {},
  { by = idp, signing }: { by?: IdentityProvider; signing?: Signing } = {},
): string => encode(sign(assertionFor(server, version, is, by), by.key, signing));

export const presentSaml = (
  server: TestServer,
  version: Version,
  subject_token: string,
  form: Form = {},
): Promise<Answer> => exchange(server, { subject_token, subject_token_type: type(version), ...form });

/** Presents it as actor token, beside a subject token of the gateway. */
export const presentSamlActor = (
  server: TestServer,
  version: Version,
  actor_token: string,
  form: Form = {},
): Promise<Answer> => exchange(server, { actor_token, actor_token_type: type(version), ...form });

/** Differences of an EncryptedAssertion from a valid one. */
export interface Encrypting {
  readonly content?: string;
  readonly wrapping?: Xml;
  readonly padding?: number;
  readonly change?: (content: Buffer) => Buffer;
  readonly cipherData?: Xml;
}

const encryptionMethod = (Algorithm: string) => element('xenc:EncryptionMethod', { Algorithm });
const cipherValue = (bytes: Buffer) =>
  element('xenc:CipherData', {}, element('xenc:CipherValue', {}, bytes.toString('base64')));

/** An EncryptedAssertion around a signed one: AES-256-GCM under RSA-OAEP. */
export function encrypt(plain: string, publicKey: KeyObject, is: Encrypting = {}): string {
  const [secret, iv] = [randomBytes(32), randomBytes(12)];
  const cipher = createCipheriv('aes-256-gcm', secret, iv);
  const content = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const wrapped = publicEncrypt({ key: publicKey, padding: is.padding ?? constants.RSA_PKCS1_OAEP_PADDING }, secret);
  const key = element(
    'xenc:EncryptedKey',
    {},
    is.wrapping ?? encryptionMethod(`${ENC}rsa-oaep-mgf1p`),
    cipherValue(wrapped),
  );
  return element(
    'saml:EncryptedAssertion',
    { 'xmlns:ds': DS, 'xmlns:saml': SAML2, 'xmlns:xenc': ENC },
    element(
      'xenc:EncryptedData',
      { Type: `${ENC}Element` },
      encryptionMethod(is.content ?? `${ENC11}aes256-gcm`),
      element('ds:KeyInfo', {}, key),
      is.cipherData ?? cipherValue(is.change?.(content) ?? content),
    ),
  ).xml;
}

/** A metadata file of the common entity of the providers. */
export const metadataOf = (
  providers: readonly IdentityProvider[],
  attributes: Readonly<Record<string, string>> = {},
): string =>
  element(
    'md:EntityDescriptor',
    { 'xmlns:ds': DS, 'xmlns:md': METADATA, entityID: providers[0]?.entityId, ...attributes },
    element(
      'md:IDPSSODescriptor',
      { protocolSupportEnumeration: 'urn:oasis:names:tc:SAML:2.0:protocol urn:oasis:names:tc:SAML:1.1:protocol' },
      all(...providers.map(({ certificate }) => element('md:KeyDescriptor', { use: 'signing' }, x509(certificate)))),
      none,
    ),
  ).xml;

/** Times of an assertion that is valid at another time than those of the other tests. @param now seconds since 1970 */
export function validAt(now: number): Variation {
  const time = (seconds: number) => new Date((Math.floor(now) + seconds) * 1000).toISOString().replace('.000', '');
  return {
    root: { IssueInstant: time(-60) },
    window: { NotBefore: time(-60), NotOnOrAfter: time(300) },
    data: { NotOnOrAfter: time(300) },
    authnAttributes: { AuthnInstant: time(-90) },
  };
}

/** The claims of the issued token. */
export const claims = (answer: Answer): Record<string, unknown> => {
  assert.equal(answer.status, 200, answer.text);
  return claimsOf(answer.body.access_token);
};

/** Attributes of either version, as a change of an assertion. */
export const withAttributes = (
  version: Version,
  list: readonly (readonly [name: string, ...values: string[]])[],
): Variation =>
  version === 'saml2'
    ? { attributes: all(...list.map(([name, ...values]) => attribute2(name, ...values))) }
    : {
        attributes: element(
          'saml:AttributeStatement',
          {},
          subject1(),
          ...list.map(([name, ...values]) => attribute1(name, ...values)),
        ),
      };

/** No rule lets this client exchange the token. */
export const assertNoRule = (server: TestServer, answer: Answer): void =>
  assertRefused(server, answer, { ...SUBJECT_REFUSED, reason: 'no_rule_for_subject' });
