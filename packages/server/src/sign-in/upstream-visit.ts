// Sends the browser to the upstream provider and completes the sign-in when it returns.
import type { AuditEvent } from '../audit/event.ts';
import { seconds } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { BrowserAnswer, BrowserRequest } from './browser.ts';
import { type ActiveInteraction, findInteraction, showSignIn, submit } from './interaction.ts';
import { SESSION_SECONDS } from './lifetimes.ts';
import { interactionPath } from './paths.ts';
import type { SignIn } from './sign-in.ts';
import type { Upstream, UpstreamRequirements } from './upstream.ts';
import type { StateOwner } from './upstream-state.ts';

/** GET /oauth/upstream: redirects to the interaction, which checks that this browser started it. */
export async function returnFromUpstream({ query }: BrowserRequest, { context }: SignIn): Promise<BrowserAnswer> {
  const answer = answerIn(query);
  const interaction = upstreamOf(context).interactionOf(answer);
  if (interaction === undefined) throw new Refusal('interaction_unknown');
  return { status: 303, location: `${interactionPath(context.issuer, interaction)}/upstream?${answer}` };
}

/** Keeps repeated parameters: openid-client refuses them. */
const answerIn = (query: BrowserRequest['query']): URLSearchParams =>
  new URLSearchParams(
    ['state', 'code', 'iss', 'error'].flatMap((name) =>
      query.all(name).map((value): [string, string] => [name, value]),
    ),
  );

/** GET /oauth/interaction/…/upstream: starts or completes. @throws Refusal interaction_unknown, upstream_rate, upstream_failed */
export async function visitUpstream(
  request: BrowserRequest,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  const upstream = upstreamOf(signIn.context);
  const active = await findInteraction(request, signIn);
  Object.assign(event, { action: 'sign_in', client: active.clientId, provider: upstream.name });
  // The person has signed in already.
  if (active.details.result?.login !== undefined) throw new Refusal('interaction_unknown');
  const requirements = requirementsOf(active);
  if (request.query.get('state') === undefined) {
    return { status: 303, location: await upstream.begin(stateOwnerOf(active), requirements) };
  }
  return complete(request, active, requirements, event, signIn);
}

const stateOwnerOf = ({ details: { uid }, browser }: ActiveInteraction): StateOwner => ({ interaction: uid, browser });

async function complete(
  { query, address }: BrowserRequest,
  active: ActiveInteraction,
  requirements: UpstreamRequirements,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  const { issuer, clock, accounts } = signIn.context;
  try {
    const person = await upstreamOf(signIn.context).complete(
      { ...stateOwnerOf(active), address },
      answerIn(query),
      requirements,
    );
    const { acr, amr, auth_time: at = seconds(clock) } = person.authentication;
    if (seconds(clock) - at > SESSION_SECONDS)
      throw new Refusal('upstream_failed', {
        detail: `the person signed in there longer ago than our sessions last (${SESSION_SECONDS / 3600} h)`,
      });
    await accounts.remember(person);
    Object.assign(event, { outcome: 'accepted', principal: { iss: issuer, sub: person.sub } });
    const login = {
      accountId: person.sub,
      ts: at,
      ...(acr !== undefined && { acr }),
      ...(amr !== undefined && { amr: [...amr] }),
    };
    return submit(active, { login }, signIn);
  } catch (refusal) {
    if (!(refusal instanceof Refusal) || refusal.reason !== 'upstream_denied') throw refusal;
    return showSignIn(active, { username: undefined, problem: 'upstream_denied', refusal }, signIn);
  }
}

/** The client's requirements for the sign-in. It may never be older than the lifetime of a session. */
function requirementsOf({
  details: {
    params,
    iat,
    prompt: { name },
  },
}: ActiveInteraction): UpstreamRequirements {
  const { prompt, max_age: maxAge, login_hint: loginHint } = params;
  // The person switches accounts: the provider must not answer with its current session.
  const isOther = name === 'consent';
  const anew = isOther || (typeof prompt === 'string' && prompt.split(' ').includes('login'));
  return {
    prompt: anew ? 'login' : undefined,
    since: anew ? iat : undefined,
    maxAge: maxAge === undefined ? undefined : Math.min(Number(maxAge), SESSION_SECONDS),
    sessionAge: SESSION_SECONDS,
    loginHint: typeof loginHint === 'string' ? loginHint : undefined,
  };
}

function upstreamOf({ upstream }: SignIn['context']): Upstream {
  if (upstream === undefined) throw new Refusal('path_unknown');
  return upstream;
}
