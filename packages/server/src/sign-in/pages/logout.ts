// The page that asks whether to sign out, and the one on which a session makes way for another person's.
import { html } from './html.ts';
import type { Drawing } from './look.ts';
import { type FormTarget, form, named, page } from './page.ts';

export interface LogoutPage extends FormTarget {
  /** Username of the person who is signed in; undefined where nobody is. */
  readonly account: string | undefined;
}

/** Posts `logout`; without it the session stays. */
export const logoutPage = ({ account, ...target }: LogoutPage): Drawing =>
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

/** Somebody else signed in than the person whose session this is. Posts `logout`, and the sign-in goes on. */
export const switchAccountPage = (target: FormTarget): Drawing =>
  page((look) => {
    const { switchAccount: sentences } = look.sentences;
    return {
      title: sentences.title,
      body: html`<p class="lead">${sentences.lead}</p>
${form(target, look, html`<div class="choice"><button name="logout" value="yes">${sentences.submit}</button></div>`)}`,
    };
  });
