// The pages of the sample application: the start, the result of the exchange, and errors.
import { createHash } from 'node:crypto';

/** Markup that is safe to send. */
class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Html | readonly Html[] | undefined;

/** Escapes text, and keeps markup. */
function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(parts.reduce((text, part, index) => text + write(values[index - 1]) + part));
}

function write(value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return String(value).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const STYLE = `
:root{color-scheme:light dark;--ground:#f4f3f0;--card:#fff;--inset:#f7f6f3;--line:#dfdcd5;--ink:#1b1a18;--soft:#5d5950;--accent:#1f5a4d;--onAccent:#fff;--new:#e3f1ea}
@media(prefers-color-scheme:dark){:root{--ground:#131314;--card:#1d1d1f;--inset:#28282b;--line:#3a3a3e;--ink:#f1f0ee;--soft:#b0aeb0;--accent:#8fd3c1;--onAccent:#10201c;--new:#1e3a31}}
*{box-sizing:border-box}
body{margin:0;padding:2.5rem 1.25rem;background:var(--ground);color:var(--ink);font:400 1rem/1.55 -apple-system,'Segoe UI',Roboto,Inter,'Helvetica Neue',Arial,sans-serif;overflow-wrap:anywhere}
main{max-width:64rem;margin:0 auto}
main.short{max-width:34rem}
h1{margin:0;font-size:1.875rem;line-height:1.2;letter-spacing:-.02em;text-wrap:balance}
h2{margin:2.25rem 0 .75rem;font-size:1.125rem;line-height:1.35}
h3{margin:0 0 .125rem;font-size:1rem}
p{margin:.5rem 0 0;text-wrap:pretty}
a{color:var(--accent);text-underline-offset:.2em}
.eyebrow{margin:0 0 .5rem;color:var(--accent);font-size:.875rem;font-weight:600}
.lead{color:var(--soft);font-size:1.0625rem;max-width:44rem}
.soft{color:var(--soft);font-size:.875rem}
ol{margin:0;padding:0;list-style:none;display:grid;gap:1rem;counter-reset:step}
li{position:relative;padding-left:2.5rem;counter-increment:step}
li::before{content:counter(step);position:absolute;left:0;top:.0625rem;width:1.625rem;height:1.625rem;border-radius:50%;background:var(--accent);color:var(--onAccent);font-size:.875rem;font-weight:600;line-height:1.625rem;text-align:center}
@media(min-width:52rem){ol{grid-template-columns:repeat(4,1fr)}li{padding:2.25rem 0 0}}
.box{padding:1.25rem;background:var(--card);border:1px solid var(--line);border-radius:.875rem}
.pair{display:grid;gap:1rem}
.pair>*{min-width:0}
@media(min-width:52rem){.pair{grid-template-columns:1fr 1fr}}
table{width:100%;border-collapse:collapse;font-size:.9375rem}
th,td{padding:.5rem .75rem .5rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
tr:last-child>*{border-bottom:0}
thead th{font-size:.875rem;color:var(--soft);font-weight:500}
tbody th{font-weight:600}
th .soft{font-weight:400}
.box>pre:first-child{margin:0}
td span{display:block;color:var(--soft);font-size:.875rem}
@media(max-width:40rem){thead{display:none}tr{display:block;padding:.75rem 0;border-bottom:1px solid var(--line)}tr:last-child{border:0}th,td{display:block;padding:.125rem 0;border:0}td::before{content:attr(data-of) ': ';color:var(--soft)}}
code,pre{font-family:ui-monospace,'SF Mono','Cascadia Mono',Menlo,Consolas,'Liberation Mono',monospace;font-size:.8125rem}
pre{margin:.75rem 0 0;padding:.875rem 1rem;background:var(--inset);border-radius:.5rem;line-height:1.6;white-space:pre-wrap}
mark{background:var(--new);color:inherit;border-radius:.25rem;padding:.0625rem .125rem}
.button{display:inline-block;margin-top:1.5rem;padding:.6875rem 1.5rem;border-radius:.625rem;background:var(--accent);color:var(--onAccent);font-weight:600;text-decoration:none}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
`;

export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

const page = (title: string, body: Html, width: 'short' | 'wide' = 'short'): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Sample application</title>
<link rel="icon" href="data:,">
${new Html(`<style>${STYLE}</style>`)}
</head>
<body>
<main class="${width}">
<p class="eyebrow">Sample application</p>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text;

/** @param login URL that starts a sign-in */
export const homePage = (login: string, issuer: string): string =>
  page(
    'Let a service act for you',
    html`<p class="lead">You sign in at Cambio and allow a service to act for you. The service then exchanges your token for one of its own, and calls an API with it.</p>
<p class="lead">Sign in as <strong>ada</strong> with the password <strong>ada</strong>.</p>
<p><a class="button" href="${login}">Sign in</a></p>
<p class="soft">Cambio runs on <a href="${issuer}/">${issuer}</a>.</p>`,
  );

/** What failed, and what to do. */
export const problemPage = (title: string, advice: string, login: string): string =>
  page(title, html`<p class="lead">${advice}</p>\n<p><a class="button" href="${login}">Sign in again</a></p>`);

type Claims = Readonly<Record<string, unknown>>;

export interface Happened {
  readonly issuer: string;
  readonly login: string;
  /** The claims of the person's token, before the exchange. */
  readonly before: Claims;
  /** The claims of the token that the service got for it. */
  readonly after: Claims;
  /** The answer of the API. */
  readonly answer: unknown;
  /** The id of the request, which finds the audit row of the exchange. */
  readonly requestId: string;
}

export const happenedPage = ({ issuer, login, before, after, answer, requestId }: Happened): string => {
  const person = String(before.sub);
  const actor = nameOf(after.act) ?? 'nobody';
  return page(
    `It worked: ${actor} acted for ${person}`,
    html`<p class="lead">The API was called by <strong>${actor}</strong>, for <strong>${person}</strong>, with a token that names both. Here is how it came about.</p>
<h2>What just happened</h2>
<ol class="box">
<li><h3>You signed in</h3><span class="soft">at Cambio, and allowed ${actor} to act for you.</span></li>
<li><h3>This application got your token</h3><span class="soft">Its may_act claim says who may act for you: ${nameOf(before.may_act)}.</span></li>
<li><h3>The service exchanged it</h3><span class="soft">It sent your token as the subject, and its own as the actor (RFC 8693).</span></li>
<li><h3>The service called the API</h3><span class="soft">The API verified the new token by itself, and saw both of you.</span></li>
</ol>
<h2>What the exchange changed</h2>
<div class="box"><table>
<thead><tr><th scope="col">Claim</th><th scope="col">Your token</th><th scope="col">The exchanged token</th></tr></thead>
<tbody>
${row('Subject', 'sub: for whom', [before.sub, 'you'], [after.sub, 'still you'])}
${row('Actor', 'act: who acts', [nameOf(before.act) ?? 'none', `${nameOf(before.may_act)} may act (may_act)`], [actor, 'acts for you'])}
${row('Client', 'client_id: who was given it', [before.client_id, 'this application'], [after.client_id, 'the service'])}
${row('Scope', 'scope: what it allows', [before.scope, 'you agreed to this'], [after.scope, 'never more than yours'])}
${row('Audience', 'aud: which API takes it', [before.aud, ''], [after.aud, 'what the rule grants'])}
${row('Lifetime', 'exp − iat', [lifeOf(before), ''], [lifeOf(after), 'the rule says how long'])}
</tbody></table></div>
<h2>The two tokens, decoded</h2>
<div class="pair">
<section class="box" aria-labelledby="before"><h3 id="before">Your token</h3><span class="soft">The subject token</span>${pre(before, after)}</section>
<section class="box" aria-labelledby="after"><h3 id="after">The exchanged token</h3><span class="soft">Claims that differ are marked</span>${pre(after, before)}</section>
</div>
<p class="soft">These are the claims. Header and signature are left out: anyone who sees a whole token could use it.</p>
<h2>What the API answered</h2>
<div class="box"><pre>${JSON.stringify(answer, null, 2)}</pre></div>
<h2>Read on</h2>
<p>Why was it allowed? Ask Cambio, in the folder in which you ran <code>npm start</code>:</p>
<pre>npx @cambio/server explain --config examples/quickstart/cambio.yaml --request ${requestId}</pre>
<p><a class="button" href="${login}">Once more</a></p>
<p class="soft"><a href="${issuer}/oauth/logout">Sign out</a> to begin as somebody else. The rule is in examples/quickstart/cambio.yaml.</p>`,
    'wide',
  );
};

type Cell = readonly [value: unknown, note: string];

const row = (name: string, note: string, before: Cell, after: Cell): Html =>
  html`<tr><th scope="row">${name}<br><span class="soft">${note}</span></th>${cell(before, 'Your token')}${cell(after, 'The exchanged token')}</tr>`;

const cell = ([value, note]: Cell, of: string): Html =>
  html`<td data-of="${of}"><code>${say(value)}</code><span>${note}</span></td>`;

const say = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value ?? 'none'));

const lifeOf = ({ iat, exp }: Claims): string => `${(Number(exp) - Number(iat)) / 60} minutes`;

/** @param party `act` or `may_act` (RFC 8693 section 4) */
const nameOf = (party: unknown): string | undefined => (party as { readonly sub?: string } | undefined)?.sub;

/** One claim per line. Claims that are missing or different in the other token are marked. */
function pre(claims: Claims, other: Claims): Html {
  const lines = Object.entries(claims).map(([name, value], index, all) => {
    const text = `${JSON.stringify(name)}: ${JSON.stringify(value)}${index < all.length - 1 ? ',' : ''}`;
    return JSON.stringify(value) === JSON.stringify(other[name]) ? html`  ${text}\n` : html`  <mark>${text}</mark>\n`;
  });
  return html`<pre>{\n${lines}}</pre>`;
}
