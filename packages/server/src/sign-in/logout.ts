// Answers /oauth/logout (OpenID Connect RP-Initiated Logout 1.0). The person confirms; then the session ends, and tokens that were
// issued in it without offline_access are revoked.
import type { AuditEvent } from '../audit/event.ts';
import { refuseRepeated } from '../primitives/parameters.ts';
import { recordName } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type BrowserAnswer, type BrowserRequest, redirectToGet, refuseCrossSite, toBrowserAnswer } from './browser.ts';
import { formOf } from './features.ts';
import { readHint } from './id-token-hint.ts';
import { logoutPage } from './pages/logout.ts';
import { donePage } from './pages/message.ts';
import { basePath, routes } from './paths.ts';
import { refusalOf } from './refusals.ts';
import type { SignIn } from './sign-in.ts';

const PASSED = ['post_logout_redirect_uri', 'state', 'logout_hint', 'ui_locales'] as const;
const known: ReadonlySet<string> = new Set([...PASSED, 'client_id', 'id_token_hint']);

/** GET or POST. @throws Refusal parameter_repeated, parameter_not_allowed, redirect_uri_unregistered */
export async function showLogout(request: BrowserRequest, signIn: SignIn): Promise<BrowserAnswer> {
  const { query, form, cookie } = request;
  const fields = form ?? query;
  refuseRepeated(fields, known);
  const names = form === undefined ? PASSED : known;
  const passed = new URLSearchParams([...names].map((name): [string, string] => [name, fields.get(name) ?? '']));
  if (form !== undefined) return redirectToGet(passed);
  const clientId = query.get('client_id');
  const hinted = readHint(query.get('id_token_hint'), signIn.context)?.clientId;
  if ((clientId ?? hinted) !== (hinted ?? clientId))
    throw new Refusal('parameter_not_allowed', { parameter: 'client_id' });
  const id = hinted ?? clientId;
  const uri = query.get('post_logout_redirect_uri');
  // The client is needed only for the redirect back to it.
  if (uri !== undefined && id !== undefined) {
    const client = signIn.context.clients.get(id);
    if (client?.disabled !== false || !client.postLogoutRedirectUris.includes(uri))
      throw new Refusal('redirect_uri_unregistered', {
        clientClaimed: recordName(id),
        sent: { post_logout_redirect_uri: uri },
      });
    passed.set('client_id', id);
  }
  const answer = await signIn.library.ask({
    method: 'GET',
    path: `${routes.end_session}?${passed}`,
    visitor: signIn.cookies.read(cookie),
  });
  const refusal = refusalOf(answer.error, 'redirect_uri_unregistered');
  if (refusal !== undefined) throw refusal;
  // If nobody is signed in, the library would send a form that submits itself by script.
  if (answer.oidc !== undefined && answer.oidc.session?.accountId === undefined) {
    const page = logoutPage({ ...formOf(answer.oidc, 'end_session_confirm'), account: undefined });
    return { ...toBrowserAnswer(answer), page };
  }
  return toBrowserAnswer(answer);
}

/** POST /oauth/logout/confirm. @throws Refusal post_cross_site */
export async function answerLogout(request: BrowserRequest, event: AuditEvent, signIn: SignIn): Promise<BrowserAnswer> {
  const { form, cookie } = request;
  const { context, library, cookies } = signIn;
  refuseCrossSite(request, context.issuer);
  // Redirect to the client only after a logout (RP-Initiated Logout section 3).
  if (form?.get('logout') === undefined) return { status: 200, page: donePage('still_signed_in') };
  const fields = new URLSearchParams({ xsrf: form.get('csrf') ?? '', logout: 'yes' });
  const answer = await library.ask({
    method: 'POST',
    path: `${routes.end_session}/confirm`,
    visitor: cookies.read(cookie),
    form: fields,
  });
  const refusal = refusalOf(answer.error, 'interaction_unknown');
  if (refusal !== undefined) throw refusal;
  const sub = answer.oidc?.session?.accountId;
  event.outcome = 'accepted';
  if (sub !== undefined) event.principal = { iss: context.issuer, sub };
  return inSameLanguage(toBrowserAnswer(answer), request, context.issuer);
}

/** Keeps the language for our own last page. The URI of a client is not changed. */
function inSameLanguage(answer: BrowserAnswer, { query }: BrowserRequest, issuer: string): BrowserAnswer {
  const asked = query.get('ui_locales');
  if (asked === undefined || answer.location === undefined) return answer;
  const url = new URL(answer.location, issuer);
  if (url.pathname !== `${basePath(issuer)}${routes.end_session}/success`) return answer;
  url.searchParams.set('ui_locales', asked);
  return { ...answer, location: url.href };
}

/** GET /oauth/logout/success */
export const showLoggedOut = async ({ cookie }: BrowserRequest, { library, cookies }: SignIn): Promise<BrowserAnswer> =>
  toBrowserAnswer(
    await library.ask({ method: 'GET', path: `${routes.end_session}/success`, visitor: cookies.read(cookie) }),
  );
