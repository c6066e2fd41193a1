// The page that asks whether to sign out, and the page that ends a session before another person signs in.
import { html } from './html.ts';
import type { PageRenderer } from './look.ts';
import { type FormTarget, form, named, page } from './page.ts';

export interface LogoutPage extends FormTarget {
  /** Username of the person who is signed in; undefined if nobody is. */
  readonly account: string | undefined;
}

/** Posts `logout`; without it the session stays. */
export const logoutPage = ({ account, ...target }: LogoutPage): PageRenderer =>
  page((look) => {
    const { logout: sentences } = look.sentences;
    if (account === undefined) {
      const next = html`<div class="choice"><button name="logout" value="yes">${sentences.next}</button></div>`;
      return {
        title: sentences.nobodyTitle,
        body: html`<p class="lead">${sentences.nobody}</p>
${form(target, look, next)}`,
      };
    }
    return {
      title: sentences.title,
      body: html`<p class="lead">${sentences.lead(named(account))}</p>
${form(
  target,
  look,
  html`<div class="choice"><button name="logout" value="yes">${sentences.submit}</button>
<button class="quiet" name="stay" value="yes">${sentences.stay}</button></div>`,
)}`,
    };
  });

/** Shown if another person signed in than the one of the session. Posts `logout`, and the sign-in continues. */
export const switchAccountPage = (target: FormTarget): PageRenderer =>
  page((look) => {
    const { switchAccount: sentences } = look.sentences;
    return {
      title: sentences.title,
      body: html`<p class="lead">${sentences.lead}</p>
${form(target, look, html`<div class="choice"><button name="logout" value="yes">${sentences.submit}</button></div>`)}`,
    };
  });
