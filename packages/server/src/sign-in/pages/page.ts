// The frame that all pages share, and the headers that they are sent with.
import { Html, html } from './html.ts';
import type { Look, PageRenderer } from './look.ts';

/** The target of a form, and the token that proves that it is ours. */
export interface FormTarget {
  /** A path on this server. */
  readonly action: string;
  readonly csrf: string;
}

export const form = ({ action, csrf }: FormTarget, look: Look, fields: Html): Html =>
  html`<form method="post" action="${inLanguage(action, look)}"><input type="hidden" name="csrf" value="${csrf}">
${fields}
</form>`;

/** Adds the requested language to the path. */
const inLanguage = (path: string, { asked }: Look): string =>
  asked === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}ui_locales=${asked}`;

/**
 * Headers of a page. The browser loads nothing: the style sheet and the images are inline. No script runs, the page cannot be framed,
 * and forms can only be sent to this server. Chromium also applies `form-action` to redirects after a form, even those of clients. So
 * a form is answered with a page that then redirects (`leavingPage`). Other sites get no referrer; this server needs it from browsers
 * without Sec-Fetch-Site.
 */
export const pageHeaders = ({ branding }: Look) =>
  ({
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': `default-src 'none'; style-src ${branding.sheet.hash}; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
  }) as const satisfies Readonly<Record<string, string>>;

interface Frame {
  /** Also the heading. */
  readonly title: string;
  readonly mark?: keyof typeof marks;
  /** The problem with the submitted form. The title then begins with “Error:” for screen readers. */
  readonly problem?: string | undefined;
  /** The URL to redirect to at once. */
  readonly next?: string;
  /** For a page to read, without a form. */
  readonly wide?: true;
  readonly body: Html;
}

export const page =
  (describe: (look: Look) => Frame): PageRenderer =>
  (look) => {
    const { language, sentences, branding } = look;
    const { title, mark = 'asking', problem, next, wide, body } = describe(look);
    return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${next && html`<meta http-equiv="refresh" content="0;url=${next}">`}
<title>${problem && `${sentences.frame.error}: `}${title}${branding.name && ` · ${branding.name}`}</title>
<link rel="icon" href="${ICON}">
${new Html(`<style>${branding.sheet.style}</style>`)}
</head>
<body>
<main${wide && html` class="wide"`}>
${brand(look)}
${hasBrand(look) && mark === 'asking' ? undefined : marks[mark]}
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text;
  };

const hasBrand = ({ branding: { name, logo } }: Look): boolean => name !== undefined || logo !== undefined;

/** The alternative text of the logo is the name. */
function brand({ branding: { name, logo } }: Look): Html | undefined {
  if (logo !== undefined) return html`<p class="brand"><img src="${logo}" alt="${name ?? ''}"></p>`;
  return name === undefined ? undefined : html`<p class="brand"><bdi>${name}</bdi></p>`;
}

/** Our icon, and the signs for success and failure. */
const marks = {
  asking: html`<svg class="mark" viewBox="0 0 40 40" aria-hidden="true"><path d="M5 14h28m-8-8 8 8-8 8" opacity=".5"/><path d="M35 26H7m8-8-8 8 8 8"/></svg>`,
  done: html`<svg class="mark" viewBox="0 0 40 40" aria-hidden="true"><circle cx="20" cy="20" r="15.5"/><path d="m13.5 20.5 4.5 4.5 8.5-9.5"/></svg>`,
  failed: html`<svg class="mark failed" viewBox="0 0 40 40" aria-hidden="true"><circle cx="20" cy="20" r="15.5"/><path d="M20 12v10m0 5.5v.01"/></svg>`,
} as const;

const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40" fill="none" stroke="#3f8f7e" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"><path d="M5 14h28m-8-8 8 8-8 8"/><path d="M35 26H7m8-8-8 8 8 8"/></svg>',
)}`;

/** `bdi` isolates a name that is written from right to left from the text beside it. */
export const named = (name: string): Html => html`<strong><bdi>${name}</bdi></strong>`;

/** The problem with the submitted form. The wrong field refers to it with aria-describedby. */
export const problemBox = (problem: string | undefined): Html | undefined =>
  problem === undefined ? undefined : html`<p class="problem" id="problem" role="alert">${problem}</p>`;

/** @param hint the id of the element that always describes the field */
export function described(problem: string | undefined, hint?: string): Html | undefined {
  const ids = [problem === undefined ? [] : 'problem', hint ?? []].flat();
  if (ids.length === 0) return undefined;
  return html`${problem === undefined ? '' : html` aria-invalid="true"`} aria-describedby="${ids.join(' ')}"`;
}
