// Do you agree? The page that names who asks, what for, and who will act.
import { type FormTarget, form, html, page } from './page.ts';

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
    'Allow access?',
    html`<p>You are signed in as <strong>${account}</strong>.</p>
<p><strong>${client}</strong> asks for access to ${targets.join(', ')}:</p>
<ul>${scopes.map(({ name, words }) => html`<li>${words ?? name}</li>`)}</ul>
${actor && html`<p><strong>${actor}</strong> will be able to act for you.</p>`}
${userCode && html`<p>The device shows the code <strong>${userCode}</strong>.</p>`}
${form(target, html`<button name="agree" value="yes">Allow</button><button name="cancel" value="yes">Cancel</button>`)}`,
  );
