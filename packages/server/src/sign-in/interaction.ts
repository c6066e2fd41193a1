// Shows the sign-in page and the consent page of an interaction, and handles their forms.
import type { AuditEvent } from '../audit/event.ts';
import type { Words } from '../model/resource.ts';
import { seconds } from '../primitives/clock.ts';
import { publicAnswer, Refusal } from '../primitives/refusal.ts';
import { agreedTo, digestOfAgreed } from './agreed-to.ts';
import { evaluateRequestOf, requireActor, type WantedSignIn } from './authorization-request.ts';
import {
  type BrowserAnswer,
  type BrowserRequest,
  checkFormToken,
  formToken,
  refuseCrossSite,
  uiLocalesOf,
} from './browser.ts';
import { packedRequestOf } from './codes.ts';
import { isSameBrowser, type Visitor } from './cookies.ts';
import type { LibraryRequest } from './library.ts';
import { consentPage } from './pages/consent.ts';
import { type SignInPage, signInPage } from './pages/sign-in.ts';
import { INTERACTION_PATH, interactionPath } from './paths.ts';
import type { SignIn } from './sign-in.ts';

type Details = Awaited<ReturnType<SignIn['provider']['interactionDetails']>>;

export interface ActiveInteraction {
  readonly details: Details;
  readonly browser: string;
  readonly clientId: string;
  readonly messages: ReturnType<SignIn['library']['toMessages']>;
}

/** The form of the library's interaction ids. */
const UID = /^[\w-]{21,64}$/;

/** An interaction in the browser that started it. */
export interface OwnInteraction {
  readonly interaction: string;
  readonly visitor: Visitor & { readonly browser: string };
}

/**
 * Requires that the browser started the interaction. A person may follow an attacker's link to an interaction, but the attacker
 * cannot set the secret of the browser.
 * @throws Refusal interaction_unknown, cookie_repeated
 */
export async function requireOwn(
  { uid, cookie }: BrowserRequest,
  { provider, cookies }: SignIn,
): Promise<OwnInteraction> {
  const visitor = cookies.read(cookie);
  const { browser } = visitor;
  if (browser === undefined || !UID.test(uid)) throw new Refusal('interaction_unknown');
  const found = (await provider.Interaction.find(uid)) as { readonly browser?: unknown } | undefined;
  if (!isSameBrowser(found?.browser, visitor)) throw new Refusal('interaction_unknown');
  return { interaction: uid, visitor: { ...visitor, browser } };
}

/** @throws Refusal interaction_unknown, cookie_repeated, sign_in_client_unknown */
export async function findInteraction(request: BrowserRequest, signIn: SignIn): Promise<ActiveInteraction> {
  const { provider, library, context } = signIn;
  const own = await requireOwn(request, signIn);
  const asked: LibraryRequest = { method: 'GET', path: `${INTERACTION_PATH}/${own.interaction}`, ...own };
  try {
    const details = await provider.interactionDetails(...library.toMessages(asked));
    const { client_id: clientId } = details.params;
    if (details.uid !== own.interaction || typeof clientId !== 'string') throw new Refusal('interaction_unknown');
    if ((await context.clients.find(clientId))?.disabled !== false) throw new Refusal('sign_in_client_unknown');
    return { details, clientId, browser: own.visitor.browser, messages: library.toMessages(asked) };
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal((cause as Error).name === 'SessionNotFound' ? 'interaction_unknown' : 'server_error', { cause });
  }
}

/** GET /oauth/interaction/… */
export async function showInteraction(
  request: BrowserRequest,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  const active = await findInteraction(request, signIn);
  event.client = active.clientId;
  if (asksForAccount(active, request)) return showSignIn(active, undefined, signIn);
  try {
    return await showConsent(active, signIn);
  } catch (refusal) {
    if (!(refusal instanceof Refusal) || refusal.reason !== 'requested_actor_unknown') throw refusal;
    const { error, description } = publicAnswer(refusal, 'invalid_grant');
    return { ...(await submit(active, { error, error_description: description }, signIn)), refusal };
  }
}

const targetOf = ({ details: { uid }, browser }: ActiveInteraction, { context }: SignIn) => ({
  action: interactionPath(context.issuer, uid),
  csrf: formToken(context.cookieKey, { uid, browser }),
});

/** The query of the sign-in page for switching to another account during consent. */
const OTHER_ACCOUNT = '?account=other';

/** Is the sign-in page shown, rather than the consent page? */
const asksForAccount = ({ details: { prompt } }: ActiveInteraction, { query }: BrowserRequest): boolean =>
  prompt.name === 'login' || query.get('account') === 'other';

/** The client as every page of an interaction shows it. */
const shownClientOf = ({ details: { params, deviceCode }, clientId }: ActiveInteraction, { context }: SignIn) => ({
  client: context.clients.get(clientId) ?? { id: clientId },
  redirectUri: deviceCode === undefined && typeof params.redirect_uri === 'string' ? params.redirect_uri : undefined,
});

interface FailedAttempt {
  readonly username: string | undefined;
  readonly problem: NonNullable<SignInPage['problem']>;
  readonly refusal: Refusal;
}

export function showSignIn(
  active: ActiveInteraction,
  failed: FailedAttempt | undefined,
  signIn: SignIn,
): BrowserAnswer {
  const { accounts, upstream } = signIn.context;
  const { params, prompt } = active.details;
  const { login_hint: hint } = params;
  const { action, csrf } = targetOf(active, signIn);
  const page = signInPage({
    ...shownClientOf(active, signIn),
    action: prompt.name === 'login' ? action : action + OTHER_ACCOUNT,
    csrf,
    accounts: accounts.local,
    upstream: upstream && { name: upstream.name, href: `${action}/upstream`, first: upstream.first },
    username: failed?.username ?? (typeof hint === 'string' ? hint : undefined),
    problem: failed?.problem,
  });
  const uiLocales = uiLocalesOf(params);
  if (failed === undefined) return { status: 200, page, uiLocales };
  const { refusal } = failed;
  return { status: publicAnswer(refusal, 'invalid_grant').status, page, uiLocales, refusal };
}

async function showConsent(active: ActiveInteraction, signIn: SignIn): Promise<BrowserAnswer> {
  const { details } = active;
  const { provider, context } = signIn;
  const wanted = await judge(active, signIn);
  const { targets, scope, actor } = wanted;
  const sub = details.session?.accountId ?? '';
  const target = targetOf(active, signIn);
  const device = details.deviceCode === undefined ? undefined : await provider.DeviceCode.find(details.deviceCode);
  const page = consentPage({
    ...target,
    csrf: `${target.csrf}.${digestOfAgreed(agreedTo(wanted))}`,
    ...shownClientOf(active, signIn),
    account: (await context.accounts.find(sub))?.username ?? sub,
    otherAccount: wantsThisPerson(active) ? undefined : target.action + OTHER_ACCOUNT,
    scopes: [...scope].map((name) => ({ name, words: wordsOf(name, targets) })),
    targets: targets.filter((target) => target !== context.own).map(({ audience }) => audience),
    actor: actor === undefined ? undefined : (context.clients.get(actor) ?? { id: actor }),
    userCode: device?.userCode?.replace(/^(.{4})(.{4})$/, '$1-$2'),
  });
  return { status: 200, page, uiLocales: uiLocalesOf(details.params) };
}

/** With `id_token_hint` the client requires this person: no other account may be chosen. */
const wantsThisPerson = ({ details }: ActiveInteraction): boolean =>
  new URLSearchParams(packedRequestOf(details)).has('id_token_hint');

const judge = ({ details, clientId }: ActiveInteraction, { context }: SignIn): Promise<WantedSignIn> =>
  requireActor(evaluateRequestOf(packedRequestOf(details), clientId, context), context.clients);

const wordsOf = (scope: string, targets: WantedSignIn['targets']): Words | undefined =>
  targets.map(({ scopeNames }) => scopeNames.get(scope)).find((words) => words !== undefined);

/** POST /oauth/interaction/… @throws Refusal post_cross_site, interaction_unknown */
export async function answerInteraction(
  request: BrowserRequest,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  const { context } = signIn;
  refuseCrossSite(request, context.issuer);
  const active = await findInteraction(request, signIn);
  const { details, clientId, browser } = active;
  event.client = clientId;
  const [token, shown] = (request.form?.get('csrf') ?? '').split('.');
  checkFormToken(context.cookieKey, { uid: details.uid, browser }, token);
  if (request.form?.get('cancel') !== undefined) {
    event.outcome = 'accepted';
    event.detail = 'the person refused';
    return submit(active, { error: 'access_denied', error_description: 'The person refused' }, signIn);
  }
  return asksForAccount(active, request)
    ? signInPerson(request, active, event, signIn)
    : agree(request, active, shown, event, signIn);
}

async function signInPerson(
  { form, address }: BrowserRequest,
  active: ActiveInteraction,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  const { accounts, issuer, clock } = signIn.context;
  const username = form?.get('username') ?? '';
  const named = accounts.findByUsername(username);
  // Do not record the typed username: it may be a password in the wrong field.
  Object.assign(event, { action: 'sign_in', ...(named && { principal: { iss: issuer, sub: named.sub } }) });
  try {
    const account = await accounts.verify(username, form?.get('password') ?? '', address);
    if (account === undefined) throw new Refusal('sign_in_credentials');
    event.outcome = 'accepted';
    return submit(active, { login: { accountId: account.sub, ts: seconds(clock), amr: ['pwd'] } }, signIn);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const problem = problems[refusal.reason];
    if (problem === undefined) throw refusal;
    return showSignIn(active, { username, problem, refusal }, signIn);
  }
}

/** Reasons that the sign-in page shows itself. */
const problems: Partial<Record<string, 'wrong' | 'too_often'>> = {
  sign_in_credentials: 'wrong',
  sign_in_rate: 'too_often',
  sign_in_busy: 'too_often',
};

/** @param shown the digest in the form: what the page showed */
async function agree(
  { form }: BrowserRequest,
  active: ActiveInteraction,
  shown: string | undefined,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  if (form?.get('agree') === undefined) throw new Refusal('parameter_missing', { parameter: 'agree' });
  const { details, clientId } = active;
  const { provider, context } = signIn;
  const agreed = agreedTo(await judge(active, signIn));
  if (shown !== digestOfAgreed(agreed)) throw new Refusal('interaction_unknown', { detail: CHANGED });
  const { targets, scope, actor, document } = agreed;
  const accountId = details.session?.accountId ?? '';
  const earlier = details.grantId === undefined ? undefined : await provider.Grant.find(details.grantId);
  // They agreed to the client that an earlier document described, which may have been another one.
  const before = (earlier as { readonly document?: string } | undefined)?.document === document ? earlier : undefined;
  const { epoch } = details as { readonly epoch?: number };
  const grant = before ?? Object.assign(new provider.Grant({ accountId, clientId }), { epoch });
  const names = [...scope].join(' ');
  Object.assign(grant, { document });
  grant.addOIDCScope(names);
  for (const audience of targets) grant.addResourceScope(audience, names);
  const grantId = await grant.save();
  Object.assign(event, {
    outcome: 'accepted',
    principal: { iss: context.issuer, sub: accountId },
    targets,
    scopeGiven: scope,
    ...(document !== undefined && { detail: `the client described itself: ${document}` }),
    ...(actor !== undefined && { mayAct: actor }),
  } satisfies Partial<AuditEvent>);
  return submit(active, { consent: { grantId, agreed } as never }, signIn);
}

const CHANGED = 'what the client may ask for has changed since the page was shown';

export async function submit(
  { messages, details }: ActiveInteraction,
  result: Parameters<SignIn['provider']['interactionResult']>[2],
  { provider }: SignIn,
): Promise<BrowserAnswer> {
  const location = await provider.interactionResult(...messages, result);
  return { status: 303, location, uiLocales: uiLocalesOf(details.params) };
}
