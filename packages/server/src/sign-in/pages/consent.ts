// The consent page: it names the client, the requested access, and the client that will act for the person.
import type { Words } from '../../model/resource.ts';
import { clientLine, clientName, descriptionOf, returnNote, type ShownClient } from './client.ts';
import { type Html, html } from './html.ts';
import type { Look, PageRenderer } from './look.ts';
import { type FormTarget, form, named, page } from './page.ts';

export interface ConsentPage extends FormTarget {
  /** The client that asks. */
  readonly client: ShownClient;
  /** Where the person returns to; undefined for a device. */
  readonly redirectUri: string | undefined;
  /** Username of the person who is signed in. */
  readonly account: string;
  /** The link to sign in as another person; undefined if the client requires this one. */
  readonly otherAccount: string | undefined;
  readonly scopes: readonly ShownScope[];
  /** Audiences of the requested APIs. */
  readonly targets: readonly string[];
  /** The client that will act for the person (`may_act`). */
  readonly actor: ShownClient | undefined;
  /** The code that a device shows. */
  readonly userCode: string | undefined;
}

interface ShownScope {
  readonly name: string;
  /** The API's description of the scope; undefined if it has none. */
  readonly words: Words | undefined;
}

/** Posts `agree`, or `cancel`. */
export const consentPage = ({
  client,
  redirectUri,
  account,
  otherAccount,
  scopes,
  targets,
  actor,
  userCode,
  ...target
}: ConsentPage): PageRenderer =>
  page((look) => {
    const { consent: sentences } = look.sentences;
    const own: Readonly<Record<string, string>> = sentences.scopes;
    const described = scopes.map(({ name, words }) => ({ name, words: own[name] ?? words }));
    const other = otherAccount && html` <a href="${otherAccount}">${sentences.switch(html`<bdi>${account}</bdi>`)}</a>`;
    const note = returnNote(redirectUri, look);
    return {
      title: sentences.title,
      body: html`<p class="lead">${sentences.lead(clientName(client))}</p>
${clientLine(client, redirectUri, look)}
<section aria-labelledby="asked"><h2 id="asked">${sentences.able}</h2>
<ul class="able">
${described.flatMap(({ words }) => (words === undefined ? [] : [able(words, look)]))}
${useOf(
  targets,
  described.filter(({ words }) => words === undefined),
  look,
)}
</ul></section>
${actor && actorPart(actor, look)}
${userCode && html`<section><h2>${sentences.device}</h2><p class="compare code">${userCode}</p></section>`}
${form(
  target,
  look,
  html`<div class="choice pair"><button name="agree" value="yes">${sentences.allow}</button>
<button class="quiet" name="cancel" value="yes">${sentences.cancel}</button></div>`,
)}
<p class="note">${sentences.account(named(account))}${other}${note && html`<br>${note}`}</p>`,
    };
  });

/** A description in another language than the page is marked with its language. */
function able(words: Words, { language, branding }: Look): Html {
  if (typeof words === 'string') return html`<li>${words}</li>`;
  const known = [language, branding.language, ...Object.keys(words)].find((one) => words[one] !== undefined);
  const mark = known !== undefined && known !== language && html` lang="${known}"`;
  return html`<li${mark}>${known && words[known]}</li>`;
}

/** Scopes without a description are shown by name. */
function useOf(targets: readonly string[], scopes: readonly ShownScope[], look: Look): Html | undefined {
  if (targets.length === 0 && scopes.length === 0) return undefined;
  const { consent: sentences } = look.sentences;
  const where = targets.map((target, index) => html`${index > 0 ? sentences.and : ''}${named(target)}`);
  return html`<li>${where.length > 0 ? sentences.use(html`${where}`) : sentences.useScopes}${
    scopes.length > 0 ? html`<div class="names">${scopes.map(({ name }) => html`<code>${name}</code> `)}</div>` : ''
  }</li>`;
}

const actorPart = (actor: ShownClient, { sentences: { consent, client } }: Look): Html =>
  html`<section class="panel" aria-labelledby="actor"><h2 id="actor">${consent.actor(clientName(actor))}</h2>
<p>${consent.actorNote}${actor.document && html` ${descriptionOf(actor.document, client)}`}${actor.name && html` ${client.id(html`<code>${actor.id}</code>`)}.`}</p></section>`;
