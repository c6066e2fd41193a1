// The issuers of subject tokens, outside of the contenders. Tokens are made once for a round, so that every contender gets the same.
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import {
  all,
  assertion2,
  attribute2,
  encode,
  identityProvider,
  sign as signAssertion,
  x509,
} from '../packages/server/test/support/saml-signer.ts';

export interface JwtIssuer {
  readonly issuer: string;
  readonly jwk: Readonly<Record<string, unknown>>;
  /** Different tokens, the same ones until the next round. */
  readonly tokens: (count: number, claims?: Claims) => readonly string[];
}

/** Claims instead of the usual ones. */
export interface Claims {
  readonly sub?: string;
  readonly aud?: string;
}

export interface Issuers {
  /** Subjects are people; ES256. */
  readonly people: JwtIssuer;
  /** Subjects are agents that act for people; ES256. */
  readonly agents: JwtIssuer;
  /** Subjects are people; RS256. */
  readonly elsewhere: JwtIssuer;
  /** SAML 2.0, RSA with SHA-256. */
  readonly saml: {
    readonly entityId: string;
    /** PEM. */
    readonly certificate: string;
    readonly tokens: (count: number, recipient: string) => readonly string[];
  };
  readonly nextRound: () => void;
}

/** The audience of their tokens. */
export const AUDIENCE = 'https://login.example';
const HOUR = 3600;

export function openIssuers(): Issuers {
  let round = 0;
  const perRound = <T extends readonly unknown[]>(make: (...about: T) => string) => {
    const all = new Map<string, string[]>();
    let madeIn = -1;
    return (count: number, ...about: T): readonly string[] => {
      if (madeIn !== round) all.clear();
      madeIn = round;
      const key = JSON.stringify(about);
      const made = all.get(key) ?? [];
      all.set(key, made);
      while (made.length < count) made.push(make(...about));
      return made.slice(0, count);
    };
  };
  const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const jwtIssuer = (issuer: string, alg: string, key: KeyObject): JwtIssuer => ({
    issuer,
    jwk: { ...publicJwk(key), alg, kid: alg, use: 'sig' },
    tokens: perRound((claims?: Claims) => signJwt(issuer, alg, key, claims)),
  });
  const now = Math.floor(Date.now() / 1000);
  const idp = identityProvider('https://saml.example', rsa, { from: now - HOUR, to: now + 24 * HOUR });
  return {
    people: jwtIssuer('https://people.example', 'ES256', ec()),
    agents: jwtIssuer('https://agents.example', 'ES256', ec()),
    elsewhere: jwtIssuer('https://elsewhere.example', 'RS256', rsa),
    saml: {
      entityId: idp.entityId,
      certificate: idp.certificate.toString(),
      tokens: perRound((recipient: string) =>
        encode(signAssertion(assertionFor(idp, recipient), idp.key, { keyInfo: x509(idp.certificate) })),
      ),
    },
    nextRound: () => {
      round++;
    },
  };
}

function publicJwk(key: KeyObject): Record<string, unknown> {
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' });
  return JSON.parse(JSON.stringify({ kty, crv, x, y, n, e }));
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signJwt(
  iss: string,
  alg: string,
  key: KeyObject,
  { sub = randomUUID(), aud = AUDIENCE }: Claims = {},
): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss,
    sub,
    aud,
    iat,
    exp: iat + HOUR,
    jti: randomUUID(),
    name: 'Ada Lovelace',
    email: `${sub}@people.example`,
    groups: ['staff', 'engineering', 'on-call'],
  };
  const input = `${base64url({ alg, typ: 'JWT', kid: alg })}.${base64url(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function assertionFor(idp: ReturnType<typeof identityProvider>, recipient: string): string {
  const at = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
  return assertion2(idp, {
    id: `_${randomUUID()}`,
    nameId: randomUUID(),
    root: { IssueInstant: at(-1) },
    audience: AUDIENCE,
    window: { NotBefore: at(-60), NotOnOrAfter: at(HOUR) },
    data: { NotOnOrAfter: at(HOUR), Recipient: recipient },
    authnAttributes: { AuthnInstant: at(-90) },
    attributes: all(
      attribute2('urn:oid:0.9.2342.19200300.100.1.3', 'ada@people.example'),
      attribute2('urn:oid:2.5.4.42', 'Ada'),
      attribute2('urn:oid:1.3.6.1.4.1.5923.1.5.1.1', 'staff', 'engineering', 'on-call'),
    ),
  });
}
