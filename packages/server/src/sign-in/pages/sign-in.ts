// The sign-in page: username and password, or the upstream provider.
import { clientLine, clientName, returnNote, type ShownClient } from './client.ts';
import { type Html, html } from './html.ts';
import type { Sentences } from './languages/english.ts';
import type { PageRenderer } from './look.ts';
import { described, type FormTarget, form, page, problemBox } from './page.ts';

export interface SignInPage extends FormTarget {
  /** The client that requested the sign-in. */
  readonly client: ShownClient;
  /** Where the person returns to; undefined for a device. */
  readonly redirectUri: string | undefined;
  /** Does the configuration have accounts with passwords? */
  readonly accounts: 'some' | 'none';
  /** The upstream provider. `first`: it is the usual way, and is shown above the passwords. */
  readonly upstream: { readonly name: string; readonly href: string; readonly first: boolean } | undefined;
  /** The username that was typed before, or that the client suggests. */
  readonly username: string | undefined;
  /** Why the last attempt failed. */
  readonly problem: keyof Sentences['signIn']['problems'] | undefined;
}

/** Posts `username` and `password`, or `cancel`. */
export const signInPage = ({
  client,
  redirectUri,
  accounts,
  upstream,
  username,
  problem,
  ...target
}: SignInPage): PageRenderer =>
  page((look) => {
    const { signIn: sentences } = look.sentences;
    const sentence = problem && sentences.problems[problem];
    const cancel = html`<button class="quiet" name="cancel" value="yes" formnovalidate>${sentences.cancel}</button>`;
    const isFirst = upstream !== undefined && (upstream.first || accounts === 'none');
    const link =
      upstream &&
      html`<a class="button${isFirst ? '' : ' quiet'}" href="${upstream.href}">${sentences.upstream(html`<bdi>${upstream.name}</bdi>`)}</a>`;
    const or = html`<p class="or">${sentences.or}</p>`;
    const wrong = problem === 'wrong' ? sentence : undefined;
    // After a wrong password the password form has the focus, even if the provider comes first.
    const focus = isFirst && wrong === undefined ? undefined : username ? 'password' : 'username';
    const fields = passwordFields(username ?? '', { sentences, wrong, focus });
    const submit = html`<button>${sentences.submit}</button>`;
    const password = isFirst
      ? html`<div class="choice">${link}${or}</div>
${fields}
<div class="choice pair">${submit}
${cancel}</div>`
      : html`${fields}
<div class="choice pair">${submit}
${cancel}</div>
${link && html`<div class="choice">${or}${link}</div>`}`;
    const note = returnNote(redirectUri, look);
    return {
      title: sentences.title,
      problem,
      body: html`<p class="lead">${sentences.lead(clientName(client))}</p>
${clientLine(client, redirectUri, look)}
${problemBox(sentence)}
${form(target, look, accounts === 'some' ? password : html`<div class="choice">${link}${cancel}</div>`)}
${note && html`<p class="note">${note}</p>`}`,
    };
  });

interface FieldOptions {
  readonly sentences: Sentences['signIn'];
  readonly wrong: string | undefined;
  readonly focus: 'username' | 'password' | undefined;
}

function passwordFields(username: string, { sentences, wrong, focus }: FieldOptions): Html {
  const problem = described(wrong);
  const focused = html` autofocus`;
  return html`<div class="field"><label for="username">${sentences.username}</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="256" required${problem}${focus === 'username' ? focused : undefined}></div>
<div class="field"><label for="password">${sentences.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required${problem}${focus === 'password' ? focused : undefined}></div>`;
}
