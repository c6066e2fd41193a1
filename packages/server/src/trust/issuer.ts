// A trusted issuer: its entry in the configuration, and the source of its keys.
import { Budget } from '../expression/run.ts';
import type { AlgorithmName } from '../keys/algorithms.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { trustDomainOf } from '../primitives/spiffe-id.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { RedeemedTypeName } from '../primitives/token-type.ts';
import type { KeySource } from './key-cache.ts';
import type { ProfileName } from './profiles.ts';

/** The value of a mapping, or the reason that there is none. The reason contains no value of a claim. */
export type Mapped = { readonly value: unknown } | { readonly problem: string };

/** Computes a value from verified facts. @throws TokenRefusal cannot_tell */
export type Mapping = (facts: JsonObject, budget: Budget) => Mapped;
export type ClaimMappings = readonly (readonly [name: string, mapping: Mapping])[];

/** The claims of an entry that a token gives no value, each with the reason. */
export type Unmapped = Readonly<Record<string, string>>;

/** Maximum steps for all mappings of one token. */
const MAPPING_STEPS = 200_000;

/**
 * Computes the name of the subject, if the entry maps it, and the claims to add to our token.
 * @returns also the claims without a value, each with the reason
 * @throws TokenRefusal cannot_tell
 */
export function mapFacts(
  { subject, claims }: { readonly subject: Mapping | undefined; readonly claims: ClaimMappings },
  facts: JsonObject,
): { readonly subject: Mapped | undefined; readonly extraClaims: JsonObject; readonly unmapped: Unmapped } {
  const budget = new Budget(MAPPING_STEPS);
  const mapped = claims.map(([name, mapping]) => [name, mapping(facts, budget)] as const);
  return {
    subject: subject?.(facts, budget),
    extraClaims: Object.fromEntries(mapped.flatMap(([name, one]) => ('value' in one ? [[name, one.value]] : []))),
    unmapped: Object.fromEntries(mapped.flatMap(([name, one]) => ('problem' in one ? [[name, one.problem]] : []))),
  };
}

export interface IntrospectionEntry {
  readonly endpoint: string;
  readonly client: string;
  readonly secret: string;
  /** `opaque`: tokens that are not JWTs. `always`: JWTs, too, after the server has verified the signature. */
  readonly of: 'opaque' | 'always';
}

/** Longest possible `maxAge` of an assertion: used single-use ids are stored for that time. */
export const MAX_AGE_SECONDS = 86_400;

/** What the jwt-bearer grant redeems of an issuer. An issuer without it gives no grants. */
export interface GrantEntry {
  /** Maximum age of an assertion since `iat`, in seconds. */
  readonly maxAge: number;
  /** `bound`: an assertion that is bound to a key may be redeemed again. */
  readonly reuse: 'never' | 'bound' | 'always';
  /** `required`: an assertion without `scope` gives none. `optional`: then only the rule limits the scope. */
  readonly scope: 'required' | 'optional';
}

export interface IdJagEntry extends GrantEntry {
  /** The claim that names the person: `sub` a person of the issuer, the others an account of ours. */
  readonly person: 'sub' | 'aud_sub' | 'email';
  /** Is every address of the issuer verified, or only that of a token which states it (`email_verified`)? */
  readonly emails: 'verified' | 'stated';
  /** The tenant of the issuer; undefined: it has none. */
  readonly tenant: string | undefined;
  /** Our tenant; undefined: we have none. */
  readonly audTenant: string | undefined;
}

export interface ChainingEntry extends GrantEntry {
  /** Whose client `client_id` names: the one here that may redeem, or one of the issuer, which is not compared. */
  readonly clientId: 'ours' | 'theirs';
}

/** The keys are the types that rules name. */
export interface IssuerGrants extends Readonly<Record<RedeemedTypeName, GrantEntry | undefined>> {
  readonly id_jag: IdJagEntry | undefined;
  readonly chaining_grant: ChainingEntry | undefined;
  readonly workload: GrantEntry | undefined;
}

export interface IssuerEntry {
  /** The exact `iss` of its tokens; for a SPIFFE trust domain `spiffe://` and the domain. */
  readonly issuer: string;
  /** The prefix of its subjects in our tokens. */
  readonly name: string;
  readonly kind: 'oauth' | 'spiffe';
  /** How its tokens show what they are; undefined: as those of many issuers do. */
  readonly profile: ProfileName | undefined;
  readonly network: 'public' | 'private';
  /** Short names of the types that its tokens may be presented as. */
  readonly accepts: ReadonlySet<string>;
  /** `aud` must contain one of these. */
  readonly audiences: ReadonlySet<string>;
  /** An access token without `aud` must have a `client_id` of these. Empty: every token needs `aud`. */
  readonly clientIds: ReadonlySet<string>;
  readonly algorithms: ReadonlySet<AlgorithmName>;
  /** The location of its keys: a set in the file, a URL, or discovery. */
  readonly keys: { readonly jwks: JsonObject } | { readonly jwksUri: string } | 'discovery';
  /** Tolerated difference between its clock and ours, in seconds. */
  readonly leeway: number;
  /** Maximum age since `iat`, in seconds. */
  readonly maxAge: number | undefined;
  readonly reuse: 'never' | 'always';
  /** `intersect`: its scope names are ours, so that its `scope` limits the issued scope. */
  readonly scopes: 'intersect' | 'ignore';
  /** The subject's name in our tokens, instead of `name:sub`. */
  readonly subject: Mapping | undefined;
  /** Claims to add to our tokens. */
  readonly claims: ClaimMappings;
  readonly grants: IssuerGrants;
  /** RFC 7662: where the server introspects its tokens. */
  readonly introspection: IntrospectionEntry | undefined;
}

export interface TrustedIssuer extends IssuerEntry {
  readonly keySource: KeySource;
  readonly outbound: Outbound;
}

/** Looked up by exact match before any request: an issuer that is not listed is never contacted. */
export interface TrustedIssuers {
  readonly byIssuer: (iss: string) => TrustedIssuer | undefined;
  /** @param domain the host of a SPIFFE id */
  readonly byTrustDomain: (domain: string) => TrustedIssuer | undefined;
  /** The issuer, of any kind, whose subjects are principals with this `iss`. */
  readonly byPrincipal: (iss: string) => TrustedIssuer | undefined;
  /** The issuer that introspects opaque access tokens. */
  readonly introspecting: TrustedIssuer | undefined;
  readonly all: () => readonly TrustedIssuer[];
  /** The first issuer whose subjects are named `name:…` in our tokens. */
  readonly byName: (name: string) => TrustedIssuer | undefined;
}

/**
 * Finds the entry that decides about a token, by its unverified claims: that of its `iss`, else that of the trust domain of its
 * subject. A JWT-SVID needs no `iss`, and an `iss` that SPIRE adds to it says nothing (JWT-SVID section 3).
 */
export const findIssuerOf = ({ iss, sub }: JsonObject, issuers: TrustedIssuers): TrustedIssuer | undefined =>
  findIssuer(iss, trustDomainOf(sub), issuers);

/** Like `findIssuerOf`, for a token of which only these are recorded. */
export function findIssuer(iss: unknown, domain: unknown, issuers: TrustedIssuers): TrustedIssuer | undefined {
  if (iss !== undefined && typeof iss !== 'string') return undefined;
  const named = iss === undefined ? undefined : issuers.byIssuer(iss);
  return named ?? (typeof domain === 'string' ? issuers.byTrustDomain(domain) : undefined);
}

export function indexIssuers(issuers: readonly TrustedIssuer[]): TrustedIssuers {
  const all = new Map(issuers.map((one) => [one.issuer, one]));
  const names = new Map(issuers.toReversed().map((one) => [one.name, one]));
  const ofKind = (kind: IssuerEntry['kind'], iss: string): TrustedIssuer | undefined => {
    const found = all.get(iss);
    return found?.kind === kind ? found : undefined;
  };
  return {
    byIssuer: (iss) => ofKind('oauth', iss),
    byTrustDomain: (domain) => ofKind('spiffe', `spiffe://${domain}`),
    byPrincipal: (iss) => all.get(iss),
    introspecting: issuers.find(({ introspection }) => introspection !== undefined),
    all: () => issuers,
    byName: (name) => names.get(name),
  };
}
