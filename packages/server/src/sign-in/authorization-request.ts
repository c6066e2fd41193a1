// Checks what an authorization request asks for: when it arrives, when the person is asked, and when an older code is redeemed.

import type { Client, ClientDirectory } from '../model/client.ts';
import type { Resource, Targets } from '../model/resource.ts';
import {
  checkTargetsAgree,
  limitsOf,
  listedScopes,
  NOT_AGREED,
  narrowScope,
  SIGN_IN_SCOPES,
} from '../narrowing/narrow.ts';
import type { Targeting } from '../narrowing/targets.ts';
import { readScope, readTargets, resolveTargets } from '../narrowing/wanted.ts';
import { type Confirmation, parseConfirmation } from '../primitives/confirmation.ts';
import { type Parameters, parametersOf } from '../primitives/parameters.ts';
import { redactValue } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { Scope } from '../primitives/scope.ts';

/** The parameter that carries our own parameters through the library, packed into one text. */
export const ASKED = 'asked';

const names = [
  ...['audience', 'resource', 'scope', 'requested_actor', 'dpop_jkt', 'response_mode', 'id_token_hint'],
] as const;

export const packRequest = (parameters: Parameters): string =>
  new URLSearchParams(
    names.flatMap((name) => parameters.all(name).map((value): [string, string] => [name, value])),
  ).toString();

/** The checked request. */
export interface WantedSignIn {
  readonly targets: Targets;
  readonly scope: Scope;
  /** The digest of the client's document, if it describes itself. */
  readonly document: string | undefined;
  /** The client that will act for the person: `requested_actor`. */
  readonly actor: string | undefined;
  /** The key that the code will be bound to (RFC 9449 section 10). */
  readonly confirmation: Confirmation | undefined;
}

export interface RequestContext {
  readonly clients: ClientDirectory;
  readonly targeting: Targeting;
  /** This server as a resource: the target of tokens that only identify a person. */
  readonly own: Resource;
}

/**
 * @throws Refusal target_…, targets_disagree, scope_…, dpop_jkt_malformed, response_mode_unsupported
 */
export function evaluateRequest(packed: string, client: Client, context: RequestContext): WantedSignIn {
  const parameters = parametersOf(new URLSearchParams(packed));
  const mode = parameters.get('response_mode');
  if ((mode ?? 'query') !== 'query') throw new Refusal('response_mode_unsupported', { sent: { response_mode: mode } });
  const asked = readScope(parameters);
  const ofTargets = asked && new Set([...asked].filter((name) => !SIGN_IN_SCOPES.has(name)));
  const ofSignIn = [...(asked ?? [])].filter((name) => SIGN_IN_SCOPES.has(name));
  const targets = chooseTargets(parameters, ofTargets?.size !== 0, client, context);
  checkTargetsAgree(targets);
  const listed = listedScopes(client);
  const beyond = ofSignIn.find((name) => !listed.scopes.has(name));
  if (beyond !== undefined)
    throw new Refusal('scope_exceeded', { detail: `not allowed: ${redactValue(beyond)} (missing in the client)` });
  const bounds = {
    subject: 'unbounded',
    actor: 'unbounded',
    rule: 'unbounded',
    family: 'unbounded',
    delegation: 'unbounded',
    ...NOT_AGREED,
    client: listed,
  } as const;
  const limits = limitsOf({ ...bounds, targets, now: 0 });
  const scope = new Set([...ofSignIn, ...narrowScope(ofTargets, limits, targets)]);
  if (scope.size === 0 || (ofTargets?.size === 0 && targets[0].scopes.size > 0)) throw new Refusal('scope_empty');
  return {
    targets,
    scope,
    document: client.document?.digest,
    actor: parameters.get('requested_actor'),
    confirmation: readKey(parameters.get('dpop_jkt')),
  };
}

/** Like `evaluateRequest`, with the client's current entry. @throws Refusal sign_in_client_unknown */
export function evaluateRequestOf(packed: string, clientId: string, context: RequestContext): WantedSignIn {
  const client = context.clients.get(clientId);
  if (client === undefined) throw new Refusal('sign_in_client_unknown');
  return evaluateRequest(packed, client, context);
}

/** The requested targets, which must be audiences of the client. Default: its first audience, or this server if no API scope is requested. */
function chooseTargets(
  parameters: Parameters,
  wantsAccess: boolean,
  client: Client,
  { targeting, own }: RequestContext,
): Targets {
  const asked = resolveTargets(readTargets(parameters), targeting);
  if (asked === 'unknown') throw new Refusal('target_unknown');
  const allowed = client.audiences.map(targeting.byAudience).filter((target) => target !== undefined);
  if (!asked.every((target) => allowed.includes(target))) throw new Refusal('target_not_granted');
  const [first = own, ...others] = asked.length > 0 ? asked : wantsAccess ? allowed.slice(0, 1) : [];
  return [first, ...others];
}

/** The key that the code is bound to, from `dpop_jkt`. */
export const keyOf = (packed: string): Confirmation | undefined =>
  readKey(new URLSearchParams(packed).get('dpop_jkt') ?? undefined);

function readKey(jkt: string | undefined): Confirmation | undefined {
  const confirmation = jkt === undefined ? undefined : parseConfirmation({ jkt });
  if (jkt !== undefined && confirmation === undefined) throw new Refusal('dpop_jkt_malformed');
  return confirmation;
}

/**
 * Checks that the actor is a client, and reads its document if it describes itself. Call it only after the person has signed in or
 * the client has authenticated: an earlier answer would show anyone which clients exist.
 * @throws Refusal requested_actor_unknown, client_document_unavailable
 */
export async function requireActor<T extends { readonly actor?: string | undefined }>(
  wanted: T,
  clients: ClientDirectory,
): Promise<T> {
  const { actor } = wanted;
  if (actor === undefined) return wanted;
  const sent = { requested_actor: actor };
  try {
    if ((await clients.find(actor))?.disabled === false) return wanted;
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'client_document_invalid') throw error;
    throw new Refusal('requested_actor_unknown', { detail: error.detail, sent, cause: error });
  }
  throw new Refusal('requested_actor_unknown', { sent });
}
