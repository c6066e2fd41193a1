// Leave? The page that asks, and the one on which a session makes way for another.
import { html } from './html.ts';
import { type FormTarget, form, named, page } from './page.ts';

export interface LogoutPage extends FormTarget {
  /** Username of whoever is signed in; undefined where nobody is. */
  readonly account: string | undefined;
}

/** Posts `logout`; without it the session stays. */
export const logoutPage = ({ account, ...target }: LogoutPage): string =>
  account === undefined
    ? page(
        { title: 'Nobody is signed in' },
        html`<p class="lead">There is nothing to sign out of in this browser.</p>
${form(target, html`<div class="choice"><button name="logout" value="yes">Continue</button></div>`)}`,
      )
    : page(
        { title: 'Sign out?' },
        html`<p class="lead">You are signed in as ${named(account)}. What you reached from here will ask you to sign in again.</p>
${form(
  target,
  html`<div class="choice"><button name="logout" value="yes">Sign out</button>
<button class="quiet" name="stay" value="yes">Stay signed in</button></div>`,
)}`,
      );

/** Another person signed in than the one whose session this is. Posts `logout`, and the sign-in goes on. */
export const switchAccountPage = (target: FormTarget): string =>
  page(
    { title: 'Another account' },
    html`<p class="lead">Somebody else was signed in here. Going on signs them out.</p>
${form(target, html`<div class="choice"><button name="logout" value="yes">Continue</button></div>`)}`,
  );
