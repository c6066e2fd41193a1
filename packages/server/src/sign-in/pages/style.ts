// The style sheet of the pages. It is inline, and the content security policy has its hash.
import { hash } from 'node:crypto';
import type { Colour } from './colour.ts';

/** A colour in light and in dark. */
type Pair = readonly [light: Colour, dark: Colour];

/** Colours by their use. Each pair of text and background has the contrast of WCAG 2.2 AA. */
export const colours = {
  ground: ['#f4f3f0', '#131314'],
  card: ['#ffffff', '#1d1d1f'],
  inset: ['#f7f6f3', '#28282b'],
  line: ['#dfdcd5', '#3a3a3e'],
  edge: ['#8a857b', '#7f7f87'],
  ink: ['#1b1a18', '#f1f0ee'],
  soft: ['#5d5950', '#b0aeb0'],
  accent: ['#1f5a4d', '#8fd3c1'],
  press: ['#174439', '#a9e0d1'],
  onAccent: ['#ffffff', '#10201c'],
  danger: ['#9c2a1f', '#ffb4a8'],
  dangerGround: ['#fcefed', '#3a201d'],
} as const satisfies Readonly<Record<string, Pair>>;

export interface Sheet {
  readonly style: string;
  /** For `style-src` (CSP level 3, section 2.3.1). */
  readonly hash: string;
}

/** @param changed the colours of the organisation */
export function createSheet(changed: Partial<Record<keyof typeof colours, Pair>>): Sheet {
  const scheme = (index: 0 | 1): string =>
    Object.entries<Pair>({ ...colours, ...changed })
      .map(([name, pair]) => `--${name}:${pair[index]}`)
      .join(';');
  const style = `:root{color-scheme:light dark;${scheme(0)}}\n@media(prefers-color-scheme:dark){:root{${scheme(1)}}}\n${RULES}`;
  return { style, hash: `'sha256-${hash('sha256', style, 'base64')}'` };
}

const RULES = `*,::before,::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;place-items:center;padding:2rem 1.25rem;background:var(--ground);color:var(--ink);font:400 1rem/1.55 -apple-system,'Segoe UI',Roboto,Inter,'Helvetica Neue',Arial,sans-serif;-webkit-font-smoothing:antialiased;overflow-wrap:anywhere}
main{width:100%;max-width:28rem;padding:2.25rem 2.5rem;background:var(--card);border:1px solid var(--line);border-radius:1.125rem;box-shadow:0 1px 2px rgb(0 0 0/.04),0 16px 40px -20px rgb(0 0 0/.16)}
.mark{display:block;width:2.5rem;height:2.5rem;margin:0 0 1.25rem -.3rem;fill:none;stroke:var(--accent);stroke-width:2.75;stroke-linecap:round;stroke-linejoin:round}
.mark.failed{margin-left:0;stroke:var(--danger)}
h1{margin:0;font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.02em;text-wrap:balance}
h2{margin:0 0 .75rem;font-size:.9375rem;line-height:1.45;font-weight:600}
h2 strong{font-weight:inherit}
p{margin:0;text-wrap:pretty}
strong{font-weight:600}
.lead{margin-top:.5rem;color:var(--soft)}
.lead strong{color:var(--ink)}
.note{margin-top:1.25rem;font-size:.875rem;color:var(--soft)}
.note strong{color:var(--ink)}
code,.code{font-family:ui-monospace,'SF Mono','Cascadia Mono','Segoe UI Mono',Menlo,Consolas,'Liberation Mono',monospace}
code{font-size:.875em}
a:not(.button){color:var(--accent);text-decoration-thickness:1px;text-underline-offset:.2em}
a:not(.button):hover{color:var(--press);text-decoration-thickness:2px}
form,section,p.choice{margin-top:1.5rem}
label{display:block;margin-bottom:.375rem;font-size:.9375rem;font-weight:600}
.field+.field{margin-top:1.125rem}
input{display:block;width:100%;min-height:3rem;padding:.625rem .875rem;font:inherit;color:inherit;background:var(--card);border:1px solid var(--edge);border-radius:.625rem}
input[aria-invalid=true]{border-color:var(--danger)}
input.code{font:600 1.5rem/1.4 ui-monospace,'SF Mono','Cascadia Mono','Segoe UI Mono',Menlo,Consolas,'Liberation Mono',monospace;letter-spacing:.1em;text-align:center;text-transform:uppercase}
button,.button{display:block;width:100%;min-height:3rem;padding:.6875rem 1.25rem;font:inherit;font-weight:600;line-height:1.45;text-align:center;text-decoration:none;border:1px solid transparent;border-radius:.625rem;cursor:pointer;background:var(--accent);color:var(--onAccent)}
button:hover,.button:hover{background:var(--press)}
.quiet{background:transparent;border-color:var(--edge);color:var(--ink)}
.quiet:hover{background:var(--inset)}
.choice{display:grid;gap:.75rem}
@media(min-width:24rem){.pair{grid-template-columns:1fr 1fr}}
.field+.choice{margin-top:1.5rem}
.choice+.field{margin-top:.75rem}
.choice+.choice{margin-top:.75rem}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
input:focus-visible{outline-width:2px;outline-offset:-1px;border-color:transparent}
.or{display:flex;align-items:center;gap:.875rem;margin:.25rem 0;color:var(--soft);font-size:.875rem}
.or::before,.or::after{content:'';flex:1;height:1px;background:var(--line)}
.problem{margin-top:1.5rem;padding:.75rem 1rem;border-inline-start:3px solid var(--danger);border-radius:.375rem;background:var(--dangerGround);color:var(--danger);font-size:.9375rem}
.brand{margin:0 0 1.25rem;font-size:1.0625rem;font-weight:600;letter-spacing:-.01em}
.brand img{display:block;max-width:11rem;max-height:2.75rem}
.client{display:flex;align-items:center;gap:.75rem;margin-top:.875rem;font-size:.875rem;line-height:1.5;color:var(--soft)}
.client img{flex:none;width:2.5rem;height:2.5rem;object-fit:contain;border-radius:.5rem}
.client span span{display:block}
.wide{max-width:44rem}
.links{display:grid;gap:.75rem 2rem}
@media(min-width:40rem){.links{grid-template-columns:1fr 1fr}}
.links a{font-weight:600}
.links span{display:block;font-size:.875rem;color:var(--soft)}
.fact{margin:1.5rem 0 0;padding:.875rem 1rem;border:1px solid var(--line);border-radius:.75rem;background:var(--inset);font-size:.875rem}
.fact dt{color:var(--soft)}
.fact dd{margin:0}
.hint{margin-top:.5rem;font-size:.875rem;color:var(--soft)}
.panel{padding:1rem 1.25rem;border:1px solid var(--line);border-radius:.75rem;background:var(--inset);font-size:.9375rem}
.panel h2{margin-bottom:.25rem;font-size:1rem}
.panel p{color:var(--soft)}
.panel code{color:var(--ink)}
ul{margin:0;padding:0;list-style:none}
.able li{position:relative;padding-inline-start:1.75rem}
.able li+li{margin-top:.5rem}
.able li::before{content:'';position:absolute;inset-inline-start:.3125rem;top:.35em;width:.375rem;height:.6875rem;border:solid var(--accent);border-width:0 2px 2px 0;transform:rotate(43deg)}
.names{display:flex;flex-wrap:wrap;gap:.375rem;margin-top:.5rem}
.names code{padding:.0625rem .5rem;border:1px solid var(--line);border-radius:.375rem;background:var(--inset)}
.compare{margin-top:1.5rem;padding:1.125rem .75rem;border:1px solid var(--line);border-radius:.75rem;background:var(--inset);text-align:center;font-size:clamp(1.5rem,7vw,2.125rem);line-height:1.3;font-weight:600;letter-spacing:.08em}
h2+.compare{margin-top:0}
@media(prefers-color-scheme:dark){.brand img,.client img{padding:.25rem;border-radius:.375rem;background:#fff}}
@media(max-width:30rem){body{place-items:start stretch;padding:0;background:var(--card)}main{max-width:none;padding:2.5rem 1.5rem;border:0;border-radius:0;box-shadow:none}}
@media(forced-colors:active){button,.button{border-color:ButtonText}}
`;
