// Which resources does a request mean? `audience` names one by its logical name, `resource` by where it is (RFC 8707).
import type { Resource } from '../model/resource.ts';
import type { Scope } from '../primitives/scope.ts';

/** RFC 3986: the characters of a URI without fragment; a backslash or a blank would be read differently by different parsers. */
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[\w\-.~:/?[\]@!$&'()*+,;=%]+$/;

/**
 * An absolute URI without fragment and without user information.
 * @returns its normal form (RFC 3986 section 6.2), or undefined
 */
export function parseResourceUri(text: string): URL | undefined {
  if (!URI.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.username === '' && url.password === '' ? url : undefined;
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
  readonly scopes: Scope;
  readonly byAudience: (name: string) => Resource | undefined;
  readonly byUri: (uri: URL) => Resource | undefined;
}

/** By the names as the file writes them, which most requests do, and in their normal form. */
export function indexAudiences(resources: readonly Resource[]): Targeting['byAudience'] {
  const names = new Map(
    resources.flatMap((resource) => [
      [resource.audience, resource] as const,
      [normalAudience(resource.audience), resource] as const,
    ]),
  );
  return (name) => names.get(name) ?? names.get(normalAudience(name));
}

/** Their locations are known to be URIs. */
export function indexResources(resources: readonly Resource[]): Targeting {
  // The longest location first: the narrower of two nested resources is the one meant.
  const places = resources
    .flatMap((resource) => resource.locations.map((location) => ({ resource, ...placeOf(new URL(location)) })))
    .sort((a, b) => b.path.length - a.path.length);
  return {
    audiences: resources.map(({ audience }) => audience),
    scopes: new Set(resources.flatMap((resource) => [...resource.scopes])),
    byAudience: indexAudiences(resources),
    byUri: (uri) => places.find((place) => liesUnder(uri, place))?.resource,
  };
}

interface Place {
  readonly protocol: string;
  readonly host: string;
  /** Without a slash at its end. */
  readonly path: string;
}

const placeOf = ({ protocol, host, pathname }: URL): Place => ({ protocol, host, path: pathname.replace(/\/$/, '') });

/** By whole path segments: `/v1` holds `/v1` and `/v1/x`, not `/v1x`. */
const liesUnder = ({ protocol, host, pathname }: URL, place: Place): boolean =>
  protocol === place.protocol &&
  host === place.host &&
  (pathname === place.path || pathname.startsWith(`${place.path}/`));
