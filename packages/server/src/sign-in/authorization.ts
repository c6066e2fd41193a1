// Answers authorization requests: in the browser (RFC 6749 section 4.1.1), pushed (RFC 9126), and from devices (RFC 8628 section 3.1).

import type { AuditEvent } from '../audit/event.ts';
import { recordSent } from '../audit/sent.ts';
import { refuseGrant } from '../client-auth/refuse-grant.ts';
import { isSuspendedClient } from '../issuing/suspensions.ts';
import { type Client, isPublic } from '../model/client.ts';
import { noteWanted, readScope, readTargets } from '../narrowing/wanted.ts';
import { seconds } from '../primitives/clock.ts';
import { type Parameters, refuseRepeated } from '../primitives/parameters.ts';
import { recordName } from '../primitives/redact.ts';
import { type Reason, Refusal } from '../primitives/refusal.ts';
import { formatScope } from '../primitives/scope.ts';
import { POLL_INTERVAL_SECONDS } from '../store/sign-in-artifacts.ts';
import { artifactId } from './artifacts.ts';
import { ASKED, evaluateRequest, packRequest, requireActor } from './authorization-request.ts';
import {
  type BrowserAnswer,
  type BrowserRequest,
  redirectToGet,
  toBrowserAnswer,
  withBrowserCookie,
} from './browser.ts';
import { formOf } from './features.ts';
import { requireOwn } from './interaction.ts';
import type { LibraryAnswer } from './library.ts';
import { CODE_SECONDS } from './lifetimes.ts';
import { switchAccountPage } from './pages/logout.ts';
import { routes } from './paths.ts';
import type { ProviderContext } from './provider.ts';
import { isRegistered } from './redirect-uri.ts';
import { refusalOf } from './refusals.ts';
import type { SignIn } from './sign-in.ts';

/** Parameters that the library gets unchanged. */
const PASSED = [
  ...['client_id', 'response_type', 'redirect_uri', 'state', 'nonce', 'code_challenge', 'display'],
  ...['code_challenge_method', 'prompt', 'max_age', 'login_hint', 'ui_locales', 'acr_values', 'request', 'request_uri'],
] as const;

/** Parameters that may not be repeated. */
export const authorizationParameters: ReadonlySet<string> = new Set([
  ...PASSED,
  ...['scope', 'requested_actor', 'dpop_jkt', 'response_mode', 'id_token_hint'],
]);

/** The request for the library: the unchanged parameters, the narrowed scope, and our own parameters packed into one. */
function forLibrary(parameters: Parameters, client: Client | undefined, signIn: SignIn): URLSearchParams {
  const passed = PASSED.map((name): [string, string] => [name, parameters.get(name) ?? '']);
  const result = new URLSearchParams(passed.filter(([, value]) => value !== ''));
  // The pushed request has the other parameters.
  if (result.has('request_uri')) return result;
  const asked = packRequest(parameters);
  const scope = wantedScope(asked, client, signIn) ?? parameters.get('scope') ?? '';
  const scopes = scope.split(' ');
  result.set(ASKED, asked);
  if (scope !== '') result.set('scope', scope);
  // Otherwise the library would answer in the fragment of the URL.
  if (result.get('response_type')?.includes('token')) result.set('response_type', 'none');
  // Only ID tokens have a nonce.
  if (!scopes.includes('openid')) result.delete('nonce');
  // Offline access needs consent every time (OpenID Connect Core section 11).
  const prompts = new Set(result.get('prompt')?.split(' '));
  if (scopes.includes('offline_access') && !prompts.has('none'))
    result.set('prompt', [...prompts.add('consent')].join(' '));
  return result;
}

/** @returns undefined if the request is refused: oidc-provider refuses it later, when it knows the redirect URI */
function wantedScope(asked: string, client: Client | undefined, { context }: SignIn): string | undefined {
  try {
    return client && formatScope(evaluateRequest(asked, client, context).scope);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** GET or POST /oauth/authorize. */
export async function answerAuthorization(
  request: BrowserRequest,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  const { query, form, cookie } = request;
  const parameters = form ?? query;
  refuseRepeated(parameters, authorizationParameters);
  const client = await findClient(parameters.get('client_id') ?? '', signIn);
  if (client !== undefined) event.client = client.id;
  if (form !== undefined) {
    const names = [...authorizationParameters, 'audience', 'resource'];
    return redirectToGet(
      new URLSearchParams(names.flatMap((name) => form.all(name).map((value): [string, string] => [name, value]))),
    );
  }
  await refuseUnknown(parameters, client, signIn);
  const path = `${routes.authorization}?${forLibrary(parameters, client, signIn)}`;
  const visitor = signIn.cookies.readOrCreate(cookie);
  const answer = conclude(await signIn.library.ask({ method: 'GET', path, visitor }), event, signIn, parameters);
  return withBrowserCookie(visitor, answer);
}

/** Never sends the browser on if the client's document cannot be used. @throws Refusal client_document_… */
async function findClient(id: string, { context }: SignIn): Promise<Client | undefined> {
  try {
    return await context.clients.find(id);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.reason, { clientClaimed: recordName(id), detail: error.detail, cause: error });
  }
}

/**
 * Checks the client and its redirect URI first. The public answer is the same for all faults, so that it does not show which
 * clients exist. The audit row has the reason.
 * @throws Refusal authorization_client_unknown, redirect_uri_unregistered, request_uri_invalid
 */
async function refuseUnknown(
  parameters: Parameters,
  client: Client | undefined,
  { provider, context }: SignIn,
): Promise<void> {
  // The library refuses a request without client_id.
  if (parameters.get('client_id') === undefined) return;
  const fault = client && whyNoSignIn(client, context);
  const isUsable = client !== undefined && fault === undefined;
  const pushed = parameters.get('request_uri');
  if (pushed !== undefined) {
    if (isUsable) return;
    // For a known client the library reads the pushed request. Read it here, too, so that the timing is the same.
    await provider.PushedAuthorizationRequest.find(pushed);
    throw new Refusal('request_uri_invalid', { detail: 'client_id is not a client with the grant authorization_code' });
  }
  if (!isUsable) {
    const id = parameters.get('client_id') ?? '';
    const detail = fault ?? context.clients.whyNotDescribed(id);
    throw new Refusal('authorization_client_unknown', { detail, sent: { client_id: id } });
  }
  const [only, ...others] = client.redirectUris;
  const uri = parameters.get('redirect_uri') ?? (others.length === 0 ? only : undefined);
  if (uri === undefined || !isRegistered(uri, client)) {
    const detail = uri === undefined ? 'it is missing, and the client has several' : undefined;
    throw new Refusal('redirect_uri_unregistered', { detail, sent: { redirect_uri: uri } });
  }
}

/** @returns why nobody can sign in to the client, or undefined */
function whyNoSignIn({ id, disabled, grants }: Client, context: ProviderContext): string | undefined {
  if (disabled) return `${id} is disabled`;
  if (!grants.has('authorization_code')) return `grants of ${id} has ${[...grants].join(', ') || 'none'}`;
  return isSuspendedClient(id, context) ? `${id} is suspended` : undefined;
}

/** GET /oauth/authorize/…: continues after the person has answered. */
export async function resumeAuthorization(
  request: BrowserRequest,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  const own = await requireOwn(request, signIn);
  const path = `${routes.authorization}/${own.interaction}`;
  return conclude(await signIn.library.ask({ method: 'GET', path, ...own }), event, signIn);
}

/** Shown to the person and not sent to the client: the request may not be the client's. */
const shownToPerson: ReadonlySet<Reason> = new Set(['server_error', 'store_unavailable', 'request_uri_invalid']);

/** Parameters without secrets that the errors of the library name. */
const RECORDED = ['response_type', 'redirect_uri', 'code_challenge_method', 'prompt', 'max_age', 'acr_values'] as const;

function noteSent(event: AuditEvent, { detail = '' }: Refusal, parameters: Parameters): void {
  const wrong = RECORDED.filter((name) => detail.includes(name));
  const sent = recordSent(Object.fromEntries(wrong.map((name) => [name, parameters.get(name)])));
  if (sent !== undefined) event.sent = sent;
}

/** Turns the library's answer into ours: a code, a refusal for the client or for the person, or a page. */
function conclude(answer: LibraryAnswer, event: AuditEvent, signIn: SignIn, parameters?: Parameters): BrowserAnswer {
  const { error, oidc, location } = answer;
  const { clientId } = oidc?.client ?? {};
  if (clientId !== undefined) event.client = clientId;
  const refusal = refusalOf(error);
  if (refusal !== undefined) {
    if (parameters !== undefined) noteSent(event, refusal, parameters);
    if (location === undefined || shownToPerson.has(refusal.reason)) throw refusal;
    return { ...toBrowserAnswer(answer), refusal };
  }
  const code = oidc?.entities.AuthorizationCode;
  if (code !== undefined) noteCode(event, code, signIn);
  // Another person was signed in. The library would send a form that submits itself by script.
  if (oidc?.route === 'resume' && location === undefined) {
    const page = switchAccountPage(formOf(oidc, 'end_session_confirm'));
    return { ...toBrowserAnswer(answer), page };
  }
  return toBrowserAnswer(answer);
}

/** Records the code. It becomes valid when the event is committed. */
function noteCode(event: AuditEvent, { jti, accountId, scope }: IssuedCode, { context }: SignIn): void {
  const id = artifactId('AuthorizationCode', jti);
  Object.assign(event, {
    outcome: 'issued',
    agreement: id,
    issued: [{ id, type: 'authorization_code', expiresAt: seconds(context.clock) + CODE_SECONDS }],
    ...(accountId !== undefined && { principal: { iss: context.issuer, sub: accountId } }),
    ...(scope !== undefined && { scopeGiven: scope.split(' ') }),
  } satisfies Partial<AuditEvent>);
}

interface IssuedCode {
  readonly jti: string;
  readonly accountId?: string | undefined;
  readonly scope?: string | undefined;
}

/** Handles a request that an authenticated client sends without a browser. */
async function push(
  parameters: Parameters,
  client: Client,
  route: keyof typeof routes,
  event: AuditEvent,
  signIn: SignIn,
): Promise<Readonly<Record<string, unknown>>> {
  const { context, library } = signIn;
  const asked = { ...readTargets(parameters), scope: readScope(parameters) };
  noteWanted(event, asked, context.targeting);
  const wanted = evaluateRequest(packRequest(parameters), client, context);
  // Only an authenticated client may learn which clients exist. For a public client the actor is checked after sign-in.
  const { targets, scope, actor } = isPublic(client) ? wanted : await requireActor(wanted, context.clients);
  const form = forLibrary(parameters, client, signIn);
  form.set('client_id', client.id);
  const { error, body } = await library.ask({ method: 'POST', path: routes[route], visitor: undefined, form });
  const refusal = refusalOf(error);
  if (refusal !== undefined) {
    noteSent(event, refusal, parameters);
    throw refusal;
  }
  Object.assign(event, {
    outcome: 'accepted',
    targets: targets.map(({ audience }) => audience),
    scopeGiven: [...scope],
    ...(actor !== undefined && { mayAct: actor }),
  } satisfies Partial<AuditEvent>);
  return body as Readonly<Record<string, unknown>>;
}

/** POST /oauth/par (RFC 9126). @throws Refusal */
export async function pushAuthorization(parameters: Parameters, client: Client, event: AuditEvent, signIn: SignIn) {
  if (!client.grants.has('authorization_code')) throw refuseGrant(client, 'authorization_code');
  if (parameters.get('request_uri') !== undefined)
    throw new Refusal('parameter_not_allowed', { parameter: 'request_uri' });
  return push(parameters, client, 'pushed_authorization_request', event, signIn);
}

/** POST /oauth/device_authorization (RFC 8628 section 3.1). @throws Refusal */
export async function authorizeDevice(parameters: Parameters, client: Client, event: AuditEvent, signIn: SignIn) {
  if (!client.grants.has('device_code')) throw refuseGrant(client, 'device_code');
  const answer = await push(parameters, client, 'device_authorization', event, signIn);
  event.agreement = artifactId('DeviceCode', String(answer.device_code));
  return { ...answer, interval: POLL_INTERVAL_SECONDS };
}
