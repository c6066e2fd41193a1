// How did it end? The pages without a form: done, what went wrong, and the way on.
import { html } from './html.ts';
import { page } from './page.ts';

export type Outcome = 'device_connected' | 'device_refused' | 'signed_out' | 'still_signed_in';

const outcomes: Readonly<Record<Outcome, readonly [title: string, message: string]>> = {
  device_connected: ['Your device is connected', 'You can close this page and go on at the device.'],
  device_refused: ['Nothing was connected', 'You can close this page.'],
  signed_out: ['You are signed out', 'You can close this page.'],
  still_signed_in: ['You are still signed in', 'Nothing has changed. You can go back, or close this page.'],
};

export function donePage(outcome: Outcome): string {
  const [title, message] = outcomes[outcome];
  return page({ title, mood: outcome === 'device_refused' ? 'asking' : 'done' }, html`<p class="lead">${message}</p>`);
}

export interface ErrorPage {
  /** A public sentence of the refusal table. */
  readonly message: string;
  /** Names the audit row. */
  readonly requestId: string;
  /** Where the configuration has `developerErrors: true`. */
  readonly reason?: string;
  readonly detail?: string;
}

export const errorPage = ({ message, requestId, reason, detail }: ErrorPage): string =>
  page(
    { title: 'This did not work', mood: 'failed' },
    html`<p class="lead">${message}.</p>
<section class="panel"><p>If you ask for help, name this request:</p>
<p><code>${requestId}</code></p>${
      reason === undefined
        ? html``
        : html`
<p>For the developer: <code>${reason}</code>${detail === undefined ? html`` : html`: ${detail}`}</p>`
    }</section>`,
  );

/** After a form of ours, on the way to elsewhere: seen for an instant at most. */
export const leavingPage = (href: string): string =>
  page(
    { title: 'One moment', next: href },
    html`<p class="lead">You are on your way.</p>
<p class="choice"><a class="button quiet" href="${href}">Continue</a></p>`,
  );
