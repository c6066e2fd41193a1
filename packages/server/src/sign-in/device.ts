// Answers /device: a person types the code of a device, confirms it, signs in and agrees (RFC 8628 section 3.3).
import type { AuditEvent } from '../audit/event.ts';
import { Refusal } from '../primitives/refusal.ts';
import { artifactId } from './artifacts.ts';
import {
  type BrowserAnswer,
  type BrowserRequest,
  refuseCrossSite,
  toBrowserAnswer,
  withBrowserCookie,
} from './browser.ts';
import type { Visitor } from './cookies.ts';
import { formOf } from './features.ts';
import { requireOwn } from './interaction.ts';
import type { LibraryAnswer } from './library.ts';
import { switchAccountPage } from './pages/logout.ts';
import { routes } from './paths.ts';
import { refusalOf } from './refusals.ts';
import type { SignIn } from './sign-in.ts';

/** GET /device. A link may fill in the code, but never confirms it (RFC 8628 section 5.4). */
export async function showDevice({ query, cookie }: BrowserRequest, signIn: SignIn): Promise<BrowserAnswer> {
  const typed = new URLSearchParams({ typed: query.get('user_code') ?? '' });
  const path = `${routes.code_verification}?${typed}`;
  const answer = await signIn.library.ask({ method: 'GET', path, visitor: signIn.cookies.read(cookie) });
  const refusal = refusalOf(answer.error);
  if (refusal !== undefined) throw refusal;
  return toBrowserAnswer(answer);
}

/** POST /device: the person typed or confirmed the code. @throws Refusal post_cross_site, authentication_rate */
export async function answerDevice(request: BrowserRequest, event: AuditEvent, signIn: SignIn): Promise<BrowserAnswer> {
  const { form, cookie, address } = request;
  const { context, library, cookies } = signIn;
  refuseCrossSite(request, context.issuer);
  context.failures.check(WRONG_CODES, address);
  const fields = new URLSearchParams({ xsrf: form?.get('csrf') ?? '' });
  for (const name of ['user_code', 'confirm', 'abort']) fields.set(name, form?.get(name) ?? '');
  const visitor = cookies.readOrCreate(cookie);
  await requireSession(visitor, signIn);
  const answer = await library.ask({ method: 'POST', path: routes.code_verification, visitor, form: fields });
  const concluded = withBrowserCookie(visitor, conclude(answer, event));
  if (concluded.refusal?.reason === 'user_code_unknown') context.failures.failed(WRONG_CODES, address);
  return concluded;
}

/** The form token is in the session. Without a session the library fails with an internal error. @throws Refusal interaction_unknown */
async function requireSession({ session }: Visitor, { provider }: SignIn): Promise<void> {
  if (session === undefined || (await provider.Session.find(session)) === undefined)
    throw new Refusal('interaction_unknown');
}

/** The name under which wrong codes of an address are counted. */
const WRONG_CODES = 'user code';

/** GET /device/…: continues after the person has answered. */
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
  // The page with the code field shows the problem.
  if (refusal?.reason === 'user_code_unknown' || refusal?.reason === 'sign_in_refused')
    return { ...toBrowserAnswer(answer), refusal };
  if (refusal !== undefined) throw refusal;
  if (oidc?.route !== 'device_resume' || location !== undefined) return toBrowserAnswer(answer);
  if (code?.accountId === undefined) {
    return { ...toBrowserAnswer(answer), page: switchAccountPage(formOf(oidc, 'end_session_confirm')) };
  }
  event.outcome = 'accepted';
  event.principal = { iss: issuer, sub: code.accountId };
  return toBrowserAnswer(answer);
}
