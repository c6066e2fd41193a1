// Shows a client: its name, its id, its website, and where the person returns to.
import type { ClientDocument } from '../../model/client-document.ts';
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
  /** If the client describes itself. */
  readonly document?: Pick<ClientDocument, 'host'>;
}

export const clientName = ({ id, name }: ShownClient): Html => named(name ?? id);

/**
 * Shows the unique id beside the name, since a name may imitate another client. Returns nothing for a client that has only its id.
 * @param redirectUri undefined if no redirect follows, as for a device
 */
export function clientLine(shown: ShownClient, redirectUri: string | undefined, look: Look): Html | undefined {
  const { id, name, logo, uri, document } = shown;
  const { client } = look.sentences;
  if (document !== undefined) return describedLine({ ...shown, document }, redirectUri, look);
  if (name === undefined && logo === undefined && uri === undefined) return undefined;
  return html`<p class="client">${logo && html`<img src="${logo}" alt="">`}<span>${name && html`<span>${client.id(html`<code>${id}</code>`)}</span> `}${uri && html`<span>${client.website(link(uri))}</span>`}</span></p>`;
}

/** Says what is known of a client that describes itself. */
export const descriptionOf = (
  { host }: Pick<ClientDocument, 'host'>,
  sentences: Look['sentences']['client'],
): Html | string => (host === undefined ? sentences.registered : sentences.described(named(host)));

/** Nothing but the host of its document is proven of a client that describes itself. */
const describedLine = (
  { id, document }: ShownClient & Required<Pick<ShownClient, 'document'>>,
  redirectUri: string | undefined,
  { sentences: { client } }: Look,
): Html =>
  html`<section class="panel" aria-label="${id}"><p>${descriptionOf(document, client)}${isOnDevice(redirectUri) && html` ${client.local}`}</p>
<p>${client.id(html`<code>${id}</code>`)}</p></section>`;

/** Any program on the person's machine could receive what is sent there (RFC 8252 sections 8.1 and 8.6). */
const isOnDevice = (redirectUri: string | undefined): boolean =>
  redirectUri !== undefined && !redirectUri.startsWith('https:');

const link = (uri: string): Html =>
  html`<a href="${uri}" rel="noopener noreferrer" target="_blank"><bdi>${new URL(uri).host}</bdi></a>`;

/** @param redirectUri undefined if no redirect follows, as for a device */
export function returnNote(redirectUri: string | undefined, { sentences: { client } }: Look): Html | undefined {
  const url = redirectUri !== undefined && URL.canParse(redirectUri) ? new URL(redirectUri) : undefined;
  if (url === undefined) return undefined;
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb ? client.returns(named(url.host)) : client.returnsToApp(named(url.protocol.slice(0, -1)));
}
