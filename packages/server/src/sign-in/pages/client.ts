// Shows a client: its name, its id, its website, and where the person returns to.
import { type Html, html } from './html.ts';
import type { Look } from './look.ts';
import { named } from './page.ts';

export interface ShownClient {
  readonly id: string;
  readonly name?: string | undefined;
  /** A `data:` URI of an image. */
  readonly logo?: string | undefined;
  /** Its home page. */
  readonly uri?: string | undefined;
}

export const clientName = ({ id, name }: ShownClient): Html => named(name ?? id);

/**
 * Shows the unique id beside the name, since a name may imitate another client. Returns nothing for a client that has only its id.
 */
export function clientLine({ id, name, logo, uri }: ShownClient, { sentences: { client } }: Look): Html | undefined {
  if (name === undefined && logo === undefined && uri === undefined) return undefined;
  return html`<p class="client">${logo && html`<img src="${logo}" alt="">`}<span>${name && html`<span>${client.id(html`<code>${id}</code>`)}</span> `}${uri && html`<span>${client.website(link(uri))}</span>`}</span></p>`;
}

const link = (uri: string): Html =>
  html`<a href="${uri}" rel="noopener noreferrer" target="_blank"><bdi>${new URL(uri).host}</bdi></a>`;

/** @param redirectUri undefined if no redirect follows, as for a device */
export function returnNote(redirectUri: string | undefined, { sentences: { client } }: Look): Html | undefined {
  const url = redirectUri !== undefined && URL.canParse(redirectUri) ? new URL(redirectUri) : undefined;
  if (url === undefined) return undefined;
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb ? client.returns(named(url.host)) : client.returnsToApp(named(url.protocol.slice(0, -1)));
}
