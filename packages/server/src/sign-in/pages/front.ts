// The page at /: it explains what this server is, and links to its metadata, console and documentation.
import { type Html, html } from './html.ts';
import type { Sentences } from './languages/english.ts';
import type { PageRenderer } from './look.ts';
import { page } from './page.ts';

/** The possible links, by name. Each has a text in every language. */
export type FrontLink = keyof Sentences['front']['links'];

export interface FrontPage {
  readonly issuer: string;
  readonly links: readonly (readonly [FrontLink, url: string])[];
}

/** Links for people. The others are for developers. */
const FOR_PEOPLE: ReadonlySet<FrontLink> = new Set<FrontLink>(['device', 'logout']);

const RFC8693 = 'https://www.rfc-editor.org/rfc/rfc8693';

export const frontPage = ({ issuer, links }: FrontPage): PageRenderer =>
  page(({ sentences: { front }, branding: { documentation } }) => {
    const list = (shown: FrontPage['links']): Html =>
      html`<ul class="links">${shown.map(([name, url]) => {
        const [title, note] = front.links[name];
        return html`<li><a href="${url}">${title}</a> <span>${note}</span></li>`;
      })}</ul>`;
    const order = Object.keys(front.links);
    const sorted = links.toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b));
    const forPeople = sorted.filter(([name]) => FOR_PEOPLE.has(name));
    const forDevelopers: FrontPage['links'] = [
      ...sorted.filter(([name]) => !FOR_PEOPLE.has(name)),
      ...(documentation === undefined ? [] : [['documentation', documentation] as const]),
      ['exchange', RFC8693],
    ];
    return {
      title: front.title,
      wide: true,
      body: html`<p class="lead">${front.lead}</p>
<dl class="fact"><dt>${front.issuer}</dt><dd><code>${issuer}</code></dd></dl>
${forPeople.length > 0 && html`<section aria-labelledby="people"><h2 id="people">${front.people}</h2>${list(forPeople)}</section>`}
<section aria-labelledby="developers"><h2 id="developers">${front.developers}</h2>${list(forDevelopers)}</section>
${documentation === undefined && html`<p class="note">${front.repository(html`<code>docs/README.md</code>`)}</p>`}`,
    };
  });
