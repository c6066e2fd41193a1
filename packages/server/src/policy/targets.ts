// Which resources does a request mean? `audience` names one by its logical name, `resource` by where it is (RFC 8707).
import type { Resource } from '../issuing/resource.ts';

/** RFC 3986: the characters of a URI; a backslash or a blank would be read differently by different parsers. */
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[\w\-.~:/?[\]@!$&'()*+,;=%]+$/;

/**
 * An absolute URI without fragment and without user information.
 * @returns its normal form (RFC 3986 section 6.2), or undefined
 */
export function parseResourceUri(text: string): URL | undefined {
  if (!URI.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.username === '' && url.password === '' && url.hash === '' ? url : undefined;
}

/** `https://x` and `https://x/` are one name; no other two are. */
export function normalAudience(name: string): string {
  return /^https?:\/\/[^/?#]+\/?$/i.test(name) && URL.canParse(name) ? new URL(name).href : name;
}

/** Looks resources up by what requests call them. */
export interface Targeting {
  /** Of every resource, in the order of the file. */
  readonly audiences: readonly string[];
  /** Every scope of every resource. */
  readonly scopes: readonly string[];
  readonly byAudience: (name: string) => Resource | undefined;
  readonly byUri: (uri: URL) => Resource | undefined;
}

export function indexResources(resources: readonly Resource[]): Targeting {
  const audiences = new Map(resources.map((resource) => [normalAudience(resource.audience), resource]));
  const places = resources.flatMap((resource) =>
    resource.locations.map((location) => ({ resource, location: new URL(location) })),
  );
  return {
    audiences: resources.map(({ audience }) => audience),
    scopes: [...new Set(resources.flatMap((resource) => [...resource.scopes]))],
    byAudience: (name) => audiences.get(normalAudience(name)),
    // The longest location wins: the narrower of two nested resources is the one meant.
    byUri: (uri) =>
      places
        .filter(({ location }) => liesUnder(uri, location))
        .sort((a, b) => b.location.pathname.length - a.location.pathname.length)[0]?.resource,
  };
}

/** By whole path segments: `/v1` holds `/v1` and `/v1/x`, not `/v1x`. */
function liesUnder(uri: URL, location: URL): boolean {
  if (uri.protocol !== location.protocol || uri.host !== location.host) return false;
  const base = location.pathname.replace(/\/$/, '');
  return uri.pathname === base || uri.pathname.startsWith(`${base}/`);
}
