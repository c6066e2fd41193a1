// A small identity provider for tests. It writes assertions directly in canonical form, so that signing needs no canonicalizer:
// the digest is that of the text.
import {
  constants,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  type SignKeyObjectInput,
  sign as signBytes,
  type X509Certificate,
} from 'node:crypto';
import { createXmlLoader } from '../../src/saml/document.ts';
import type { SamlContext, SamlTrust } from '../../src/saml/identity.ts';
import { DS, DS_MORE, DS_MORE_2007, DS_MORE_2021, ENC, EXCLUSIVE, SAML1, SAML2 } from '../../src/saml/names.ts';
import type { DecryptionKey } from '../../src/trust/saml-issuer.ts';
import { selfSigned } from './saml-certificate.ts';

/** The time of all tests: 2026-03-01T12:00:00Z, in seconds. */
export const NOW = 1_772_366_400;
export const at = (seconds: number): string => new Date((NOW + seconds) * 1000).toISOString().replace('.000', '');

export const TOKEN_ENDPOINT = 'https://login.example/oauth/token';
export const AUDIENCE = 'https://login.example';
export const ADDRESSEE = { entityId: 'https://app.example/sp', acs: 'https://app.example/acs' };

export interface IdentityProvider {
  readonly entityId: string;
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
}

const YEAR = 365 * 86_400;

export function identityProvider(
  entityId = 'https://idp.example/saml',
  key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  dates = { from: NOW - YEAR, to: NOW + YEAR },
): IdentityProvider {
  return { entityId, key, certificate: selfSigned(key, dates) };
}

export const trustIn = ({ entityId, certificate }: IdentityProvider, changes: Partial<SamlTrust> = {}): SamlTrust => ({
  entityId,
  certificates: [certificate],
  leeway: 30,
  audiences: [AUDIENCE],
  ...changes,
});

/** A key that decrypts assertions of these issuers; by default that of the tests. */
export const decrypting = (key: KeyObject, ...issuers: readonly string[]): DecryptionKey => ({
  key,
  issuers: new Set(issuers.length === 0 ? ['https://idp.example/saml'] : issuers),
});

const loadXml = createXmlLoader();

export function contextFor(trusted: readonly SamlTrust[], changes: Partial<SamlContext> = {}): SamlContext {
  return {
    version: 'saml2',
    loadXml,
    findIssuer: (entityId) => trusted.find((one) => one.entityId === entityId),
    decryptionKeys: [],
    recipient: TOKEN_ENDPOINT,
    addressee: undefined,
    now: NOW,
    ...changes,
  };
}

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#xD;');
const escapeValue = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replace(/[\t\n\r]/g, (char) => `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`);

/** XML text, as opposed to text that needs escaping. */
export interface Xml {
  readonly xml: string;
}

/** An element in canonical form. Attributes without a value are omitted; `xmlns` comes first. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...content: readonly (Xml | string)[]
): Xml {
  const rank = (key: string) => (key.startsWith('xmlns') ? `0${key}` : `1${key}`);
  const list = Object.entries(attributes)
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1))
    .map(([key, value]) => ` ${key}="${escapeValue(value)}"`);
  const inside = content.map((one) => (typeof one === 'string' ? escapeText(one) : one.xml));
  return { xml: `<${name}${list.join('')}>${inside.join('')}</${name}>` };
}

type Attributes = Readonly<Record<string, string | undefined>>;

/** The parts of an assertion that tests change. The others are valid; `null` omits a part. */
export interface Variation {
  readonly id?: string;
  readonly root?: Attributes;
  readonly issuer?: string;
  readonly issuerAttributes?: Attributes;
  readonly nameId?: Xml | string | null;
  readonly nameIdAttributes?: Attributes;
  readonly confirmation?: Xml | null;
  readonly data?: Attributes;
  readonly window?: Attributes;
  readonly conditions?: Xml | null;
  readonly audience?: string;
  /** Replaces the single AudienceRestriction. */
  readonly restrictions?: Xml;
  /** Added to the restrictions. */
  readonly moreConditions?: Xml;
  readonly authn?: Xml | null;
  readonly authnAttributes?: Attributes;
  readonly attributes?: Xml;
  /** Inserted before the statements. */
  readonly more?: Xml;
}

export const none: Xml = { xml: '' };
export const all = (...parts: readonly Xml[]): Xml => ({ xml: parts.map(({ xml }) => xml).join('') });
const orNone = (part: Xml | null | undefined, usual: () => Xml): Xml => (part === undefined ? usual() : (part ?? none));

export const audienceRestriction = (...audiences: readonly string[]): Xml =>
  element('saml:AudienceRestriction', {}, ...audiences.map((one) => element('saml:Audience', {}, one)));

export const attribute2 = (name: string, ...values: readonly (string | Xml)[]): Xml =>
  element('saml:Attribute', { Name: name }, ...values.map((value) => element('saml:AttributeValue', {}, value)));

const BEARER2 = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';

export const confirmation2 = (data: Attributes = {}, method = BEARER2, ...content: readonly Xml[]): Xml =>
  element(
    'saml:SubjectConfirmation',
    { Method: method },
    element('saml:SubjectConfirmationData', { NotOnOrAfter: at(300), Recipient: TOKEN_ENDPOINT, ...data }, ...content),
  );

/** A SAML 2.0 assertion in canonical form, unsigned. */
export function assertion2(idp: IdentityProvider, is: Variation = {}): string {
  const nameId = (value: Xml | string) =>
    typeof value !== 'string'
      ? value
      : element(
          'saml:NameID',
          { Format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', ...is.nameIdAttributes },
          value,
        );
  const conditions = () =>
    element(
      'saml:Conditions',
      { NotBefore: at(-60), NotOnOrAfter: at(300), ...is.window },
      is.restrictions ?? audienceRestriction(is.audience ?? AUDIENCE),
      is.moreConditions ?? none,
    );
  const authn = () =>
    element(
      'saml:AuthnStatement',
      { AuthnInstant: at(-90), SessionIndex: '_s1', ...is.authnAttributes },
      element(
        'saml:AuthnContext',
        {},
        element('saml:AuthnContextClassRef', {}, 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'),
      ),
    );
  const attributes = () => all(attribute2('mail', 'ada@example.org'), attribute2('groups', 'staff', 'admins'));
  return element(
    'saml:Assertion',
    { 'xmlns:saml': SAML2, ID: is.id ?? '_a1', Version: '2.0', IssueInstant: at(-60), ...is.root },
    element('saml:Issuer', is.issuerAttributes ?? {}, is.issuer ?? idp.entityId),
    element(
      'saml:Subject',
      {},
      is.nameId === null ? none : nameId(is.nameId ?? 'ada'),
      orNone(is.confirmation, () => confirmation2(is.data)),
    ),
    orNone(is.conditions, conditions),
    is.more ?? none,
    orNone(is.authn, authn),
    element('saml:AttributeStatement', {}, is.attributes ?? attributes()),
  ).xml;
}

export const subject1 = (nameId: Xml | string = 'ada', is: Variation = {}): Xml =>
  element(
    'saml:Subject',
    {},
    typeof nameId === 'string'
      ? element(
          'saml:NameIdentifier',
          { Format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified', ...is.nameIdAttributes },
          nameId,
        )
      : nameId,
    orNone(is.confirmation, () => confirmation1()),
  );

export const confirmation1 = (...methods: readonly string[]): Xml =>
  element(
    'saml:SubjectConfirmation',
    {},
    ...(methods.length > 0 ? methods : ['urn:oasis:names:tc:SAML:1.0:cm:bearer']).map((method) =>
      element('saml:ConfirmationMethod', {}, method),
    ),
  );

export const attribute1 = (name: string, ...values: readonly string[]): Xml =>
  element(
    'saml:Attribute',
    { AttributeName: name, AttributeNamespace: 'urn:mace:shibboleth:1.0:attributeNamespace:uri' },
    ...values.map((value) => element('saml:AttributeValue', {}, value)),
  );

/** A SAML 1.1 assertion in canonical form, unsigned. */
export function assertion1(idp: IdentityProvider, is: Variation = {}): string {
  const subject = () => (is.nameId === null ? none : subject1(is.nameId ?? 'ada', is));
  const conditions = () =>
    element(
      'saml:Conditions',
      { NotBefore: at(-60), NotOnOrAfter: at(300), ...is.window },
      is.restrictions ??
        element('saml:AudienceRestrictionCondition', {}, element('saml:Audience', {}, is.audience ?? AUDIENCE)),
      is.moreConditions ?? none,
    );
  const authn = () =>
    element(
      'saml:AuthenticationStatement',
      {
        AuthenticationInstant: at(-90),
        AuthenticationMethod: 'urn:oasis:names:tc:SAML:1.0:am:password',
        ...is.authnAttributes,
      },
      subject(),
    );
  const attributes = () => element('saml:AttributeStatement', {}, subject(), attribute1('mail', 'ada@example.org'));
  return element(
    'saml:Assertion',
    {
      'xmlns:saml': SAML1,
      AssertionID: is.id ?? '_a1',
      MajorVersion: '1',
      MinorVersion: '1',
      Issuer: is.issuer ?? idp.entityId,
      IssueInstant: at(-60),
      ...is.root,
    },
    orNone(is.conditions, conditions),
    is.more ?? none,
    orNone(is.authn, authn),
    is.attributes ?? attributes(),
  ).xml;
}

const rsa = (digest: string) => [digest, {}] as const;
const pss = (digest: string) =>
  [digest, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }] as const;
const ecdsa = (digest: string) => [digest, { dsaEncoding: 'ieee-p1363' }] as const;

const METHODS: Readonly<Record<string, readonly [string | null, Omit<SignKeyObjectInput, 'key'>]>> = {
  [`${DS}rsa-sha1`]: rsa('sha1'),
  [`${DS_MORE}rsa-md5`]: rsa('md5'),
  [`${DS_MORE}rsa-sha256`]: rsa('sha256'),
  [`${DS_MORE}rsa-sha384`]: rsa('sha384'),
  [`${DS_MORE}rsa-sha512`]: rsa('sha512'),
  [`${DS_MORE_2007}sha256-rsa-MGF1`]: pss('sha256'),
  [`${DS_MORE_2007}sha384-rsa-MGF1`]: pss('sha384'),
  [`${DS_MORE_2007}sha512-rsa-MGF1`]: pss('sha512'),
  [`${DS_MORE}ecdsa-sha256`]: ecdsa('sha256'),
  [`${DS_MORE}ecdsa-sha384`]: ecdsa('sha384'),
  [`${DS_MORE}ecdsa-sha512`]: ecdsa('sha512'),
  [`${DS_MORE_2021}eddsa-ed25519`]: [null, {}],
};

const DIGESTS: Readonly<Record<string, string>> = {
  [`${DS}sha1`]: 'sha1',
  [`${DS_MORE}md5`]: 'md5',
  [`${ENC}sha256`]: 'sha256',
  [`${DS_MORE}sha384`]: 'sha384',
  [`${ENC}sha512`]: 'sha512',
};

/** How to sign. Unset parts are valid. */
export interface Signing {
  readonly method?: string;
  readonly digest?: string;
  readonly reference?: string;
  readonly canonicalization?: string;
  readonly transforms?: readonly Xml[];
  /** Inside SignatureMethod. */
  readonly parameters?: Xml;
  readonly keyInfo?: Xml;
  readonly attributes?: Attributes;
  /** After KeyInfo. */
  readonly object?: Xml;
  /** Changes SignedInfo before it is signed. */
  readonly change?: (signedInfo: string) => string;
  /** Changes the bytes that are signed for SignedInfo: its canonical form if that differs from its text. */
  readonly canonical?: (signedInfo: string) => string;
  /** Makes the signature value instead of the key. */
  readonly forge?: (signedInfo: Buffer) => Buffer;
}

export const transform = (name: string): Xml => element('ds:Transform', { Algorithm: name });
export const x509 = (certificate: X509Certificate): Xml =>
  element(
    'ds:KeyInfo',
    {},
    element('ds:X509Data', {}, element('ds:X509Certificate', {}, certificate.raw.toString('base64'))),
  );

/** A Signature over a canonical text. It declares its own namespace, so that its SignedInfo is canonical as well. */
export function signatureOf(canonical: string, key: KeyObject, is: Signing = {}): string {
  const [, id] = / (?:ID|AssertionID)="([^"]*)"/.exec(canonical) ?? [];
  const method = is.method ?? `${DS_MORE}rsa-sha256`;
  const digest = is.digest ?? `${ENC}sha256`;
  const value = createHash(DIGESTS[digest] ?? 'sha256')
    .update(canonical)
    .digest('base64');
  const info = element(
    'ds:SignedInfo',
    {},
    element('ds:CanonicalizationMethod', { Algorithm: is.canonicalization ?? EXCLUSIVE }),
    element('ds:SignatureMethod', { Algorithm: method }, is.parameters ?? none),
    element(
      'ds:Reference',
      { URI: is.reference ?? `#${id}` },
      element('ds:Transforms', {}, ...(is.transforms ?? [transform(`${DS}enveloped-signature`), transform(EXCLUSIVE)])),
      element('ds:DigestMethod', { Algorithm: digest }),
      element('ds:DigestValue', {}, value),
    ),
  ).xml;
  const changed = is.change?.(info) ?? info;
  const text = changed.replace('<ds:SignedInfo', `<ds:SignedInfo xmlns:ds="${DS}"`);
  const bytes = Buffer.from(is.canonical?.(text) ?? text);
  const [hash, options] = METHODS[method] ?? ['sha256', {}];
  const signature = is.forge?.(bytes) ?? signBytes(hash, bytes, { key, ...options });
  return element(
    'ds:Signature',
    { 'xmlns:ds': DS, ...is.attributes },
    { xml: changed },
    element('ds:SignatureValue', {}, signature.toString('base64')),
    is.keyInfo ?? none,
    is.object ?? none,
  ).xml;
}

/** Inserts a signature: after the issuer in SAML 2.0, at the end in 1.1. */
export const place = (assertion: string, signature: string): string =>
  assertion.includes(SAML1)
    ? assertion.replace(/(<\/saml:Assertion>)$/, () => `${signature}</saml:Assertion>`)
    : assertion.replace('</saml:Issuer>', () => `</saml:Issuer>${signature}`);

export const sign = (assertion: string, key: KeyObject, is?: Signing): string =>
  place(assertion, signatureOf(assertion, key, is));

export const encode = (xml: string | Uint8Array): string => Buffer.from(xml as string).toString('base64url');
