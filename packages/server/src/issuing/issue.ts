// Issues the tokens of an authorization. No other file does, and no token leaves before its audit row is committed.
import type { AuditEvent, GrantTrace, IssuedTrace } from '../audit/event.ts';
import { commitWrites, insertionOf, type Write, writeOf } from '../audit/write.ts';
import { signCompact } from '../keys/jws.ts';
import { scopeThere } from '../model/authorization-server.ts';
import type { Leash } from '../model/leash.ts';
import { withoutOrigins } from '../primitives/principal.ts';
import { Refusal } from '../primitives/refusal.ts';
import { formatScope } from '../primitives/scope.ts';
import { sha256 } from '../primitives/secret.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { step } from '../primitives/tracing.ts';
import { opaqueTokenInsertion } from '../store/opaque-tokens.ts';
import { consumption } from '../store/sign-in-artifacts.ts';
import { firstUse } from '../store/used-ids.ts';
import { accessTokenClaims } from './access-token-claims.ts';
import { headerTypeOf } from './access-token-form.ts';
import type { Authorization, ServerGrantContent, SingleUse } from './authorization.ts';
import { GRANT_HEADER_TYPES, grantClaims, subjectThere } from './grant-claims.ts';
import { type Identity, signIdToken } from './id-token.ts';
import { describeIssued, type IssuedType } from './issued-members.ts';
import { countingLeashes } from './leash-counter.ts';
import { formatOpaqueToken } from './opaque-token.ts';
import { planRefresh } from './refresh.ts';
import type { AsOf, PlannedToken, TokenSigner } from './signer.ts';
import { refuseSuspended } from './suspensions.ts';

export interface IssuedToken {
  readonly text: string;
  readonly tokenType: IssuedType;
  /** Lifetime in whole seconds. */
  readonly expiresIn: number;
  /** Empty if the resource has no scopes. */
  readonly scope: string;
  /** The refresh token issued with an access token. */
  readonly refreshToken: string | undefined;
  /** The ID token issued with an access token. */
  readonly idToken: string | undefined;
}

/**
 * @param asOf when the grant began to decide: lifetimes are counted from then
 * @throws Refusal store_unavailable, actor_suspended, actor_limit_…, …_replayed, refresh_token_reused, code_reused; then no token is issued
 */
export async function issue(
  authorization: Authorization,
  event: AuditEvent,
  by: TokenSigner,
  asOf: AsOf,
): Promise<IssuedToken> {
  refuseSuspended(authorization, by);
  const leashes = countingLeashes(authorization.leashes);
  by.leashCounter.refuseEarly(leashes);
  const refresh = authorization.refresh && planRefresh(authorization, authorization.refresh, by, asOf);
  const access =
    authorization.type === 'refresh_token' ? undefined : planAccess(authorization, refresh?.family, by, asOf);
  const idToken =
    access &&
    authorization.identity &&
    planIdToken(authorization, authorization.identity, access, refresh?.family, by, asOf);
  const planned = [access, refresh, idToken].filter((one) => one !== undefined);
  const [main] = planned;
  if (main === undefined) throw new Error('a refresh token was authorized without a family');
  // A separate event: if the commit fails, the request's own event must not say that a token was issued.
  const facts = {
    outcome: 'issued',
    principal: { iss: by.issuer, sub: authorization.sub },
    ...(authorization.grantFor && { grantFor: traceGrant(authorization.grantFor, authorization, by) }),
    chain: withoutOrigins(authorization.chain),
    targets: authorization.targets.map(({ audience }) => audience),
    scopeGiven: [...authorization.scope],
    issued: planned.map(({ trace }) => trace),
    ...(leashes.length > 0 && { limitedBy: leashes.map(({ name }) => name) }),
    ...(authorization.rebound && { rebound: authorization.rebound }),
    duration: by.clock() - event.time,
  } satisfies Partial<AuditEvent>;
  try {
    // Sorted, so that two requests that use the same two ids cannot deadlock.
    const uses = authorization.uses.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(useOnce);
    await claimUses(authorization.uses, by);
    const redeems = authorization.redeems === undefined ? [] : [redeem(authorization.redeems, by)];
    const counted = leashes.length === 0 ? [] : [count(leashes, authorization, planned, by, asOf)];
    const writes = [...counted, ...redeems, ...uses, ...planned.flatMap((one) => one.writes)];
    const alone = <T>(work: () => Promise<T>) => by.leashCounter.inTurn(leashes, work);
    await step('commit', () => commitWrites(by.audit, { ...event, ...facts }, writes, alone));
    Object.assign(event, facts);
  } catch (error) {
    // A concurrent request rotated first, and its successor was used. This request is handled as if it had come later.
    if (refresh !== undefined && error instanceof Refusal && error.reason === 'refresh_token_reused')
      await by.revocations.revoke(refresh.trace.id);
    // One of the two requests may be a thief's (RFC 6749 section 4.1.2).
    if (authorization.redeems !== undefined && error instanceof Refusal && error.reason === 'code_reused')
      await by.revocations.revoke(authorization.redeems.id);
    throw error;
  }
  return {
    text: main.text,
    ...describeIssued(authorization),
    expiresIn: main.trace.expiresAt - asOf.now,
    refreshToken: access === undefined ? undefined : refresh?.text,
    idToken: idToken?.text,
  };
}

/** ID tokens do not count: they are for the client alone. */
function count(
  leashes: readonly Leash[],
  authorization: Authorization,
  planned: readonly PlannedToken[],
  by: TokenSigner,
  { now }: AsOf,
): Write {
  const { clientId, sub, origin, chain, lineage, actorLineage } = authorization;
  const principal = { iss: by.issuer, sub };
  const tokens = planned.filter(({ trace }) => trace.type !== 'id_token').map(({ trace }) => trace);
  const facts = { clientId, principal, sub, origin, chain, lineage, actorLineage, issuedAt: now };
  return by.leashCounter.count({ leashes, tokens, facts }, by.clock());
}

function planAccess(
  authorization: Authorization,
  family: string | undefined,
  by: TokenSigner,
  { now, epoch }: AsOf,
): PlannedToken {
  const id = by.revocations.ids.make(epoch);
  const expiresAt = now + authorization.lifetime;
  if (authorization.grantFor !== undefined)
    return planGrant(authorization, authorization.grantFor, { id, now, expiresAt }, by);
  const claims = accessTokenClaims(authorization, { issuer: by.issuer, id, family, now, expiresAt });
  const trace = { id, type: 'access_token', expiresAt };
  const [target] = authorization.targets;
  const { format, alg, secret } = target.token;
  if (format === 'opaque' && authorization.type !== 'jwt') {
    const { clientId } = authorization;
    return planOpaque(formatOpaqueToken({ id, clientId }, by.refreshKey), claims, trace);
  }
  if (secret !== undefined) return { text: signCompact(headerTypeOf(target), claims, secret), trace, writes: [] };
  const key = by.keys.signing(alg);
  const text = signCompact(headerTypeOf(target), claims, key);
  // Agents mostly exchange tokens that were issued here a moment ago.
  by.signatures.add(text, key.publicKey.key);
  return { text, trace, writes: [] };
}

/** A grant for another server. Its `kid` is in our main key set, which that server reads. */
function planGrant(
  authorization: Authorization,
  grantFor: ServerGrantContent,
  { id, now, expiresAt }: { readonly id: string; readonly now: number; readonly expiresAt: number },
  by: TokenSigner,
): PlannedToken {
  const sub = subjectThere(grantFor, authorization.sub, by.pairwiseKey);
  const claims = grantClaims({ ...authorization, grantFor }, { issuer: by.issuer, id, sub, now, expiresAt });
  const text = signCompact(GRANT_HEADER_TYPES[grantFor.kind], claims, by.keys.signing(by.defaultAlgorithm));
  return { text, trace: { id, type: grantFor.kind, expiresAt }, writes: [] };
}

const traceGrant = (grantFor: ServerGrantContent, { sub, scope }: Authorization, by: TokenSigner): GrantTrace => ({
  issuer: grantFor.server.issuer,
  clientId: grantFor.clientId,
  sub: subjectThere(grantFor, sub, by.pairwiseKey),
  scope: [...scopeThere(scope, grantFor.server)],
});

function planOpaque(text: string, claims: JsonObject, trace: IssuedTrace): PlannedToken {
  const row = { hash: sha256(text), claims: JSON.stringify(claims), expires_at: trace.expiresAt * 1000 };
  return { text, trace, writes: [insertionOf(opaqueTokenInsertion(row))] };
}

/** The ID token has the lifetime of the access token issued with it. */
function planIdToken(
  authorization: Authorization,
  identity: Identity,
  { text: accessToken, trace: { expiresAt } }: PlannedToken,
  family: string | undefined,
  by: TokenSigner,
  { now, epoch }: AsOf,
): PlannedToken {
  const id = by.revocations.ids.make(epoch);
  const { sub, origin, clientId, authentication, scope, targets, mayAct, confirmation, delegation } = authorization;
  const lineage = family === undefined ? authorization.lineage : [family, ...authorization.lineage];
  const agreed = {
    scope: formatScope(scope),
    aud: targets.map(({ audience }) => audience),
    ...(mayAct && { may_act: mayAct }),
    ...(confirmation && { cnf: confirmation }),
  };
  const about = { id, sub, origin, clientId, authentication, agreed, lineage, delegation, accessToken, now, expiresAt };
  return { text: signIdToken(identity, about, by), trace: { id, type: 'id_token', expiresAt }, writes: [] };
}

const redeem = ({ artifact }: { readonly artifact: string }, { clock }: TokenSigner): Write =>
  writeOf(
    (database) => consumption(artifact, clock())(database),
    async () => {
      throw new Refusal('code_reused');
    },
  );

/** An id that another region remembers is used up even if the commit fails: it is never used twice. */
async function claimUses(uses: readonly SingleUse[], { claimUse }: TokenSigner): Promise<void> {
  for (const { id, expiresAt, replayed } of uses) if (!(await claimUse(id, expiresAt))) throw new Refusal(replayed);
}

const useOnce = ({ id, expiresAt, replayed }: SingleUse): Write =>
  writeOf(firstUse(id, expiresAt * 1000), async () => {
    throw new Refusal(replayed);
  });
