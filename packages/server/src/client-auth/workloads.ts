// Compares a token with the workload of a client, and explains why a token identifies no client.
import { readCompact } from '../keys/jws.ts';
import type { Client, Clients } from '../model/client.ts';
import { stringList } from '../primitives/claims.ts';
import { matchesAny } from '../primitives/pattern.ts';
import { isName } from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { trustDomainOf } from '../primitives/spiffe-id.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { findIssuerOf, type TrustedIssuer } from '../trust/issuer.ts';
import type { AuthenticationContext } from './method.ts';

/** Maximum number of listed workloads. */
const MAX_WORKLOADS = 10;
/** A longer token is not read to explain a refusal: parsing costs the server time and the caller nothing. */
const MAX_CHARACTERS = 8192;

/** @returns what of the workload the claims lack, in words; empty if the token identifies the client */
export function workloadMisses({ workload }: Pick<Client, 'workload'>, claims: JsonObject): readonly string[] {
  if (workload === undefined) return ['it has no workload'];
  const { audience, subjects, claims: wanted = {} } = workload;
  const { sub } = claims;
  const isSubject = subjects === undefined || (typeof sub === 'string' && matchesAny(subjects, sub));
  const wrong = Object.entries(wanted).filter(
    ([name, words]) => !words.some((word) => word === ownClaim(claims, name)),
  );
  return [
    ...(audience === undefined || stringList(claims.aud)?.includes(audience) ? [] : [`its audience is ${audience}`]),
    ...(isSubject ? [] : [`its subjects are ${subjects.join(', ')}`]),
    ...wrong.map(([name, words]) => `its ${name} is ${words.join(' or ')}`),
  ];
}

const ownClaim = (claims: JsonObject, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined;

/**
 * Says for each workload why a token with these claims does not identify it, those of its issuer first.
 * @param issuer of the entry that decides about the token; undefined if there is none
 * @param known `audience`: of a past request, only the issuer and the audience of the token are known
 */
export function describeWorkloads(
  issuer: string | undefined,
  claims: JsonObject,
  clients: Clients,
  known: 'all' | 'audience' = 'all',
): readonly string[] {
  const fits =
    known === 'all' ? ', and another one, too: change subjects or claims of one' : ' by its issuer and audience';
  const tried = [...clients.values()].flatMap((client) => {
    const { id, workload } = client;
    if (workload === undefined) return [];
    const sameIssuer = workload.issuer === issuer;
    const compared = known === 'all' ? workload : { issuer: workload.issuer, audience: workload.audience };
    const misses = workloadMisses({ workload: compared }, claims);
    const parts = [...(sameIssuer ? [] : [`its issuer is ${workload.issuer}`]), ...misses];
    const text =
      parts.length === 0
        ? `the workload of ${id} fits${fits}`
        : `the workload of ${id} does not fit: ${parts.join(', and ')}`;
    return [{ sameIssuer, text }];
  });
  if (tried.length === 0) return ['no client has a workload'];
  const ordered = tried.toSorted((a, b) => Number(b.sameIssuer) - Number(a.sameIssuer)).map(({ text }) => text);
  const more = ordered.length - MAX_WORKLOADS;
  return more > 0 ? [...ordered.slice(0, MAX_WORKLOADS), `${more} more workloads do not fit`] : ordered;
}

/** Says what the token states, and why no workload fits it. The token is not verified. */
export function whyNoWorkload(
  token: string,
  { issuer: own, issuers, clients }: Pick<AuthenticationContext, 'issuer' | 'issuers' | 'clients'>,
): string {
  if (token.length > MAX_CHARACTERS)
    return `the token is longer than the ${MAX_CHARACTERS} characters that are read without a client`;
  try {
    const { payload } = readCompact(token);
    const { iss, sub, aud } = payload;
    if (iss === own) return 'the token is of this server, and only tokens of other issuers name a workload';
    const domain = trustDomainOf(sub);
    const named = iss ?? (domain === undefined ? undefined : `spiffe://${domain}`);
    const entry = findIssuerOf(payload, issuers);
    const isWorkload = domain !== undefined || (entry !== undefined && hasOnlyWorkloads(entry, clients));
    const stated = `the token has iss ${show(named)}${isWorkload ? `, sub ${show(sub)}` : ''} and aud ${show(aud)}`;
    if (!isName(named)) return `${stated}, and without an issuer it names no workload`;
    return [stated, ...describeWorkloads(entry?.issuer, payload, clients)].join('; ');
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    return `the token names no workload, because it is not a JWT: ${error.detail ?? error.fault}`;
  }
}

/**
 * The row of a refused request does not name its subject, so the erasure of a person does not find it: `sub` is recorded only if it
 * is not of a person. The entry of an issuer of people gives their tokens or grants.
 */
const hasOnlyWorkloads = ({ issuer, accepts, grants }: TrustedIssuer, clients: Clients): boolean =>
  !accepts.has('id_token') &&
  !accepts.has('access_token') &&
  grants.id_jag === undefined &&
  grants.chaining_grant === undefined &&
  [...clients.values()].some(({ workload }) => workload?.issuer === issuer);

const show = (value: unknown): string => JSON.stringify(redactValue(value ?? null));
