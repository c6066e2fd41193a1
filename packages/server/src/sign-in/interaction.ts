// A person is asked: who are you, and do you agree? The two pages of an interaction, and what is posted from them.
import type { AuditEvent } from '../audit/event.ts';
import type { Words } from '../model/resource.ts';
import { seconds } from '../primitives/clock.ts';
import { publicAnswer, Refusal } from '../primitives/refusal.ts';
import { agreedTo, digestOfAgreed } from './agreed-to.ts';
import { judgeNow, requireActor, type WantedSignIn } from './authorization-request.ts';
import {
  type BrowserAnswer,
  type BrowserRequest,
  checkFormToken,
  formToken,
  refuseCrossSite,
  uiLocalesOf,
} from './browser.ts';
import { askedOf } from './codes.ts';
import { isSameBrowser, type Visitor } from './cookies.ts';
import type { LibraryRequest } from './library.ts';
import { consentPage } from './pages/consent.ts';
import { type SignInPage, signInPage } from './pages/sign-in.ts';
import { INTERACTION_PATH, interactionPath } from './paths.ts';
import type { SignIn } from './sign-in.ts';

type Details = Awaited<ReturnType<SignIn['provider']['interactionDetails']>>;

export interface Asking {
  readonly details: Details;
  readonly browser: string;
  readonly clientId: string;
  readonly messages: ReturnType<SignIn['library']['toMessages']>;
}

/** The names that the library gives to interactions. */
const UID = /^[\w-]{21,64}$/;

/** An interaction that goes on in the browser that asked for it, and in no other. */
export interface OwnInteraction {
  readonly interaction: string;
  readonly visitor: Visitor & { readonly browser: string };
}

/**
 * The address of an interaction may come from anybody, and so may a cookie of another host of the site. What neither can
 * give to a browser is its secret.
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
export async function findInteraction(request: BrowserRequest, signIn: SignIn): Promise<Asking> {
  const { provider, library, context } = signIn;
  const own = await requireOwn(request, signIn);
  const asked: LibraryRequest = { method: 'GET', path: `${INTERACTION_PATH}/${own.interaction}`, ...own };
  try {
    const details = await provider.interactionDetails(...library.toMessages(asked));
    const { client_id: clientId } = details.params;
    if (details.uid !== own.interaction || typeof clientId !== 'string') throw new Refusal('interaction_unknown');
    if (context.clients.get(clientId)?.disabled !== false) throw new Refusal('sign_in_client_unknown');
    return { details, clientId, browser: own.visitor.browser, messages: library.toMessages(asked) };
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal((cause as Error).name === 'SessionNotFound' ? 'interaction_unknown' : 'server_error', { cause });
  }
}

/** GET /oauth/interaction/… */
export async function showInteraction(request: BrowserRequest, signIn: SignIn): Promise<BrowserAnswer> {
  const asking = await findInteraction(request, signIn);
  if (asksForAccount(asking, request)) return showSignIn(asking, undefined, signIn);
  try {
    return await showConsent(asking, signIn);
  } catch (refusal) {
    if (!(refusal instanceof Refusal) || refusal.reason !== 'requested_actor_unknown') throw refusal;
    const { error, description } = publicAnswer(refusal, 'invalid_grant');
    return { ...(await submit(asking, { error, error_description: description }, signIn)), refusal };
  }
}

const targetOf = ({ details: { uid }, browser }: Asking, { context }: SignIn) => ({
  action: interactionPath(context.issuer, uid),
  csrf: formToken(context.cookieKey, { uid, browser }),
});

/** In the query of the page on which somebody else signs in than the person who is asked to agree. */
const OTHER_ACCOUNT = '?account=other';

/** Does the person say who they are, rather than whether they agree? */
const asksForAccount = ({ details: { prompt } }: Asking, { query }: BrowserRequest): boolean =>
  prompt.name === 'login' || query.get('account') === 'other';

/** What every page of an interaction says about the client. */
const shownClientOf = ({ details: { params, deviceCode }, clientId }: Asking, { context }: SignIn) => ({
  client: context.clients.get(clientId) ?? { id: clientId },
  redirectUri: deviceCode === undefined && typeof params.redirect_uri === 'string' ? params.redirect_uri : undefined,
});

interface Tried {
  readonly username: string | undefined;
  readonly problem: NonNullable<SignInPage['problem']>;
  readonly refusal: Refusal;
}

export function showSignIn(asking: Asking, tried: Tried | undefined, signIn: SignIn): BrowserAnswer {
  const { accounts, upstream } = signIn.context;
  const { params, prompt } = asking.details;
  const { login_hint: hint } = params;
  const { action, csrf } = targetOf(asking, signIn);
  const page = signInPage({
    ...shownClientOf(asking, signIn),
    action: prompt.name === 'login' ? action : action + OTHER_ACCOUNT,
    csrf,
    accounts: accounts.local,
    upstream: upstream && { name: upstream.name, href: `${action}/upstream`, first: upstream.first },
    username: tried?.username ?? (typeof hint === 'string' ? hint : undefined),
    problem: tried?.problem,
  });
  const uiLocales = uiLocalesOf(params);
  if (tried === undefined) return { status: 200, page, uiLocales };
  const { refusal } = tried;
  return { status: publicAnswer(refusal, 'invalid_grant').status, page, uiLocales, refusal };
}

async function showConsent(asking: Asking, signIn: SignIn): Promise<BrowserAnswer> {
  const { details } = asking;
  const { provider, context } = signIn;
  const wanted = judge(asking, signIn);
  const { targets, scope, actor } = wanted;
  const sub = details.session?.accountId ?? '';
  const target = targetOf(asking, signIn);
  const device = details.deviceCode === undefined ? undefined : await provider.DeviceCode.find(details.deviceCode);
  const page = consentPage({
    ...target,
    csrf: `${target.csrf}.${digestOfAgreed(agreedTo(wanted))}`,
    ...shownClientOf(asking, signIn),
    account: (await context.accounts.find(sub))?.username ?? sub,
    otherAccount: wantsThisPerson(asking) ? undefined : target.action + OTHER_ACCOUNT,
    scopes: [...scope].map((name) => ({ name, words: wordsOf(name, targets) })),
    targets: targets.filter((target) => target !== context.own).map(({ audience }) => audience),
    actor: actor === undefined ? undefined : (context.clients.get(actor) ?? { id: actor }),
    userCode: device?.userCode?.replace(/^(.{4})(.{4})$/, '$1-$2'),
  });
  return { status: 200, page, uiLocales: uiLocalesOf(details.params) };
}

/** The client sent an `id_token_hint`: it does not take anybody else. */
const wantsThisPerson = ({ details }: Asking): boolean => new URLSearchParams(askedOf(details)).has('id_token_hint');

const judge = ({ details, clientId }: Asking, { context }: SignIn): WantedSignIn =>
  requireActor(judgeNow(askedOf(details), clientId, context), context.clients);

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
  const asking = await findInteraction(request, signIn);
  const { details, clientId, browser } = asking;
  event.client = clientId;
  const [token, shown] = (request.form?.get('csrf') ?? '').split('.');
  checkFormToken(context.cookieKey, { uid: details.uid, browser }, token);
  if (request.form?.get('cancel') !== undefined) {
    event.outcome = 'accepted';
    event.detail = 'the person refused';
    return submit(asking, { error: 'access_denied', error_description: 'The person refused' }, signIn);
  }
  return asksForAccount(asking, request)
    ? signInPerson(request, asking, event, signIn)
    : agree(request, asking, shown, event, signIn);
}

async function signInPerson(
  { form, address }: BrowserRequest,
  asking: Asking,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  const { accounts, issuer, clock } = signIn.context;
  const username = form?.get('username') ?? '';
  const named = accounts.named(username);
  // What was typed stands in no row: it may be the password, in the wrong field.
  Object.assign(event, { action: 'sign_in', ...(named && { principal: { iss: issuer, sub: named.sub } }) });
  try {
    const account = await accounts.verify(username, form?.get('password') ?? '', address);
    if (account === undefined) throw new Refusal('sign_in_credentials');
    event.outcome = 'accepted';
    return submit(asking, { login: { accountId: account.sub, ts: seconds(clock), amr: ['pwd'] } }, signIn);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const problem = problems[refusal.reason];
    if (problem === undefined) throw refusal;
    return showSignIn(asking, { username, problem, refusal }, signIn);
  }
}

/** What is said on the page itself. */
const problems: Partial<Record<string, 'wrong' | 'too_often'>> = {
  sign_in_credentials: 'wrong',
  sign_in_rate: 'too_often',
  sign_in_busy: 'too_often',
};

/** @param shown what the form says of what its page named */
async function agree(
  { form }: BrowserRequest,
  asking: Asking,
  shown: string | undefined,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  if (form?.get('agree') === undefined) throw new Refusal('parameter_missing', { parameter: 'agree' });
  const { details, clientId } = asking;
  const { provider, context } = signIn;
  const agreed = agreedTo(judge(asking, signIn));
  if (shown !== digestOfAgreed(agreed)) throw new Refusal('interaction_unknown', { detail: CHANGED });
  const { targets, scope, actor } = agreed;
  const accountId = details.session?.accountId ?? '';
  const before = details.grantId === undefined ? undefined : await provider.Grant.find(details.grantId);
  const { epoch } = details as { readonly epoch?: number };
  const grant = before ?? Object.assign(new provider.Grant({ accountId, clientId }), { epoch });
  const names = [...scope].join(' ');
  grant.addOIDCScope(names);
  for (const audience of targets) grant.addResourceScope(audience, names);
  const grantId = await grant.save();
  Object.assign(event, {
    outcome: 'accepted',
    principal: { iss: context.issuer, sub: accountId },
    targets,
    scopeGiven: scope,
    ...(actor !== undefined && { mayAct: actor }),
  } satisfies Partial<AuditEvent>);
  return submit(asking, { consent: { grantId, agreed } as never }, signIn);
}

const CHANGED = 'what the client may ask for has changed since the page was shown';

export async function submit(
  { messages, details }: Asking,
  result: Parameters<SignIn['provider']['interactionResult']>[2],
  { provider }: SignIn,
): Promise<BrowserAnswer> {
  const location = await provider.interactionResult(...messages, result);
  return { status: 303, location, uiLocales: uiLocalesOf(details.params) };
}
