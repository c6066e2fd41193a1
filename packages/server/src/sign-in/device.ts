// /device: a person types the code that a device shows, compares it, and is asked as in a browser (RFC 8628 section 3.3).
import type { AuditEvent } from '../audit/event.ts';
import { Refusal } from '../primitives/refusal.ts';
import { artifactId } from './artifacts.ts';
import { type BrowserAnswer, type BrowserRequest, passOn, refuseCrossSite, remember } from './browser.ts';
import type { Visitor } from './cookies.ts';
import { formOf } from './features.ts';
import { requireOwn } from './interaction.ts';
import type { LibraryAnswer } from './library.ts';
import { switchAccountPage } from './pages/logout.ts';
import { routes } from './paths.ts';
import { refusalOf } from './refusals.ts';
import type { SignIn } from './sign-in.ts';

/** GET /device. A link with the code fills it in; nobody's device is connected by following one (RFC 8628 section 5.4). */
export async function showDevice({ query, cookie }: BrowserRequest, signIn: SignIn): Promise<BrowserAnswer> {
  const typed = new URLSearchParams({ typed: query.get('user_code') ?? '' });
  const path = `${routes.code_verification}?${typed}`;
  const answer = await signIn.library.ask({ method: 'GET', path, visitor: signIn.cookies.read(cookie) });
  const refusal = refusalOf(answer.error);
  if (refusal !== undefined) throw refusal;
  return passOn(answer);
}

/** POST /device: the code was typed, or was compared. @throws Refusal post_cross_site, authentication_rate */
export async function answerDevice(request: BrowserRequest, event: AuditEvent, signIn: SignIn): Promise<BrowserAnswer> {
  const { form, cookie, address } = request;
  const { context, library, cookies } = signIn;
  refuseCrossSite(request, context.issuer);
  context.failures.check(GUESSES, address);
  const said = new URLSearchParams({ xsrf: form?.get('csrf') ?? '' });
  for (const name of ['user_code', 'confirm', 'abort']) said.set(name, form?.get(name) ?? '');
  const visitor = cookies.meet(cookie);
  await requireSession(visitor, signIn);
  const answer = await library.ask({ method: 'POST', path: routes.code_verification, visitor, form: said });
  const concluded = remember(visitor, conclude(answer, event));
  if (concluded.refusal?.reason === 'user_code_unknown') context.failures.failed(GUESSES, address);
  return concluded;
}

/** The form is proven by the session. Without one the library fails as it shows the form anew. @throws Refusal interaction_unknown */
async function requireSession({ session }: Visitor, { provider }: SignIn): Promise<void> {
  if (session === undefined || (await provider.Session.find(session)) === undefined)
    throw new Refusal('interaction_unknown');
}

/** Under this name the wrong codes of an address are counted. */
const GUESSES = 'user code';

/** GET /device/…: the person has answered. */
export async function resumeDevice(request: BrowserRequest, event: AuditEvent, signIn: SignIn): Promise<BrowserAnswer> {
  const own = await requireOwn(request, signIn);
  const path = `${routes.code_verification}/${own.interaction}`;
  return conclude(await signIn.library.ask({ method: 'GET', path, ...own }), event, signIn.context.issuer);
}

function conclude(answer: LibraryAnswer, event: AuditEvent, issuer = ''): BrowserAnswer {
  const { error, oidc, location } = answer;
  const { clientId } = oidc?.client ?? {};
  if (clientId !== undefined) event.client = clientId;
  const code = oidc?.entities.DeviceCode;
  if (code !== undefined) event.agreement = artifactId('DeviceCode', code.jti);
  const refusal = refusalOf(error, 'interaction_unknown');
  // Said on the page on which the code is typed.
  if (refusal?.reason === 'user_code_unknown' || refusal?.reason === 'sign_in_refused')
    return { ...passOn(answer), refusal };
  if (refusal !== undefined) throw refusal;
  if (oidc?.route !== 'device_resume' || location !== undefined) return passOn(answer);
  if (code?.accountId === undefined) {
    return { ...passOn(answer), page: switchAccountPage(formOf(oidc, 'end_session_confirm')) };
  }
  event.outcome = 'accepted';
  event.principal = { iss: issuer, sub: code.accountId };
  return passOn(answer);
}
