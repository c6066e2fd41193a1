// The material of attacks on assertions: a server that trusts two providers, a genuine assertion with its parts, a forged one, and
// a listener that must get no request.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SUBJECT_REFUSED, withoutRequestId } from '../../../support/basics.ts';
import { type Answer, start, type TestServer } from '../../../support/harness.ts';
import {
  assertionFor,
  idp,
  pem,
  pemOf,
  presentSaml,
  samlEntry,
  trustingSaml,
  type Version,
  versions,
} from '../../../support/saml-exchange.ts';
import {
  element,
  encode,
  identityProvider,
  NOW,
  type Signing,
  sign,
  signatureOf,
  type Variation,
} from '../../../support/saml-signer.ts';
import type { Case, Undo } from '../../group.ts';

export const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';
export const other = identityProvider('https://other.example/saml');
export const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });

export interface SamlWorld {
  readonly server: TestServer;
  /** A listener that must get no request. */
  readonly url: string;
  readonly connections: () => number;
}

/** What an attacker has. */
export interface Material {
  readonly server: TestServer;
  readonly version: Version;
  /** Unsigned. */
  readonly original: string;
  readonly signature: string;
  readonly signed: string;
  /** Names another subject, with another id. */
  readonly forged: string;
  /** The same with the id of the original. */
  readonly twin: string;
  readonly url: string;
  /** A changed assertion, signed by the provider. */
  readonly make: (is?: Variation, signing?: Signing) => string;
}

/** The reason that wrapped assertions are refused for. Another reason would not prove anything. */
export const WRAPPING = /^(malformed|wrong_type|signature)$/;

/** XML text or bytes, or the value of `subject_token`. */
export type Attack = string | Uint8Array | { readonly token: string };

export async function openSamlWorld(undo: Undo): Promise<SamlWorld> {
  let connections = 0;
  const listener = createServer(() => undefined).on('connection', (socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  undo.after(() => listener.close());
  const entries = [
    samlEntry({ decryptionKey: 'our-key.pem', claims: "{ role: 'attributes.role[0]' }" }),
    samlEntry({ saml: other.entityId, name: 'other', certificates: '[other.pem]' }),
  ];
  const files = { 'idp.pem': pem(idp), 'other.pem': pem(other), 'our-key.pem': pemOf(ours.privateKey) };
  const server = await start(undo, trustingSaml(entries), { files, now: NOW * 1000 });
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/x`;
  return { server, url, connections: () => connections };
}

export function materialFor({ server, url }: SamlWorld, version: Version): Material {
  const original = assertionFor(server, version);
  const [, id = ''] = / (?:ID|AssertionID)="([^"]*)"/.exec(original) ?? [];
  const signature = signatureOf(original, idp.key);
  return {
    server,
    version,
    original,
    signature,
    signed: put(original, signature),
    forged: assertionFor(server, version, { nameId: 'eve' }),
    twin: assertionFor(server, version, { nameId: 'eve', id }),
    url,
    make: (is, signing) => sign(assertionFor(server, version, is), idp.key, signing),
  };
}

export const tokenOf = (attack: Attack): string =>
  typeof attack === 'string' || attack instanceof Uint8Array ? encode(attack) : attack.token;

/**
 * Each assertion, of both versions, is refused for this reason and with the same bytes as all others. The genuine one is
 * accepted before and after.
 */
export const refused =
  (reason: RegExp, build: (material: Material) => readonly Attack[]): Case<SamlWorld> =>
  async (world, { attempt, twin }) => {
    const { server, connections } = world;
    const texts = new Set<string>();
    for (const version of versions) {
      const material = materialFor(world, version);
      const genuine = encode(material.signed);
      const control = (): Promise<Answer> => twin(presentSaml(server, version, genuine));
      await control();
      for (const [index, attack] of build(material).entries()) {
        const token = tokenOf(attack);
        assert.notEqual(token, genuine);
        const what = `${version}, ${index}`;
        const answer = await attempt(what, presentSaml(server, version, token));
        texts.add(withoutRequestId(answer));
        const event = server.audit(answer);
        assert.match(event?.reason?.replace('subject_token_', '') ?? '', reason, what);
        assert.equal(event?.subject, undefined, `${what}: nobody was believed`);
      }
      await control();
    }
    assert.deepEqual(
      [...texts].map((text) => JSON.parse(text).error_description),
      [SUBJECT_REFUSED.description],
    );
    assert.equal(connections(), 0);
  };

export const only = (version: Version, material: Material, list: () => readonly Attack[]): readonly Attack[] =>
  material.version === version ? list() : [];

export const response = (...content: readonly string[]): string =>
  element('samlp:Response', { 'xmlns:samlp': PROTOCOL, ID: '_r1', Version: '2.0' }, { xml: content.join('') }).xml;
export const inside = (outer: string, inner: string): string =>
  outer.replace(/<\/saml:Assertion>$/, (end) => inner + end);
/** Positions of genuine signatures. */
export const put = (assertion: string, content: string): string =>
  assertion.includes('</saml:Issuer>')
    ? assertion.replace('</saml:Issuer>', (end) => end + content)
    : inside(assertion, content);
export const intoSignature = (signature: string, content: string): string =>
  signature.replace(/<\/ds:Signature>$/, (end) => content + end);
export const object = (content: string): string => `<ds:Object>${content}</ds:Object>`;
export const beforeSubjectEnds = (xml: string, content: string): string =>
  xml.replace('</saml:Subject>', (end) => content + end);
/** The position after the start of a name. */
export const intoName = (xml: string, content: string): string => xml.replace('>ada<', () => `>a${content}da<`);
