// How did it end? The pages without a form: done, and what went wrong.
import { html, page } from './page.ts';

export type Outcome = 'device_connected' | 'device_refused' | 'signed_out';

const outcomes: Readonly<Record<Outcome, readonly [title: string, message: string]>> = {
  device_connected: ['Your device is connected', 'You can close this page and go on at the device.'],
  device_refused: ['Nothing was connected', 'You can close this page.'],
  signed_out: ['You are signed out', 'You can close this page.'],
};

export function donePage(outcome: Outcome): string {
  const [title, message] = outcomes[outcome];
  return page(title, html`<p>${message}</p>`);
}

export interface ErrorPage {
  /** A public sentence of the refusal table. */
  readonly message: string;
  /** Names the audit row. */
  readonly requestId: string;
}

export const errorPage = ({ message, requestId }: ErrorPage): string =>
  page(
    'This did not work',
    html`<p>${message}.</p>
<p>Whoever runs this server finds out more by the number <code>${requestId}</code>.</p>`,
  );
