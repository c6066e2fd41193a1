// Who are you? The page that asks for username and password, or leads to another provider.
import { type Html, html } from './html.ts';
import { describedByProblem, type FormTarget, form, named, page, problemBox } from './page.ts';

export interface SignInPage extends FormTarget {
  /** Id of the client that wants to know. */
  readonly client: string;
  /** Can anybody sign in with a password here? */
  readonly accounts: 'some' | 'none';
  /** Name of another provider to sign in at: the link leads to `upstream` below the action. */
  readonly upstream: string | undefined;
  /** What was typed before, or what the client guesses. */
  readonly username: string | undefined;
  /** Why the last try was not good. */
  readonly problem: 'wrong' | 'too_often' | 'upstream_denied' | undefined;
}

const problems = {
  wrong: 'That username and password do not go together.',
  too_often: 'Too many tries: wait a while, then try again.',
  upstream_denied: 'You were not signed in there. You can try again.',
} as const;

/** Posts `username` and `password`, or `cancel`. */
export const signInPage = ({ client, accounts, upstream, username, problem, ...target }: SignInPage): string => {
  const sentence = problem && problems[problem];
  const link =
    upstream &&
    html`<a class="button${accounts === 'some' ? ' quiet' : ''}" href="${target.action}/upstream">Continue with <bdi>${upstream}</bdi></a>`;
  const cancel = html`<button class="plain" name="cancel" value="yes" formnovalidate>Cancel</button>`;
  const password = html`${passwordFields(username ?? '', problem === 'wrong' ? sentence : undefined)}
<div class="choice"><button>Sign in</button>
${link && html`<p class="or">or</p>${link}`}
${cancel}</div>`;
  return page(
    { title: 'Sign in', problem },
    html`<p class="lead">to continue to ${named(client)}</p>
${problemBox(sentence)}
${form(target, accounts === 'some' ? password : html`<div class="choice">${link}${cancel}</div>`)}`,
  );
};

function passwordFields(username: string, problem: string | undefined): Html {
  const wrong = describedByProblem(problem);
  const focus = html` autofocus`;
  return html`<div class="field"><label for="username">Username</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="256" required${wrong}${username === '' ? focus : undefined}></div>
<div class="field"><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required${wrong}${username === '' ? undefined : focus}></div>`;
}
