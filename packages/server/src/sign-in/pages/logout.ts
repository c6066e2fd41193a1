// Leave? The page that asks, and the one on which a session makes way for another.
import { type FormTarget, form, html, page } from './page.ts';

export interface LogoutPage extends FormTarget {
  /** Username of whoever is signed in; undefined where nobody is. */
  readonly account: string | undefined;
}

/** Posts `logout`; without it the session stays. */
export const logoutPage = ({ account, ...target }: LogoutPage): string =>
  page(
    'Sign out?',
    html`<p>${account === undefined ? 'Nobody is signed in here.' : html`You are signed in as <strong>${account}</strong>.`}</p>
${form(target, html`<button name="logout" value="yes">${account === undefined ? 'Continue' : 'Sign out'}</button>`)}`,
  );

/** Another person signed in than the one whose session this is. Posts `logout`, and the sign-in goes on. */
export const switchAccountPage = (target: FormTarget): string =>
  page(
    'Another account',
    html`<p>Somebody else was signed in here. Going on signs them out.</p>
${form(target, html`<button name="logout" value="yes">Continue</button>`)}`,
  );
