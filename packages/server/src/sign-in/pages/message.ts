// The pages without a form: success, errors, and the redirect page.
import { html } from './html.ts';
import type { Sentences } from './languages/english.ts';
import type { Look, PageRenderer } from './look.ts';
import { page } from './page.ts';

export type Outcome = keyof Sentences['done'];

export const donePage = (outcome: Outcome): PageRenderer =>
  page(({ sentences }) => {
    const [title, message] = sentences.done[outcome];
    const mark = outcome === 'device_refused' ? 'asking' : 'done';
    return { title, mark, body: html`<p class="lead">${message}</p>` };
  });

export interface ErrorPage {
  /** The name of the public answer. */
  readonly answer: string;
  /** The public sentence, in English. */
  readonly message: string;
  /** A parameter that the sentence names. */
  readonly parameter: string | undefined;
  /** The id of the audit row. */
  readonly requestId: string;
  /** Only if the configuration has `developerErrors: true`. */
  readonly reason?: string;
  readonly detail?: string;
}

export const errorPage = ({ requestId, reason, detail, ...refused }: ErrorPage): PageRenderer =>
  page((look) => {
    const { failed } = look.sentences;
    return {
      title: failed.title,
      mark: 'failed',
      body: html`${sentenceOf(refused, look)}
<section class="panel"><p>${failed.help}</p>
<p><code>${requestId}</code></p>${
        reason &&
        html`
<p>${failed.developer} <code>${reason}</code>${detail && html`<span lang="en">: ${detail}</span>`}</p>`
      }</section>`,
    };
  });

/** A sentence without a translation is shown in English, and marked as English. */
function sentenceOf({ answer, message, parameter }: Omit<ErrorPage, 'requestId'>, { sentences, language }: Look) {
  const known = Object.entries<string>(sentences.refusals).find(([name]) => name === answer)?.[1];
  if (language === 'en' || known === undefined)
    return html`<p class="lead"${language === 'en' ? '' : html` lang="en"`}>${message}.</p>`;
  return html`<p class="lead">${known.replace('{parameter}', parameter ?? '')}.</p>`;
}

/** The answer to a form that redirects the browser to another site. It is visible only for a moment. */
export const leavingPage = (href: string): PageRenderer =>
  page(({ sentences: { leaving } }) => ({
    title: leaving.title,
    next: href,
    body: html`<p class="lead">${leaving.lead}</p>
<p class="choice"><a class="button quiet" href="${href}">${leaving.submit}</a></p>`,
  }));
