// /oauth/logout: a person leaves, on a client's request or their own (OpenID Connect RP-Initiated Logout 1.0). They are asked
// first; then the session ends, and with it what was issued in it without offline_access.
import type { AuditEvent } from '../audit/event.ts';
import { readCompact, verifyCompact } from '../keys/jws.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { type BrowserAnswer, type BrowserRequest, passOn, refuseCrossSite } from './browser.ts';
import { formOf } from './features.ts';
import { logoutPage } from './pages/logout.ts';
import { routes } from './provider.ts';
import { refusalOf } from './refusals.ts';
import type { SignIn } from './sign-in.ts';

const PASSED = ['post_logout_redirect_uri', 'state', 'logout_hint', 'ui_locales'] as const;

/** GET or POST. A POST is told to come back by GET: only then does a browser bring its session from elsewhere. */
export async function showLogout(request: BrowserRequest, signIn: SignIn): Promise<BrowserAnswer> {
  const { query, form, cookie } = request;
  const said = form ?? query;
  const names = form === undefined ? PASSED : [...PASSED, 'client_id', 'id_token_hint'];
  const passed = new URLSearchParams(names.map((name): [string, string] => [name, said.get(name) ?? '']));
  if (form !== undefined) return { status: 303, location: `?${passed}` };
  passed.set('client_id', hintedClient(query.get('id_token_hint'), signIn) ?? query.get('client_id') ?? '');
  const answer = await signIn.library.ask({ method: 'GET', path: `${routes.end_session}?${passed}`, cookie });
  const refusal = refusalOf(answer.error, 'redirect_uri_unregistered');
  if (refusal !== undefined) throw refusal;
  // Where nobody is signed in the library would send a form that posts itself.
  if (answer.oidc !== undefined && answer.oidc.session?.accountId === undefined) {
    const page = logoutPage({ ...formOf(answer.oidc, 'end_session_confirm'), account: undefined });
    return { ...passOn(answer), page };
  }
  return passOn(answer);
}

/** Whose ID token it is, however old: signed by a key that is still published. */
function hintedClient(hint: string | undefined, { context }: SignIn): string | undefined {
  if (hint === undefined) return undefined;
  try {
    const jws = readCompact(hint);
    const key = jws.kid === undefined ? undefined : context.keys.verifying(jws.kid);
    if (key === undefined || jws.typ !== 'jwt' || jws.payload.iss !== context.issuer) return undefined;
    verifyCompact(jws, key);
    return typeof jws.payload.aud === 'string' ? jws.payload.aud : undefined;
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}

/** POST /oauth/logout/confirm. @throws Refusal post_cross_site */
export async function answerLogout(request: BrowserRequest, event: AuditEvent, signIn: SignIn): Promise<BrowserAnswer> {
  const { form, cookie } = request;
  const { context, library } = signIn;
  refuseCrossSite(request, context.issuer);
  const said = new URLSearchParams({ xsrf: form?.get('csrf') ?? '', logout: form?.get('logout') ?? '' });
  const answer = await library.ask({ method: 'POST', path: `${routes.end_session}/confirm`, cookie, form: said });
  const refusal = refusalOf(answer.error, 'interaction_unknown');
  if (refusal !== undefined) throw refusal;
  const sub = answer.oidc?.session?.accountId;
  event.outcome = 'accepted';
  if (sub !== undefined) event.principal = { iss: context.issuer, sub };
  return passOn(answer);
}

/** GET /oauth/logout/success */
export const showLoggedOut = async ({ cookie }: BrowserRequest, { library }: SignIn): Promise<BrowserAnswer> =>
  passOn(await library.ask({ method: 'GET', path: `${routes.end_session}/success`, cookie }));
