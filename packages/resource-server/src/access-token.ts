// Reads the claims of an access token, and checks them against the requirements of a route.
import { checkActors } from './check-options.ts';
import { AccessRefusal, Denial, type Scheme } from './refusal.ts';
import type { Actor, ActorPattern, Claims, Requirements } from './requirements.ts';

export interface AccessToken {
  readonly issuer: string;
  /** The `sub` of the token. */
  readonly subject: string;
  readonly clientId: string;
  readonly scope: ReadonlySet<string>;
  readonly audience: readonly string[];
  /** Seconds since 1970. */
  readonly expiresAt: number;
  /** The authentication scheme of the request. */
  readonly scheme: Scheme;
  /** The claims of a JWT, or the answer of introspection. */
  readonly claims: Claims;
}

/** @throws Denial invalid_token if a required member is missing or malformed */
export function readAccessToken(
  claims: Claims,
  expected: { issuer: string; audience: string },
  scheme: Scheme,
): AccessToken {
  const { iss = expected.issuer, sub, aud, exp, client_id: clientId, scope = '' } = claims;
  const audience = (Array.isArray(aud) ? aud : [aud]).filter((one) => typeof one === 'string');
  if (iss !== expected.issuer || !audience.includes(expected.audience)) throw new Denial('invalid_token');
  if (typeof sub !== 'string' || typeof clientId !== 'string' || typeof scope !== 'string' || typeof exp !== 'number') {
    throw new Denial('invalid_token');
  }
  const token: AccessToken = {
    issuer: expected.issuer,
    subject: sub,
    clientId,
    scope: new Set(scope.split(' ').filter(Boolean)),
    audience,
    expiresAt: exp,
    scheme,
    claims,
  };
  actors(token);
  return token;
}

/**
 * Returns the actors, the current one first. Earlier actors inform only: access depends on the current one (RFC 8693
 * section 4.1), which alone `requireActor` and `Requirements` read. An actor without `iss` has the issuer of the token. Of each
 * actor, only the members that identify it and say what it is are read.
 */
export function actors({ claims, issuer }: AccessToken): readonly Actor[] {
  const chain: Actor[] = [];
  for (let next = claims.act; next !== undefined; next = (next as { act?: unknown }).act) {
    const { iss = issuer, sub, sub_profile: profile } = (next ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof iss !== 'string' || typeof sub !== 'string') throw new Denial('invalid_token');
    const subProfile = typeof profile === 'string' ? profile.split(' ').filter(Boolean) : [];
    chain.push({ iss, sub, ...(subProfile.length > 0 && { subProfile }) });
  }
  return chain;
}

/** @param now milliseconds since 1970 @throws Denial insufficient_scope, actor_unauthorized, insufficient_user_authentication */
export function checkRequirements(token: AccessToken, { scope, actor, acr, maxAge }: Requirements, now: number): void {
  if (!(scope ?? '').split(' ').every((name) => name === '' || token.scope.has(name))) {
    const cause = new Error(`the token has the scope ${JSON.stringify([...token.scope].join(' '))}`);
    throw new Denial('insufficient_scope', { cause, attributes: { scope } });
  }
  if (actor !== undefined && !isActedBy(token, [actor].flat())) throw actorDenied(token);
  const { acr: context, auth_time: authenticatedAt } = token.claims;
  const wanted = acr === undefined ? undefined : [acr].flat();
  const current =
    maxAge === undefined || (typeof authenticatedAt === 'number' && now / 1000 - authenticatedAt <= maxAge);
  if ((wanted !== undefined && !wanted.some((one) => one === context)) || !current) {
    const attributes = { acr_values: wanted?.join(' '), max_age: maxAge?.toString() };
    throw new Denial('insufficient_user_authentication', { attributes });
  }
}

function isActedBy(token: AccessToken, patterns: readonly ActorPattern[]): boolean {
  const [current] = actors(token);
  if (current === undefined) return false;
  return patterns.some(({ iss, sub, subProfile }) => {
    const issuer = iss ?? (sub === undefined ? current.iss : token.issuer);
    const isOfKind = subProfile === undefined || current.subProfile?.includes(subProfile) === true;
    return issuer === current.iss && (sub === undefined || sub === current.sub) && isOfKind;
  });
}

/** The actor profile has a code of its own: more scope would not help. */
function actorDenied(token: AccessToken): Denial {
  const [current] = actors(token);
  const cause = new Error(current === undefined ? 'nobody acts' : `${current.sub} of ${current.iss} acts`);
  return new Denial('actor_unauthorized', { cause, attributes: { error_description: 'Another actor must act here' } });
}

/**
 * Checks the actor inside a handler, for a handler that learns late which actors are allowed.
 * @param anyOf patterns as in `Requirements`: at least one; `{}` matches every actor, but there must be an actor
 * @returns the current actor @throws AccessRefusal actor_unauthorized
 */
export function requireActor(token: AccessToken, ...anyOf: readonly ActorPattern[]): Actor {
  checkActors(anyOf);
  const [current] = actors(token);
  if (current === undefined || !isActedBy(token, anyOf)) {
    const denial = actorDenied(token);
    throw new AccessRefusal(denial, [[token.scheme, { error: denial.code, ...denial.details.attributes }]]);
  }
  return current;
}
