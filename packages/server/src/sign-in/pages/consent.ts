// Do you agree? The page that names who asks, what for, and who will act.
import { type Html, html } from './html.ts';
import { type FormTarget, form, named, page } from './page.ts';

export interface ConsentPage extends FormTarget {
  /** Id of the client that asks. */
  readonly client: string;
  /** Username of whoever is signed in. */
  readonly account: string;
  readonly scopes: readonly { readonly name: string; readonly words: string | undefined }[];
  /** Audiences of the APIs for which it is asked. */
  readonly targets: readonly string[];
  /** The client that will act for the person (`may_act`). */
  readonly actor: string | undefined;
  /** Of a device: the code that it shows. */
  readonly userCode: string | undefined;
}

/** Posts `agree`, or `cancel`. */
export const consentPage = ({ client, account, scopes, targets, actor, userCode, ...target }: ConsentPage): string =>
  page(
    { title: 'Allow access?' },
    html`<p class="lead">${named(client)} asks for access with your account.</p>
<section aria-labelledby="asked"><h2 id="asked">It will be able to</h2>
<ul>
${scopes.flatMap(({ words }) => (words === undefined ? [] : [html`<li>${words}</li>`]))}
${useOf(
  targets,
  scopes.filter(({ words }) => words === undefined),
)}
</ul></section>
${actor && actorPart(actor)}
${userCode && html`<section><h2>The device shows</h2><p class="compare code">${userCode}</p></section>`}
${form(
  target,
  html`<div class="choice"><button name="agree" value="yes">Allow</button>
<button class="quiet" name="cancel" value="yes">Cancel</button></div>`,
)}
<p class="note">You are signed in as ${named(account)}.</p>`,
  );

/** What other scopes mean is their API's to say: they are shown as they are called. */
function useOf(targets: readonly string[], scopes: readonly { readonly name: string }[]): Html | undefined {
  if (targets.length === 0 && scopes.length === 0) return undefined;
  const where = targets.map((target, index) => html`${index > 0 ? ' and ' : ''}${named(target)}`);
  return html`<li>Use ${where.length > 0 ? where : 'what these names stand for'}${
    scopes.length > 0 ? html`<div class="names">${scopes.map(({ name }) => html`<code>${name}</code> `)}</div>` : ''
  }</li>`;
}

const actorPart = (actor: string): Html =>
  html`<section class="panel" aria-labelledby="actor"><h2 id="actor">${named(actor)} will act for you</h2>
<p>With this access it may make calls in your name, and nobody else may. Each call shows both of you.</p></section>`;
