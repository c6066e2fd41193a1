// What do the pages that a person sees share? One frame, one sheet, and the headers that they go out with.
import { Html, html } from './html.ts';
import { style, styleHash } from './style.ts';

/** What a form must carry to be believed: where it goes, and the proof that it is ours. */
export interface FormTarget {
  /** Path of this server. */
  readonly action: string;
  readonly csrf: string;
}

export const form = ({ action, csrf }: FormTarget, fields: Html): Html =>
  html`<form method="post" action="${action}"><input type="hidden" name="csrf" value="${csrf}">
${fields}
</form>`;

/**
 * Nothing but our own sheet is loaded, no script runs, nobody frames the page, and forms go to us alone. Chromium holds
 * the redirects that follow a form to `form-action` as well, a client's own ones included, so that a form is answered by a
 * page: what leads on from there is a visit of its own (`leavingPage`).
 * Nobody else is told where a person came from; to ourselves a browser without Sec-Fetch-Site says its origin by it.
 */
export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src ${styleHash}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
} as const satisfies Readonly<Record<string, string>>;

interface Frame {
  readonly title: string;
  readonly mood?: keyof typeof marks;
  /** Was something wrong with what was sent? Said first to who only hears the page. */
  readonly problem?: string | undefined;
  /** Where the browser goes at once. */
  readonly next?: string;
}

/** @returns the whole document; the title is its heading as well */
export const page = ({ title, mood = 'asking', problem, next }: Frame, body: Html): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${next && html`<meta http-equiv="refresh" content="0;url=${next}">`}
<title>${problem && 'Error: '}${title}</title>
${sheet}
</head>
<body>
<main>
${marks[mood]}
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text;

/** Not through the template: its hash is that of these very bytes. */
const sheet = new Html(`<style>${style}</style>`);

/** Two arrows that pass each other; where something ended, a sign that says how. */
const marks = {
  asking: html`<svg class="mark" viewBox="0 0 40 40" aria-hidden="true"><path d="M5 14h28m-8-8 8 8-8 8" opacity=".5"/><path d="M35 26H7m8-8-8 8 8 8"/></svg>`,
  done: html`<svg class="mark" viewBox="0 0 40 40" aria-hidden="true"><circle cx="20" cy="20" r="15.5"/><path d="m13.5 20.5 4.5 4.5 8.5-9.5"/></svg>`,
  failed: html`<svg class="mark failed" viewBox="0 0 40 40" aria-hidden="true"><circle cx="20" cy="20" r="15.5"/><path d="M20 12v10m0 5.5v.01"/></svg>`,
} as const;

/** Names go their own way round: one from right to left turns nothing that stands beside it. */
export const named = (name: string): Html => html`<strong><bdi>${name}</bdi></strong>`;

/** What was wrong with what somebody sent. The field at fault says that this describes it. */
export const problemBox = (problem: string | undefined): Html | undefined =>
  problem === undefined ? undefined : html`<p class="problem" id="problem" role="alert">${problem}</p>`;

export const describedByProblem = (problem: string | undefined): Html | undefined =>
  problem === undefined ? undefined : html` aria-invalid="true" aria-describedby="problem"`;
