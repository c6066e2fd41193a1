// Runs the tests of rules: simulated requests, evaluated with the rules of the file.
import { AllClients } from '../client-auth/all-clients.ts';
import { openClientDocuments } from '../client-auth/client-documents.ts';
import type { RuleServices } from '../exchange/judge.ts';
import { withinAssertion } from '../exchange/redeem.ts';
import { grantOf, type Simulated, type SimulatedRequest, simulate } from '../explain/simulate.ts';
import { readUnsignedToken, type UnsignedToken } from '../explain/unsigned-token.ts';
import type { Decision } from '../issuing/authorization.ts';
import { imaginedClaims } from '../issuing/grant-claims.ts';
import type { Client } from '../model/client.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { indexResources, parseResourceUri } from '../narrowing/targets.ts';
import { Refusal, type Role, reasons, TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { isRedeemed } from '../primitives/token-type.ts';
import type { ValidationContext } from '../subject-tokens/validated-token.ts';
import { indexIssuers, type TrustedIssuer } from '../trust/issuer.ts';
import { indexSubjectNames } from '../trust/subject-names.ts';
import type { Configuration } from './configuration.ts';
import type { Complain } from './fault.ts';
import type { RuleTestOutcome } from './rule-test-outcome.ts';
import type { ConfigurationFile } from './schema.ts';
import type { RuleTest } from './schema-tests.ts';

type Tested = Pick<
  Configuration,
  | 'issuer'
  | 'clients'
  | 'clientDocuments'
  | 'accounts'
  | 'upstream'
  | 'resources'
  | 'authorizationServers'
  | 'policy'
  | 'issuers'
  | 'saml'
>;
type Context = RuleServices & Pick<ValidationContext, 'clients' | 'names' | 'issuers' | 'saml' | 'now'>;

/** A fixed time, so that the result of a test does not depend on the day. */
const NOW = 1_800_000_000;

/** Reports failed tests. @returns the number of tests that were run */
export function runRuleTests(file: ConfigurationFile, tested: Tested, complain: Complain): number {
  const outcomes = judgeRuleTests(file, tested);
  for (const { path, result, why } of outcomes)
    if (why !== undefined) complain(path, why, result === 'failed' ? 'fault' : 'warning');
  return outcomes.filter(({ result }) => result !== 'left out').length;
}

export function judgeRuleTests(file: ConfigurationFile, tested: Tested): readonly RuleTestOutcome[] {
  // No document is fetched: their clients are parties of tokens only.
  const clients = new AllClients(tested.clients, [openClientDocuments(tested.clientDocuments, () => NOW * 1000)]);
  const context: Context = {
    ...tested,
    clients,
    targeting: indexResources(tested.resources, tested.authorizationServers),
    // No keys are fetched, because no signature is verified.
    issuers: indexIssuers(tested.issuers as readonly TrustedIssuer[]),
    names: indexSubjectNames({ ...tested, clients, issuers: [...tested.issuers, ...tested.saml] }),
    saml: new Map(tested.saml.map((entry) => [entry.entityId, entry])),
    now: NOW,
  };
  return file.rules.flatMap((rule, index) =>
    rule.tests.map((test, place): RuleTestOutcome => {
      const client = test.client ?? rule.client?.[0] ?? '';
      const moment = { ...context, confirmation: test.proves };
      const judged = simulate(client, (one) => requestOf(test, one, context), moment, grantOf(test.subject.type));
      const failure = compare(test.expect, judged, context.issuer);
      const about = {
        path: ['rules', index, 'tests', place],
        rule: rule.name ?? `rules[${index}]`,
        name: test.name,
        decidedBy: judged.rule,
      };
      if (failure === undefined) return { ...about, result: 'passed' };
      const disabled = disabledOf(judged, [client, test.subject.client, test.actor?.client], context);
      return disabled === undefined
        ? { ...about, result: 'failed', why: `this test fails: ${failure}.` }
        : { ...about, result: 'left out', why: `this test is left out, because the client ${disabled} is disabled.` };
    }),
  );
}

/** Suspending a client must not make its tests faults, which would keep the client in force. @returns the client that refused the request */
function disabledOf(
  judged: Simulated,
  named: readonly (string | undefined)[],
  { clients }: Pick<Context, 'clients'>,
): string | undefined {
  if (judged.reason === undefined || !judged.reason.endsWith('client_disabled')) return undefined;
  return named.find((id) => id !== undefined && clients.get(id)?.disabled);
}

/** @throws Refusal */
function requestOf(test: RuleTest, client: Client, context: Context): SimulatedRequest {
  const resources = (test.resource ?? []).map((text) => {
    const uri = parseResourceUri(text);
    if (uri === undefined) throw new Refusal('target_malformed');
    return uri;
  });
  const wanted = { audiences: test.audience ?? [], resources, scope: test.scope && new Set(test.scope) };
  const subject = tokenOf('subject', test.subject, client, context);
  const targeted = isRedeemed(subject.type) ? withinAssertion(subject, wanted, context.targeting) : wanted;
  return {
    request: { ...targeted, requestedType: test.requestedType },
    subject,
    actor: test.actor && tokenOf('actor', test.actor, client, context),
  };
}

function tokenOf(role: Role, token: UnsignedToken, client: Client, context: Context): TokenFacts {
  try {
    return readUnsignedToken(token, { ...context, client, people: 'any' });
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    throw isRedeemed(token.type) ? error.asRedeemed() : error.as(role);
  }
}

/** @returns what differs from the expectation */
function compare(expect: RuleTest['expect'], judged: Simulated, issuer: string): string | undefined {
  const wanted = typeof expect === 'object' && 'refused' in expect ? expect.refused : undefined;
  if (judged.reason !== undefined) {
    if (judged.reason === wanted) return undefined;
    const { meaning } = reasons[judged.reason];
    return `expected ${wanted ?? 'it to be allowed'}, but it is refused for ${judged.reason} (${meaning})`;
  }
  if (wanted !== undefined) return `expected ${wanted}, but it is allowed by “${judged.rule}”`;
  return typeof expect === 'object' && 'allowed' in expect
    ? compareClaims(expect.allowed, judged.decision, issuer)
    : undefined;
}

function compareClaims(wanted: JsonObject, decision: Decision, issuer: string): string | undefined {
  const claims = imaginedClaims(decision, { issuer, id: 'imagined', now: NOW });
  for (const [name, value] of Object.entries(wanted)) {
    if (!holds(claims[name], value))
      return `expected ${name} to be ${textOf(value)}, but it is ${textOf(claims[name])}`;
  }
  return undefined;
}

const textOf = (value: unknown): string => (value === undefined || value === null ? 'absent' : JSON.stringify(value));

/** Compares the named members of an object; other values must be equal; null stands for an absent value. */
function holds(given: unknown, wanted: unknown): boolean {
  if (wanted === null) return given === undefined;
  if (typeof wanted !== 'object' || Array.isArray(wanted)) return JSON.stringify(given) === JSON.stringify(wanted);
  return (
    typeof given === 'object' &&
    given !== null &&
    Object.entries(wanted).every(([name, value]) => holds((given as JsonObject)[name], value))
  );
}
