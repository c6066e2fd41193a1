// Finds the resources that a request names: `audience` is a logical name, `resource` a location (RFC 8707).
import type { AuthorizationServer } from '../model/authorization-server.ts';
import type { Resource } from '../model/resource.ts';
import type { Scope } from '../primitives/scope.ts';

/** The characters of a URI without fragment (RFC 3986). Parsers disagree about a backslash or a space. */
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[\w\-.~:/?[\]@!$&'()*+,;=%]+$/;

/**
 * Parses an absolute URI without fragment and user information.
 * @returns its normal form (RFC 3986 section 6.2), or undefined if it is not such a URI
 */
export function parseResourceUri(text: string): URL | undefined {
  const url = URI.test(text) ? URL.parse(text) : null;
  return url?.username === '' && url.password === '' ? url : undefined;
}

/** Returns the normal form of an audience: only `https://x` and `https://x/` are the same name. */
export function normalAudience(name: string): string {
  return /^https?:\/\/[^/?#]+\/?$/i.test(name) && URL.canParse(name) ? new URL(name).href : name;
}

/** Finds resources by audience or by URI. */
export interface Targeting {
  /** The audiences of all resources, in the order of the file. */
  readonly audiences: readonly string[];
  /** The scopes of all resources. */
  readonly scopes: Scope;
  readonly byAudience: (name: string) => Resource | undefined;
  readonly byUri: (uri: URL) => Resource | undefined;
  /** The targets of other authorization servers. Only an exchange may ask for them. */
  readonly elsewhere: ServerIndex;
}

export interface ServerIndex {
  readonly servers: readonly ServerTargets[];
  /** By issuer or alias: all targets of the server. */
  readonly byServer: (name: string) => readonly Resource[] | undefined;
  /** By the exact URI of a resource of the server. */
  readonly byName: (name: string) => Resource | undefined;
}

/** A server and its targets: its resources, or the server itself if none is registered. */
export interface ServerTargets {
  readonly server: AuthorizationServer;
  readonly targets: readonly Resource[];
}

export function indexServers(servers: readonly ServerTargets[]): ServerIndex {
  const named = new Map(
    servers.flatMap(({ server: { issuer, aliases }, targets }) =>
      [issuer, ...aliases].map((name) => [normalAudience(name), targets] as const),
    ),
  );
  const byAudience = indexAudiences(servers.flatMap(({ targets }) => targets));
  return { servers, byServer: (name) => named.get(normalAudience(name)), byName: byAudience };
}

/** Indexes resources by audience as written in the file, which most requests use, and in normal form. */
export function indexAudiences(resources: readonly Resource[]): Targeting['byAudience'] {
  const names = new Map(
    resources.flatMap((resource) => [
      [resource.audience, resource] as const,
      [normalAudience(resource.audience), resource] as const,
    ]),
  );
  return (name) => names.get(name) ?? names.get(normalAudience(name));
}

/** The names of targets, without their locations. */
export type TargetNames = Omit<Targeting, 'byUri'>;

export const indexNames = (resources: readonly Resource[], servers: readonly ServerTargets[]): TargetNames => ({
  audiences: resources.map(({ audience }) => audience),
  scopes: new Set(resources.flatMap((resource) => [...resource.scopes])),
  byAudience: indexAudiences(resources),
  elsewhere: indexServers(servers),
});

/** @param resources with locations that are valid URIs */
export function indexResources(resources: readonly Resource[], servers: readonly ServerTargets[] = []): Targeting {
  // Longest location first: of two nested resources, a URI names the inner one.
  const places = resources
    .flatMap((resource) => resource.locations.map((location) => ({ resource, ...placeOf(new URL(location)) })))
    .sort((a, b) => b.path.length - a.path.length);
  return {
    ...indexNames(resources, servers),
    byUri: (uri) => places.find((place) => liesUnder(uri, place))?.resource,
  };
}

interface Place {
  readonly protocol: string;
  readonly host: string;
  /** Without a trailing slash. */
  readonly path: string;
}

const placeOf = ({ protocol, host, pathname }: URL): Place => ({ protocol, host, path: pathname.replace(/\/$/, '') });

/** Compares whole path segments: `/v1` contains `/v1` and `/v1/x`, but not `/v1x`. */
const liesUnder = ({ protocol, host, pathname }: URL, place: Place): boolean =>
  protocol === place.protocol &&
  host === place.host &&
  (pathname === place.path || pathname.startsWith(`${place.path}/`));
