// Explains, for a request without a client, why the token that it sends identifies no workload.
import { readCompact } from '../keys/jws.ts';
import type { Clients } from '../model/client.ts';
import { stringList } from '../primitives/claims.ts';
import { isName } from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { trustDomainOf } from '../primitives/spiffe-id.ts';
import { findIssuerOf } from '../trust/issuer.ts';
import type { AuthenticationContext } from './method.ts';

/** Maximum number of listed workloads. */
const MAX_WORKLOADS = 10;
/** A longer token is not read to explain a refusal: parsing costs the server time and the caller nothing. */
const MAX_CHARACTERS = 8192;

/**
 * Says for each workload why a token with these claims does not identify it, those of its issuer first.
 * @param issuer of the entry that decides about the token; undefined if there is none
 */
export function describeWorkloads(
  issuer: string | undefined,
  audiences: readonly string[],
  clients: Clients,
): readonly string[] {
  const tried = [...clients.values()].flatMap(({ id, workload }) => {
    if (workload === undefined) return [];
    const sameIssuer = workload.issuer === issuer;
    const parts = [
      ...(sameIssuer ? [] : [`its issuer is ${workload.issuer}`]),
      ...(audiences.includes(workload.audience) ? [] : [`its audience is ${workload.audience}`]),
    ];
    const text =
      parts.length === 0
        ? `the workload of ${id} fits, and another one, too: name the client with client_id`
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
    return `the subject token is longer than the ${MAX_CHARACTERS} characters that are read without a client`;
  try {
    const { payload } = readCompact(token);
    const { iss, sub, aud } = payload;
    if (iss === own) return 'the subject token is of this server, and only tokens of other issuers name a workload';
    const domain = trustDomainOf(sub);
    const named = iss ?? (domain === undefined ? undefined : `spiffe://${domain}`);
    const stated = `the subject token has iss ${show(named)} and aud ${show(aud)}`;
    if (!isName(named)) return `${stated}, and without an issuer it names no workload`;
    const issuer = findIssuerOf(payload, issuers)?.issuer;
    return [stated, ...describeWorkloads(issuer, stringList(aud) ?? [], clients)].join('; ');
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    return `the subject token names no workload, because it is not a JWT: ${error.detail ?? error.fault}`;
  }
}

const show = (value: unknown): string => JSON.stringify(redactValue(value ?? null));
