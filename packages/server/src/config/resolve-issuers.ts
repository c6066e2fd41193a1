// Resolves the issuers of the file, and checks that no issuer can be taken for another one.
import { isReservedClaim } from '../issuing/access-token-claims.ts';
import { urlProblem } from '../outbound/address.ts';
import { LEEWAY_SECONDS } from '../primitives/clock.ts';
import { prefixOf } from '../primitives/principal.ts';
import type { IssuerEntry, Mapping } from '../trust/issuer.ts';
import { issues, profiles } from '../trust/profiles.ts';
import { decryptionKeysOf, type SamlIssuerEntry } from '../trust/saml-issuer.ts';
import { compileMappingOf } from './expressions.ts';
import type { Complain, Path } from './fault.ts';
import { nameOf } from './issuer-name.ts';
import { checkKeyPlace, networkOfKeys } from './key-location.ts';
import { resolveGrants } from './resolve-grants.ts';
import { resolveSamlIssuer } from './resolve-saml.ts';
import type { ConfigurationFile, IssuerSource } from './schema.ts';
import { elsewhere, readSecret, type Surroundings } from './source.ts';
import { describeUrlProblem } from './urls.ts';
import { couldBeForeign, reserved, reservedName } from './wording.ts';

/** Prefixes of ids that cannot be the name of an issuer. */
export const NO_NAMES: ReadonlySet<string> = new Set(['spiffe', 'https', 'http', 'urn', 'self']);

/** Maximum sum of the lengths of all different keys: each encrypted assertion costs an RSA operation with every key. */
const MAX_DECRYPTION_BITS = 12_288;

export interface ResolvedIssuers {
  readonly issuers: readonly IssuerEntry[];
  readonly saml: readonly SamlIssuerEntry[];
}

export async function resolveIssuers(file: ConfigurationFile, around: Surroundings): Promise<ResolvedIssuers> {
  const issuers: IssuerEntry[] = [];
  const saml: SamlIssuerEntry[] = [];
  const names: IssuerNaming[] = [];
  for (const [index, source] of file.issuers.entries()) {
    const path: Path = ['issuers', index];
    if (source.saml !== undefined) {
      const entry = await resolveSamlIssuer(source, path, around);
      saml.push(entry);
      names.push({ issuer: entry.entityId, name: entry.name });
    } else {
      const entry = resolveIssuer(source, path, file, around);
      issuers.push(entry);
      names.push(entry);
    }
  }
  checkDistinct(names, file, around);
  const bits = decryptionKeysOf(saml).map(({ key }) => key.asymmetricKeyDetails?.modulusLength ?? 0);
  if (bits.reduce((sum, one) => sum + one, 0) > MAX_DECRYPTION_BITS)
    around.complain(
      ['issuers'],
      `the entries have different decryption keys of more than ${MAX_DECRYPTION_BITS} bits together, and each costs an RSA operation for every encrypted assertion. Let entries share a key, or use keys of 2048 bits.`,
    );
  return { issuers, saml };
}

function resolveIssuer(source: IssuerSource, path: Path, file: ConfigurationFile, around: Surroundings): IssuerEntry {
  const network = networkOfKeys(source);
  const issuer = source.issuer ?? `spiffe://${source.trustDomain}`;
  const check = (key: Path, url: string): void => {
    const problem = urlProblem(url, network);
    if (problem !== undefined) around.complain([...path, ...key], describeUrlProblem(url, problem));
  };
  const { introspection, jwks, jwksUri } = source;
  if (introspection !== undefined) check(['introspection', 'endpoint'], introspection.endpoint);
  checkKeyPlace(source, path, around.complain);
  const discovers = jwks === undefined && jwksUri === undefined;
  if (source.trustDomain !== undefined && discovers)
    around.complain(path, 'an entry with trustDomain needs jwksUri or jwks, because a trust domain has no discovery.');
  // An issuer that only introspects needs no keys.
  const opaqueOnly =
    introspection !== undefined &&
    source.introspect !== 'always' &&
    source.grants === undefined &&
    source.accepts.every((type) => type === 'access_token');
  if (source.issuer !== undefined && discovers && !opaqueOnly) check(['issuer'], source.issuer);
  checkProfile(source, path, around.complain);
  checkClientIds(source, [...path, 'clientIds'], around.complain);
  return {
    issuer,
    name: nameOf(source),
    kind: source.trustDomain === undefined ? 'oauth' : 'spiffe',
    profile: source.trustDomain === undefined ? source.profile : 'spiffe',
    network,
    accepts: new Set(source.accepts),
    audiences: new Set(source.audiences),
    clientIds: new Set(source.clientIds),
    algorithms: new Set(source.algorithms),
    keys: jwks ? { jwks } : jwksUri !== undefined ? { jwksUri } : 'discovery',
    leeway: source.leeway ?? LEEWAY_SECONDS,
    maxAge: source.maxAge,
    reuse: source.reuse,
    scopes: source.scopes ?? 'ignore',
    subject:
      source.subject === undefined ? undefined : compileMapping(source.subject, [...path, 'subject'], around.complain),
    claims: Object.entries(source.claims).map(([name, text]) => {
      const place = [...path, 'claims', name];
      if (isReservedClaim(name)) around.complain(place, reserved(name));
      return [name, compileMapping(text, place, around.complain)] as const;
    }),
    grants: resolveGrants(source, path, file, around.complain),
    introspection: introspection && {
      endpoint: introspection.endpoint,
      client: introspection.client,
      of: source.introspect ?? 'opaque',
      secret: readSecret(introspection.secret, [...path, 'introspection', 'secret'], file.server.host, around) ?? '',
    },
  };
}

/** Checks that the entry has what its `profile` and its `introspect` need. */
function checkProfile(source: IssuerSource, path: Path, complain: Complain): void {
  const { profile, trustDomain, accepts, introspection, introspect } = source;
  if (introspect !== undefined && introspection === undefined)
    complain(
      [...path, 'introspect'],
      'introspect needs introspection, which says where. Add it, or remove introspect.',
    );
  if (profile !== undefined && (profile === 'spiffe') !== (trustDomain !== undefined)) {
    complain(
      [...path, 'profile'],
      'the profile spiffe is that of a trustDomain, which has no other. Write trustDomain, or another profile.',
    );
    return;
  }
  const row = trustDomain === undefined ? profile : 'spiffe';
  if (row === undefined) return;
  for (const type of accepts)
    if (!issues(profiles[row], type) && !(type === 'access_token' && introspection !== undefined))
      complain(
        [...path, 'accepts'],
        `no JWT of the profile ${row} is ever accepted as ${type}. Remove ${type}.`,
        'warning',
      );
}

/** Warns of `clientIds`: without `aud`, nothing in a token keeps an API that receives it from exchanging it here. */
function checkClientIds({ clientIds, trustDomain, accepts }: IssuerSource, path: Path, complain: Complain): void {
  if (clientIds === undefined) return;
  if (trustDomain !== undefined)
    complain(path, 'clientIds is for access tokens without aud, and a JWT-SVID always has aud. Remove clientIds.');
  else if (!accepts.includes('access_token'))
    complain(path, 'clientIds is for access tokens without aud. Add access_token to accepts, or remove clientIds.');
  else
    complain(
      path,
      'access tokens of these clients need no aud, so every API that receives one can exchange it here. Name only clients whose tokens go to APIs that you trust.',
      'warning',
    );
}

export function compileMapping(text: string, path: Path, complain: Complain): Mapping {
  return compileMappingOf(text, { claims: 'map' }, path, complain).mapping;
}

/** Entries of one identity provider, such as the versions of Entra: a `sub` is the same person in both. */
const isSamePeople = (one: ConfigurationFile['issuers'][number] | undefined, other: typeof one): boolean =>
  one?.saml === undefined &&
  other?.saml === undefined &&
  one?.issuer !== undefined &&
  other?.issuer !== undefined &&
  one.people !== undefined &&
  one.people === other.people &&
  one.subject === other.subject;

type IssuerNaming = Pick<IssuerEntry, 'issuer' | 'name'> & Partial<Pick<IssuerEntry, 'introspection'>>;

/** Checks that no two issuers could name the same subject, or be taken for each other. */
function checkDistinct(entries: readonly IssuerNaming[], file: ConfigurationFile, around: Surroundings): void {
  const { complain } = around;
  const seen = { issuer: new Map<string, Path>([[file.issuer, ['issuer']]]), name: new Map<string, Path>() };
  let introspecting = 0;
  for (const [index, { issuer, name, introspection }] of entries.entries()) {
    const path = ['issuers', index];
    const key = file.issuers[index]?.saml === undefined ? 'issuer' : 'saml';
    if (seen.issuer.has(issuer))
      complain(
        [...path, key],
        issuer === file.issuer
          ? `${JSON.stringify(issuer)} is the issuer of this server, which trusts its own tokens without an entry. Remove this entry.`
          : `another entry${elsewhere(path, seen.issuer.get(issuer) ?? path, around)} has the issuer ${JSON.stringify(issuer)}. Remove one of them.`,
      );
    if (name === '' || name.includes(':'))
      complain(path, 'the issuer is not a URL whose host could be its name. Set name.');
    else if (seen.name.has(name) && !isSamePeople(file.issuers[Number(seen.name.get(name)?.[1])], file.issuers[index]))
      complain(
        [...path, 'name'],
        `another issuer${elsewhere(path, seen.name.get(name) ?? path, around)} has the name ${name}. Set name to a name of its own; or write the same people in both, and the same subject, if both are one identity provider with the same sub for a person.`,
      );
    if (NO_NAMES.has(name)) complain([...path, 'name'], reservedName(name));
    if (introspection !== undefined && ++introspecting > 1) {
      complain(
        [...path, 'introspection'],
        'another issuer has introspection, and an opaque token does not say whose it is. Remove one of them.',
      );
    }
    if (!seen.issuer.has(issuer)) seen.issuer.set(issuer, path);
    if (name !== '' && !seen.name.has(name)) seen.name.set(name, path);
  }
  for (const [index, { id }] of file.clients.entries()) {
    const before = prefixOf(id);
    if (seen.name.has(before)) complain(['clients', index, 'id'], couldBeForeign(id, before));
  }
}
