// Resources, clients, rules and tokens in memory, in the shapes that the judge takes. Unset parts have defaults.
import type { AuditEvent, TokenTrace } from '../../src/audit/event.ts';
import { type Case, type JudgeContext, type Judgement, judge } from '../../src/exchange/judge.ts';
import { type CompiledExpression, compileCondition, compileExpression } from '../../src/expression/condition.ts';
import type { Decision } from '../../src/issuing/authorization.ts';
import type { Client } from '../../src/model/client.ts';
import type { Resource, Targets } from '../../src/model/resource.ts';
import type { TokenFacts } from '../../src/model/token-facts.ts';
import { NO_LEASHES } from '../../src/narrowing/leashes.ts';
import { indexResources, type Targeting } from '../../src/narrowing/targets.ts';
import { conditionVariables } from '../../src/policy/facts.ts';
import { compilePolicy, type Policy } from '../../src/policy/policy.ts';
import {
  ALL_TYPES,
  DEFAULT_TYPES,
  type DenyRule,
  type PartyNames,
  type PartyPattern,
  type Rule,
  type TakenTypes,
} from '../../src/policy/rule.ts';
import { type Reason, Refusal } from '../../src/primitives/refusal.ts';

export const SELF = 'https://login.example';
export const IDP = 'https://idp.example';
export const NOW = 1_800_000_000;

export const resource = (
  audience: string,
  { token, ...more }: Partial<Omit<Resource, 'token'>> & { readonly token?: Partial<Resource['token']> } = {},
): Resource => ({
  audience,
  locations: [],
  scopes: new Set(['read', 'write']),
  scopeNames: new Map(),
  requiredAcr: new Set(),
  requireSenderConstraint: false,
  ...more,
  token: { format: 'jwt', lifetime: 3600, alg: 'ES256', ...token },
});

export const client = (id: string, more: Partial<Client> = {}): Client => ({
  id,
  auth: ['client_secret_post'],
  secrets: [],
  grants: new Set(['token_exchange', 'refresh_token']),
  audiences: [],
  scopes: 'unbounded',
  resource: undefined,
  saml: undefined,
  limits: 'unbounded',
  dpopBoundAccessTokens: false,
  certificateBoundAccessTokens: false,
  redirectUris: [],
  pkce: 'required',
  postLogoutRedirectUris: [],
  refreshLifetime: 0,
  disabled: false,
  ...more,
});

type RuleParts = Partial<Omit<Rule, 'subject' | 'actor' | 'grant'>> & {
  readonly subject?: Partial<Rule['subject']>;
  readonly actor?: Partial<Rule['actor']>;
  readonly grant?: Partial<Rule['grant']>;
};

const ANY_ACTOR = { clientPatterns: [], subjects: 'any', claims: 'always' } as const;

const ANYBODY: PartyPattern = {
  issuers: 'any',
  types: DEFAULT_TYPES,
  clients: 'any',
  ...ANY_ACTOR,
  when: 'always',
  constrained: 'prove',
};

export const types = (...names: readonly string[]): TakenTypes => ({ own: new Set(names), foreign: new Set(names) });

/** A rule for `gateway` and an access token that it may use. */
export const rule = (targets: Targets, { subject, actor, grant, ...more }: RuleParts = {}): Rule => ({
  name: 'rule',
  position: 0,
  effect: 'allow',
  guests: new Set(),
  mode: 'enforce',
  clients: new Set(['gateway']),
  act: 'actor',
  rebind: 'refuse',
  when: 'always',
  ...more,
  subject: { ...ANYBODY, ...subject },
  actor: { ...ANYBODY, presence: 'optional', delegated: 'refuse', ...actor },
  grant: {
    targets,
    scopes: new Set(['read', 'write']),
    scopeMap: 'same',
    types: new Set(['access_token', 'jwt', 'refresh_token']),
    lifetime: undefined,
    refreshToken: 'none',
    refreshLifetime: 86_400,
    maxDepth: 5,
    claims: [],
    ...grant,
  },
});

/** A request for everything, unless parts say more. */
export const denial = ({ subject, actor, ...more }: DenialParts = {}): DenyRule => ({
  name: 'denial',
  position: 0,
  effect: 'deny',
  mode: 'enforce',
  clients: 'any',
  targets: 'any',
  because: undefined,
  when: 'always',
  ...more,
  subject: { ...ANY_TOKEN, ...subject },
  actor: { ...ANY_TOKEN, presence: 'optional', ...actor },
});

type DenialParts = Partial<Omit<DenyRule, 'subject' | 'actor'>> & {
  readonly subject?: Partial<DenyRule['subject']>;
  readonly actor?: Partial<DenyRule['actor']>;
};

const ANY_TOKEN: PartyNames = { issuers: 'any', types: ALL_TYPES, clients: 'any', ...ANY_ACTOR, when: 'always' };

export const when = (text: string): CompiledExpression => compileCondition(text, conditionVariables);
export const value = (text: string): CompiledExpression => compileExpression(text, conditionVariables);

/** A token of ours, issued to `gateway`. */
export function token(sub: string, more: Partial<TokenFacts> = {}): TokenFacts {
  const principal = more.principal ?? { iss: SELF, sub };
  return {
    principal,
    sub,
    origin: undefined,
    type: 'access_token',
    clientId: 'gateway',
    audiences: [],
    chain: [],
    claims: { ...principal },
    id: `id-${sub}`,
    issuedAt: NOW,
    lineage: [],
    actorLineage: [],
    scope: new Set(['read', 'write']),
    agreedAudiences: 'unbounded',
    expiresAt: NOW + 600,
    confirmation: undefined,
    mayAct: undefined,
    authentication: {},
    extraClaims: {},
    ...more,
  };
}

/** The policy as the file would have it. */
export interface World {
  readonly resources: readonly Resource[];
  readonly rules: readonly Rule[];
  readonly denials?: readonly DenyRule[];
}

export interface Parts {
  readonly issuer: string;
  readonly policy: Policy;
  readonly targeting: Targeting;
}

export const partsOf = ({ resources, rules, denials = [] }: World): Parts => ({
  issuer: SELF,
  policy: compilePolicy(SELF, rules, denials),
  targeting: indexResources(resources),
});

/** A file in which each path is its own position. */
export const anyFile = {
  placeOf: (path: readonly (string | number)[]): string => path.join(' '),
  mayName: () => true,
  leftOut: [],
  entries: { resources: [], issuers: [], rules: [] },
  fileClients: new Map(),
};

export const newEvent = (more: Partial<AuditEvent> = {}): AuditEvent => ({
  time: NOW * 1000,
  requestId: 'r-1',
  address: '127.0.0.1',
  action: 'token',
  ...more,
});

export type Asked = Partial<Case['request']> & Partial<Omit<Case, 'request'>>;
export type Told = Pick<Judgement, 'trace'> &
  (
    | { readonly decision: Decision; readonly refusal?: undefined }
    | { readonly decision?: undefined; readonly refusal: Refusal }
  );

/** By default `gateway` presents ada's token. */
export function ask(
  world: World,
  { subject, actor, client: caller, ...request }: Asked,
  more?: Partial<JudgeContext>,
): Told {
  const judged: Case = {
    request: { audiences: [], resources: [], requestedType: 'access_token', scope: undefined, ...request },
    subject: subject ?? token('ada'),
    actor,
    client: caller ?? client('gateway'),
  };
  const { result, trace } = judge(judged, {
    ...partsOf(world),
    leashes: NO_LEASHES,
    now: NOW,
    confirmation: undefined,
    ...more,
  });
  return result instanceof Refusal ? { trace, refusal: result } : { trace, decision: result };
}

/** The reason of a refusal, and its detail if it has one. */
export function reasonOf({ refusal }: Told): Reason | readonly [Reason, string] | undefined {
  return refusal?.detail === undefined ? refusal?.reason : [refusal.reason, refusal.detail];
}

/** Ada's token as an audit row has it. */
export const adaTrace: TokenTrace = {
  iss: SELF,
  sub: 'ada',
  id: 'id-ada',
  declaredType: 'access_token',
  type: 'access_token',
  clientId: 'gateway',
  audiences: ['api'],
  scope: ['read', 'write'],
  chain: [],
  expiresAt: NOW + 600,
};
