// Compares the values that a caller sent with the known ones, and finds the nearest known value.
import type { AuditEvent } from '../audit/event.ts';
import type { Client, ClientDirectory } from '../model/client.ts';
import type { Resource } from '../model/resource.ts';
import { parseResourceUri, type Targeting } from '../narrowing/targets.ts';
import { nearest } from '../primitives/nearest.ts';
import { REDACTED } from '../primitives/redact.ts';
import type { Reason } from '../primitives/refusal.ts';
import { tokenTypeUri } from '../primitives/token-type.ts';
import type { TrustedIssuers } from '../trust/issuer.ts';
import type { SamlIssuerEntry } from '../trust/saml-issuer.ts';
import type { FileIndex } from './locate.ts';

export interface ValueContext {
  readonly issuer: string;
  readonly file: FileIndex;
  readonly clients: ClientDirectory;
  readonly issuers: TrustedIssuers;
  readonly saml: ReadonlyMap<string, SamlIssuerEntry>;
  readonly targeting: Targeting;
  readonly resources: readonly Resource[];
  readonly enabledTypes: ReadonlySet<string>;
  /** Every grant by its short name, with its grant_type. */
  readonly grants: readonly { readonly name: string; readonly grantType: string }[];
}

export interface ExplainedValue {
  /** The parameter, claim or header. */
  readonly name: string;
  /** The value in the audit row. */
  readonly sent?: unknown;
  /** Accepted values, the nearest first; at most ten. */
  readonly known?: readonly string[];
  /** The number of further accepted values. */
  readonly more?: number;
  /** The known value that was probably meant. */
  readonly nearest?: string;
}

const MAX_KNOWN = 10;

/** Lists the values sent, in recorded order, each with the known values of its kind. */
export function explainValues(event: AuditEvent, context: ValueContext): readonly ExplainedValue[] {
  const { reason, sent = {} } = event;
  if (reason === undefined) return [];
  const values = { ...sent, ...sentElsewhere(reason, event) };
  // A registered audience that is not granted is not a typing mistake, nor is a name that may be in a file that was left out.
  const isGuessed = reason !== 'target_not_granted' && context.file.leftOut.length === 0;
  return Object.entries(values).map(([name, value]) => {
    const all = known(name, reason, event, context);
    const isKnown = (one: unknown): boolean => namesTarget(name, one, context);
    return compare(name, value, all, { isKnown, guesses: isGuessed ? all : undefined });
  });
}

/** Returns values that have their own fields in the audit row. */
function sentElsewhere(
  reason: Reason,
  { audiencesAsked = [], resourcesAsked = [], scopeAsked, clientClaimed }: AuditEvent,
): Readonly<Record<string, unknown>> {
  if (reason.startsWith('target_') && reason !== 'target_malformed') {
    return {
      ...(audiencesAsked.length > 0 && { audience: audiencesAsked }),
      ...(resourcesAsked.length > 0 && { resource: resourcesAsked }),
    };
  }
  if (reason.startsWith('scope_') && scopeAsked !== undefined) return { scope: scopeAsked };
  return reason === 'client_unknown' && clientClaimed !== undefined ? { client_id: clientClaimed } : {};
}

/** Is it the name of a target in another form: with a slash at the end, or a URI below a location? */
function namesTarget(name: string, sent: unknown, { targeting }: ValueContext): boolean {
  if (typeof sent !== 'string' || (name !== 'audience' && name !== 'resource')) return false;
  const { byAudience, byUri, elsewhere } = targeting;
  const uri = name === 'resource' ? parseResourceUri(sent) : undefined;
  const here = uri === undefined ? byAudience(sent) : byUri(uri);
  return (here ?? elsewhere.byServer(sent) ?? elsewhere.byName(sent)) !== undefined;
}

/** @param guesses the values of which one may be meant */
function compare(
  name: string,
  sent: unknown,
  all: readonly string[] | undefined,
  {
    isKnown,
    guesses = [],
  }: { readonly isKnown: (one: unknown) => boolean; readonly guesses?: readonly string[] | undefined },
): ExplainedValue {
  if (all === undefined) return { name, sent };
  const wrong = [sent].flat().filter((one) => !all.some((name) => name === one) && !isKnown(one));
  if (wrong.length === 0) return { name, sent };
  const [meant] = wrong.flatMap((one) =>
    typeof one === 'string' && one !== REDACTED ? (nearest(one, guesses) ?? []) : [],
  );
  const ordered = meant === undefined ? all : [meant, ...all.filter((one) => one !== meant)];
  const more = ordered.length - MAX_KNOWN;
  return {
    name,
    sent,
    known: ordered.slice(0, MAX_KNOWN),
    ...(more > 0 && { more }),
    ...(meant !== undefined && { nearest: meant }),
  };
}

/** Describes a value in one line. */
export function describeValue({ name, sent, known, more, nearest }: ExplainedValue): string {
  const value = Array.isArray(sent) && sent.length === 1 ? sent[0] : sent;
  const list = known && (known.length === 0 ? 'nothing' : known.join(', '));
  return [
    `${name} was ${value === undefined ? 'not sent' : JSON.stringify(value)}`,
    list && `; known: ${list}${more === undefined ? '' : ` and ${more} more`}`,
    nearest && `. Did you mean ${nearest}?`,
  ]
    .filter(Boolean)
    .join('');
}

type Known = (event: AuditEvent, context: ValueContext) => readonly string[] | undefined;

/** @returns undefined if the value was not the fault */
function known(name: string, reason: Reason, event: AuditEvent, context: ValueContext): readonly string[] | undefined {
  return knownOf[name]?.(reason, event)?.(event, context);
}

const clientOf = ({ client, clientClaimed }: AuditEvent, { clients }: ValueContext): Client | undefined =>
  clients.get(client ?? clientClaimed ?? '');

const audiencesOf: Known = (event, context) => {
  const named = context.issuers.byPrincipal(String(event.sent?.iss));
  const saml = context.saml.get(String(event.sent?.iss));
  const all = [...(named?.audiences ?? saml?.audiences ?? [])];
  return all.length === 0 ? [context.issuer] : all;
};

const issuersKnown: Known = (_event, { issuer, issuers, saml }) => [
  ...issuers.all().map((one) => one.issuer),
  ...saml.keys(),
  issuer,
];

const algorithmsOf: Known = ({ sent }, { issuers }) => {
  const entry = issuers.byPrincipal(String(sent?.iss));
  return entry && [...entry.algorithms];
};

const enabledUris: Known = (_event, { enabledTypes }) => [...enabledTypes].map(tokenTypeUri);

const grantTypes: Known = (event, context) => {
  const allowed = clientOf(event, context)?.grants;
  return context.grants.filter(({ name }) => allowed?.has(name) !== false).map(({ grantType }) => grantType);
};

const registeredUris: Known = (event, context) => {
  const client = clientOf(event, context);
  return event.action === 'logout' ? client?.postLogoutRedirectUris : client?.redirectUris;
};

/** Audiences of all resources, if rules decide; otherwise those of the client's entry. */
const audiencesKnown: Known = (event, context) => {
  const own = clientOf(event, context)?.audiences ?? [];
  const byClient = event.reason === 'target_not_granted' && event.mismatches === undefined && own.length > 0;
  return byClient ? own : [...context.targeting.audiences, ...serverNames(context)];
};

const serverNames = ({ targeting }: ValueContext): readonly string[] =>
  targeting.elsewhere.servers.flatMap(({ server: { issuer, aliases } }) => [issuer, ...aliases]);

const locations: Known = (_event, { resources, targeting }) => [
  ...resources.flatMap((one) => one.locations),
  ...targeting.elsewhere.servers.flatMap(({ targets }) => targets.map(({ audience }) => audience)),
];

const scopesKnown: Known = ({ targets, audiencesAsked = [] }, { targeting }) => {
  const asked = (targets ?? audiencesAsked).map((name) => targeting.byAudience(name));
  const all = asked.flatMap((target) => [...(target?.scopes ?? [])]);
  return all.length === 0 ? [...targeting.scopes] : [...new Set(all)];
};

const clientIds: Known = (_event, { clients }) => [...clients.keys()];

/** The known values for a name, if the reason is about that value. */
const knownOf: Readonly<Record<string, (reason: Reason, event: AuditEvent) => Known | undefined>> = {
  iss: (reason) => (/^(?:subject|actor)_token_unknown_issuer$/.test(reason) ? issuersKnown : undefined),
  aud: (reason) => (/_token_audience$/.test(reason) ? audiencesOf : undefined),
  alg: (reason) => (/_token_algorithm$/.test(reason) ? algorithmsOf : undefined),
  grant_type: () => grantTypes,
  subject_token_type: () => enabledUris,
  actor_token_type: () => enabledUris,
  redirect_uri: (reason) => (reason === 'code_redirect_uri' ? undefined : registeredUris),
  post_logout_redirect_uri: () => registeredUris,
  audience: () => audiencesKnown,
  resource: () => locations,
  scope: (reason) => (reason === 'scope_malformed' ? undefined : scopesKnown),
  client_id: () => clientIds,
  requested_actor: () => clientIds,
};
