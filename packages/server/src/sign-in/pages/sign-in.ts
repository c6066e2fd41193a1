// Who are you? The page that asks for username and password.
import { type FormTarget, form, html, page } from './page.ts';

export interface SignInPage extends FormTarget {
  /** Id of the client that wants to know. */
  readonly client: string;
  /** What was typed before, or what the client guesses. */
  readonly username: string | undefined;
  /** Why the last try was not good. */
  readonly problem: 'wrong' | 'too_often' | undefined;
}

const problems = {
  wrong: 'That username and password do not go together.',
  too_often: 'Too many tries: wait a while, then try again.',
} as const;

/** Posts `username` and `password`, or `cancel`. */
export const signInPage = ({ client, username, problem, ...target }: SignInPage): string =>
  page(
    'Sign in',
    html`<p>to continue to <strong>${client}</strong></p>
${problem && html`<p role="alert">${problems[problem]}</p>`}
${form(
  target,
  html`<label>Username <input name="username" autocomplete="username" value="${username}" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button>
<button name="cancel" value="yes" formnovalidate>Cancel</button>`,
)}`,
  );
