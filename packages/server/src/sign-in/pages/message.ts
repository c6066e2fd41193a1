// The pages without a form: what was done, what went wrong, and the way on.
import { html } from './html.ts';
import type { Sentences } from './languages/english.ts';
import type { Drawing, Look } from './look.ts';
import { page } from './page.ts';

export type Outcome = keyof Sentences['done'];

export const donePage = (outcome: Outcome): Drawing =>
  page(({ sentences }) => {
    const [title, message] = sentences.done[outcome];
    const mood = outcome === 'device_refused' ? 'asking' : 'done';
    return { title, mood, body: html`<p class="lead">${message}</p>` };
  });

export interface ErrorPage {
  /** Its row of the refusal table. */
  readonly answer: string;
  /** Its public sentence, in English. */
  readonly message: string;
  /** A parameter that the sentence names. */
  readonly parameter: string | undefined;
  /** Names the audit row. */
  readonly requestId: string;
  /** Where the configuration has `developerErrors: true`. */
  readonly reason?: string;
  readonly detail?: string;
}

export const errorPage = ({ requestId, reason, detail, ...refused }: ErrorPage): Drawing =>
  page((look) => {
    const { failed } = look.sentences;
    return {
      title: failed.title,
      mood: 'failed',
      body: html`${sentenceOf(refused, look)}
<section class="panel"><p>${failed.help}</p>
<p><code>${requestId}</code></p>${
        reason &&
        html`
<p>${failed.developer} <code>${reason}</code>${detail && html`<span lang="en">: ${detail}</span>`}</p>`
      }</section>`,
    };
  });

/** A sentence that a language lacks is shown in English, and marked as English. */
function sentenceOf({ answer, message, parameter }: Omit<ErrorPage, 'requestId'>, { sentences, language }: Look) {
  const known = Object.entries<string>(sentences.refusals).find(([name]) => name === answer)?.[1];
  if (language === 'en' || known === undefined)
    return html`<p class="lead"${language === 'en' ? '' : html` lang="en"`}>${message}.</p>`;
  return html`<p class="lead">${known.replace('{parameter}', parameter ?? '')}.</p>`;
}

/** After a form of ours, on the way to another place. It is seen for an instant at most. */
export const leavingPage = (href: string): Drawing =>
  page(({ sentences: { leaving } }) => ({
    title: leaving.title,
    next: href,
    body: html`<p class="lead">${leaving.lead}</p>
<p class="choice"><a class="button quiet" href="${href}">${leaving.submit}</a></p>`,
  }));
