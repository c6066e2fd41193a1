// Do the rules do what their tests say? Imagined requests, judged by the file's own rules.
import type { AuditEvent } from '../audit/event.ts';
import { imagineToken } from '../exchange/imagine.ts';
import { type JudgeContext, judge } from '../exchange/judge.ts';
import { accessTokenClaims } from '../issuing/access-token-claims.ts';
import type { Decision } from '../issuing/authorization.ts';
import { indexResources, parseResourceUri } from '../policy/targets.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { TokenFacts } from '../subject-tokens/validated-token.ts';
import type { IssuerEntry } from '../trust/issuer.ts';
import type { Configuration } from './configuration.ts';
import type { Complain, Path } from './fault.ts';
import type { ConfigurationFile, ImaginedToken, RuleTest } from './schema.ts';

type Tested = Pick<Configuration, 'issuer' | 'clients' | 'resources' | 'policy' | 'issuers'>;

/** A fixed time: what a test says does not depend on the day. */
const NOW = 1_800_000_000;

/** @returns how many tests were run; the failed ones are told */
export function runRuleTests(file: ConfigurationFile, configuration: Tested, complain: Complain): number {
  const context = { ...configuration, targeting: indexResources(configuration.resources), now: NOW };
  let count = 0;
  for (const [index, rule] of file.rules.entries()) {
    for (const [place, test] of rule.tests.entries()) {
      count++;
      const failure = runTest(test, rule.client[0] ?? '', context);
      if (failure !== undefined)
        complain(['rules', index, 'tests', place] as Path, `${test.name ?? 'test'} fails: ${failure}`);
    }
  }
  return count;
}

/** @returns what is wrong */
function runTest(test: RuleTest, ruleClient: string, context: Tested & JudgeContext): string | undefined {
  const id = test.client ?? ruleClient;
  const client = context.clients.get(id);
  if (client === undefined) return `there is no client ${id}`;
  const event: AuditEvent = { time: NOW * 1000, requestId: '', address: '', action: 'none', client: id };
  try {
    const resources = (test.resource ?? []).map(parseResourceUri);
    if (resources.includes(undefined)) throw new Refusal('target_malformed');
    const request = {
      audiences: test.audience ?? [],
      resources: resources.filter((uri) => uri !== undefined),
      requestedType: test.requestedType,
      scope: test.scope && new Set(test.scope),
    };
    const subject = imagine(test.subject, id, context);
    const actor = test.actor && imagine(test.actor, id, context);
    return compare(test.expect, judge({ request, subject, actor, client }, event, context), context);
  } catch (error) {
    const reason =
      error instanceof Refusal ? error.reason : error instanceof TokenRefusal ? error.as('subject').reason : undefined;
    if (reason === undefined) throw error;
    const expected = typeof test.expect === 'object' && 'refused' in test.expect ? test.expect.refused : undefined;
    return expected === reason
      ? undefined
      : `${expected === undefined ? 'it' : `not for ${expected}: it`} is refused for ${reason}`;
  }
}

function imagine(token: ImaginedToken, caller: string, { issuer: self, issuers }: Tested): TokenFacts {
  const { claims, type, audiences, scope, expiresIn } = token;
  const entry = issuers.find((one) => one.name === token.issuer || one.issuer === token.issuer);
  const iss = token.issuer === 'self' ? self : (entry?.issuer ?? token.issuer);
  const own = iss === self;
  const principal = { iss, sub: String(claims.sub) };
  return imagineToken(
    {
      principal,
      sub: own ? principal.sub : nameOf(principal.sub, claims, entry),
      type,
      clientId: token.client ?? (own ? caller : undefined),
      audiences,
      // A token of ours that says nothing may do nothing; a test that says nothing of scope means one that may do all.
      scope: scope && new Set(scope),
      expiresAt: NOW + expiresIn,
      claims: { iss, ...claims },
      extraClaims: Object.fromEntries((entry?.claims ?? []).map(([name, mapping]) => [name, mapping({ claims })])),
    },
    self,
  );
}

const nameOf = (sub: string, claims: JsonObject, entry: IssuerEntry | undefined): string =>
  entry?.subject === undefined ? `${entry?.name ?? 'unknown'}:${sub}` : String(entry.subject({ claims }));

function compare(expect: RuleTest['expect'], decision: Decision, { issuer }: Tested): string | undefined {
  if (expect === 'allowed') return undefined;
  if ('refused' in expect) return `it is allowed, not refused for ${expect.refused}`;
  const claims = accessTokenClaims(decision, {
    issuer,
    id: '',
    family: undefined,
    now: NOW,
    expiresAt: NOW + decision.lifetime,
  });
  for (const [name, wanted] of Object.entries(expect.allowed)) {
    const given = claims[name];
    if (!holds(given, wanted)) return `${name} is ${JSON.stringify(given) ?? 'absent'}, not ${JSON.stringify(wanted)}`;
  }
  return undefined;
}

/** Of an object the members that are named; everything else exactly; null is absence. */
function holds(given: unknown, wanted: unknown): boolean {
  if (wanted === null) return given === undefined;
  if (typeof wanted !== 'object' || Array.isArray(wanted)) return JSON.stringify(given) === JSON.stringify(wanted);
  return (
    typeof given === 'object' &&
    given !== null &&
    Object.entries(wanted).every(([name, value]) => holds((given as JsonObject)[name], value))
  );
}
