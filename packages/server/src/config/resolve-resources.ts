// Resolves the resources of the file.
import { createSecretKey } from 'node:crypto';
import type { SigningAlgorithm } from '../keys/algorithms.ts';
import type { SecretKey } from '../keys/jws.ts';
import { adminAudience, type Resource } from '../model/resource.ts';
import { normalAudience, parseResourceUri } from '../narrowing/targets.ts';
import { didYouMean } from '../primitives/nearest.ts';
import { sha256 } from '../primitives/secret.ts';
import type { Path } from './fault.ts';
import type { ConfigurationFile, ResourceSource } from './schema.ts';
import { elsewhere, readSecret, type Surroundings } from './source.ts';

export function resolveResources(file: ConfigurationFile, around: Surroundings): readonly Resource[] {
  const seen = new Map<string, Path>();
  const secrets = new Set<string>();
  const sets = new Map<string, Path>();
  return file.resources.map((source, index) => {
    const { audience, locations, scopes, scopeNames, requiredAcr, requireSenderConstraint } = source;
    const path: Path = ['resources', index];
    const known = normalAudience(audience);
    const twin = seen.get(known);
    if (twin !== undefined)
      around.complain(
        [...path, 'audience'],
        `another resource${elsewhere(path, twin, around)} has the audience ${JSON.stringify(audience)}. Give each resource its own.`,
        'fault',
        'value',
        [...twin, 'audience'],
      );
    seen.set(known, twin ?? path);
    for (const [place, location] of (locations ?? []).entries()) {
      const uri = parseResourceUri(location);
      if (uri === undefined || uri.search !== '') {
        around.complain(
          [...path, 'locations', place],
          `${JSON.stringify(location)} is not an absolute URI without a query and a fragment. Write one such as https://orders.example.com/v1.`,
        );
      }
    }
    for (const [scope, words] of Object.entries(scopeNames)) {
      if (Object.keys(words).length === 0)
        around.complain(
          [...path, 'scopeNames', scope],
          'holds no text. Write what the scope allows, such as Read your files',
        );
      if (!scopes.includes(scope))
        around.complain(
          [...path, 'scopeNames', scope],
          `${JSON.stringify(scope)} is not a scope of this resource.${didYouMean(scope, scopes) || ' Add it to scopes.'}`,
        );
    }
    const token = resolveToken(source.token, path, file, around);
    checkOpaque(source.token, path, around);
    if (token.secret !== undefined) {
      const place = [...path, 'token', 'secret'];
      if (isOurs(audience, file.issuer))
        around.complain(
          [...path, 'token', 'alg'],
          'HS256 is not for an audience of this server itself. Remove alg and secret: a key of the server then signs.',
        );
      if (secrets.has(token.secret.kid) && token.secret.kid !== NO_SECRET)
        around.complain(
          place,
          'another resource has the same secret, and each could make tokens for the other. Give each its own.',
        );
      secrets.add(token.secret.kid);
    }
    checkKeySet(token, path, sets, around);
    return {
      audience,
      // An audience that is a URL is its own location.
      locations: locations ?? (/^https?:/i.test(audience) && parseResourceUri(audience) ? [audience] : []),
      scopes: new Set(scopes),
      scopeNames: new Map(Object.entries(scopeNames)),
      requiredAcr: new Set(requiredAcr),
      requireSenderConstraint,
      token,
    };
  });
}

/** @param sets the first resource of each key set */
function checkKeySet({ jwks }: Resource['token'], path: Path, sets: Map<string, Path>, around: Surroundings): void {
  if (jwks === undefined) return;
  const first = sets.get(jwks) ?? path;
  sets.set(jwks, first);
  const place = elsewhere(path, first, around);
  if (place !== '')
    around.complain(
      [...path, 'token', 'jwks'],
      `a resource of another file${place} has the key set ${jwks}, and each would change what verifiers of the other read. Name another.`,
    );
}

/** Is it the audience of this server or of its admin API, in any spelling? */
export const isOurs = (audience: string, issuer: string): boolean =>
  [issuer, adminAudience(issuer)].some((own) => spelledAlike(own) === spelledAlike(audience));

/** Returns the same text for all spellings that look like one URL: case, escapes, default ports, dots and slashes. */
function spelledAlike(name: string): string {
  const url = URL.canParse(name) ? new URL(name).href : name;
  return url
    .replaceAll(/%([2-7][0-9a-f])/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/(?<!:)\/+/g, '/')
    .replace(/\/$/, '')
    .toLowerCase();
}

/** Warns of what only a JWT has. */
function checkOpaque(
  { format, ...token }: ResourceSource['token'],
  path: Path,
  { complain }: Pick<Surroundings, 'complain'>,
): void {
  if (format !== 'opaque') return;
  const without = { typ: token.typ !== 'at+jwt', jwks: token.jwks !== undefined };
  for (const [key, has] of Object.entries(without))
    if (has)
      complain(
        [...path, 'token', key],
        `${key} has no effect: tokens of this resource are opaque. Remove ${key}, or format.`,
        'warning',
      );
}

function resolveToken(
  { format, lifetime, alg, typ: stated, secret, jwks }: ResourceSource['token'],
  path: Path,
  file: ConfigurationFile,
  around: Surroundings,
): Resource['token'] {
  const asymmetric: SigningAlgorithm = alg === undefined || alg === 'HS256' ? file.keys.alg : alg;
  const typ = stated === 'JWT' ? stated : undefined;
  if (secret === undefined) return { format, lifetime, alg: asymmetric, typ, jwks };
  const place = [...path, 'token', 'secret'];
  const text = readSecret(secret, place, file.server.host, around) ?? '';
  if (text !== '' && Buffer.byteLength(text) < SECRET_BYTES)
    around.complain(
      place,
      `HS256 needs a secret of ${SECRET_BYTES} bytes or more (RFC 7518 section 3.2), and this one is shorter. Make one with openssl rand -base64 32.`,
    );
  return { format, lifetime, alg: asymmetric, typ, secret: secretKey(text) };
}

const SECRET_BYTES = 32;

/** The id of the key of a secret that cannot be read. */
const NO_SECRET = sha256('resource secret ');

const secretKey = (text: string): SecretKey => ({
  kid: sha256(`resource secret ${text}`),
  alg: 'HS256',
  key: createSecretKey(Buffer.from(text || 'none')),
});
