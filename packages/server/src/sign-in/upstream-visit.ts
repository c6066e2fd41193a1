// The way to the other provider and back: from the sign-in page, and to what the person was asked on the way.
import type { AuditEvent } from '../audit/event.ts';
import { seconds } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { BrowserAnswer, BrowserRequest } from './browser.ts';
import { type Asking, findInteraction, showSignIn, submit } from './interaction.ts';
import { SESSION } from './lifetimes.ts';
import { interactionPath } from './paths.ts';
import type { SignIn } from './sign-in.ts';
import type { Upstream, UpstreamWishes } from './upstream.ts';
import type { Departure } from './upstream-state.ts';

/** GET /oauth/upstream: back to the interaction, whose cookie says that this browser set out. */
export async function returnFromUpstream({ query }: BrowserRequest, { context }: SignIn): Promise<BrowserAnswer> {
  const answer = answerIn(query);
  const interaction = upstreamOf(context).interactionOf(answer);
  if (interaction === undefined) throw new Refusal('interaction_unknown');
  return { status: 303, location: `${interactionPath(context.issuer, interaction)}/upstream?${answer}` };
}

/** Each as often as it stands there: what is repeated is openid-client's to refuse. */
const answerIn = (query: BrowserRequest['query']): URLSearchParams =>
  new URLSearchParams(
    ['state', 'code', 'iss', 'error'].flatMap((name) =>
      query.all(name).map((value): [string, string] => [name, value]),
    ),
  );

/** GET /oauth/interaction/…/upstream: there, or back. @throws Refusal interaction_unknown, upstream_rate, upstream_failed */
export async function visitUpstream(
  request: BrowserRequest,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  const upstream = upstreamOf(signIn.context);
  const asking = await findInteraction(request, signIn);
  Object.assign(event, { action: 'sign_in', client: asking.clientId, provider: upstream.name });
  // Who they are has been told.
  if (asking.details.result?.login !== undefined) throw new Refusal('interaction_unknown');
  const wishes = wishesOf(asking);
  if (request.query.get('state') === undefined) {
    return { status: 303, location: await upstream.begin(departureOf(asking), wishes) };
  }
  return complete(request, asking, wishes, event, signIn);
}

const departureOf = ({ details: { uid }, browser }: Asking): Departure => ({ interaction: uid, browser });

async function complete(
  { query, address }: BrowserRequest,
  asking: Asking,
  wishes: UpstreamWishes,
  event: AuditEvent,
  signIn: SignIn,
): Promise<BrowserAnswer> {
  const { issuer, clock, accounts } = signIn.context;
  try {
    const person = await upstreamOf(signIn.context).complete(
      { ...departureOf(asking), address },
      answerIn(query),
      wishes,
    );
    const { acr, amr, auth_time: at = seconds(clock) } = person.authentication;
    if (seconds(clock) - at > SESSION)
      throw new Refusal('upstream_failed', {
        detail: 'the person signed in there before our sessions would have ended',
      });
    await accounts.remember(person);
    Object.assign(event, { outcome: 'accepted', principal: { iss: issuer, sub: person.sub } });
    const login = {
      accountId: person.sub,
      ts: at,
      ...(acr !== undefined && { acr }),
      ...(amr !== undefined && { amr: [...amr] }),
    };
    return submit(asking, { login }, signIn);
  } catch (refusal) {
    if (!(refusal instanceof Refusal) || refusal.reason !== 'upstream_denied') throw refusal;
    return showSignIn(asking, { username: undefined, problem: 'upstream_denied', refusal }, signIn);
  }
}

/** What the client asked for of the sign-in. Nobody comes back with one that is older than a session of ours may be. */
function wishesOf({
  details: {
    params,
    iat,
    prompt: { name },
  },
}: Asking): UpstreamWishes {
  const { prompt, max_age: maxAge, login_hint: loginHint } = params;
  // Somebody else than the person who is asked to agree: the provider must not answer with the one whom it knows.
  const isOther = name === 'consent';
  const anew = isOther || (typeof prompt === 'string' && prompt.split(' ').includes('login'));
  return {
    prompt: anew ? 'login' : undefined,
    since: anew ? iat : undefined,
    maxAge: maxAge === undefined ? undefined : Math.min(Number(maxAge), SESSION),
    sessionAge: SESSION,
    loginHint: typeof loginHint === 'string' ? loginHint : undefined,
  };
}

function upstreamOf({ upstream }: SignIn['context']): Upstream {
  if (upstream === undefined) throw new Refusal('path_unknown');
  return upstream;
}
