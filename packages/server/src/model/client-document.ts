// Which client ids are the URL of a document that describes the client (draft-ietf-oauth-client-id-metadata-document section 3)?
import { isLoopback } from '../primitives/network.ts';
import type { Scope } from '../primitives/scope.ts';
import type { SecretDigest } from '../primitives/secret.ts';

/** What clients may have that describe themselves. */
export interface SelfDescribed {
  readonly audiences: readonly string[];
  readonly scopes: Scope;
  /** Seconds. */
  readonly refreshLifetime: number;
}

/** The clients whose documents are read. */
export interface ClientDocumentSettings extends SelfDescribed {
  /** Hosts, with the port unless it is 443. A loopback host without a port stands for all ports. */
  readonly domains: ReadonlySet<string>;
  readonly network: 'public' | 'private';
}

/** The clients that may register themselves. */
export interface RegistrationSettings extends SelfDescribed {
  /** The initial access tokens of RFC 7591; `open`: anyone may register a client. */
  readonly access: readonly SecretDigest[] | 'open';
  /** Seconds for which a client is registered. */
  readonly lifetime: number;
}

/** How a client presents itself. */
export interface ClientDocument {
  /** The host of its document; undefined if it registered itself. */
  readonly host: string | undefined;
  /** Of all that identifies the client. A person who agreed is asked again after it changed. */
  readonly digest: string;
}

/** As of every client id. */
const MAX_ID_CHARACTERS = 256;

/** Is it the host of a URL, as `URL` writes it, with an optional port? */
export const isDomain = (text: string): boolean =>
  URL.canParse(`https://${text}`) && new URL(`https://${text}`).href === `https://${text}/` && !text.includes('@');

/**
 * Is it an https URL in one of the domains, or an http URL on loopback? It must be in the one form that `URL` writes: no dot segments,
 * user name, default port, letters that are mapped, and so on. So ids can be compared as texts.
 */
export function isDocumentId(id: string, domains: ReadonlySet<string>): boolean {
  if (id.length > MAX_ID_CHARACTERS || id.includes('#') || !URL.canParse(id)) return false;
  const { href, protocol, host, hostname, pathname, username, password } = new URL(id);
  if (href !== id || pathname === '/' || username !== '' || password !== '') return false;
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) return false;
  return domains.has(host) || (isLoopback(hostname) && domains.has(hostname));
}
