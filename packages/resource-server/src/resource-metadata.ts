// Builds the metadata document of a protected resource, and its path (RFC 9728).

/** Common members of RFC 9728 section 2. Others are allowed. */
export interface ResourceDescription extends Readonly<Record<string, unknown>> {
  /** The URL of the API as clients write it. https, except on loopback. */
  readonly resource: string;
  /** Issuers whose tokens the API accepts. */
  readonly authorization_servers: readonly string[];
  readonly scopes_supported?: readonly string[];
  readonly resource_name?: string;
  readonly resource_documentation?: string;
  readonly dpop_bound_access_tokens_required?: boolean;
  readonly tls_client_certificate_bound_access_tokens?: boolean;
  /** The API requires that delegated tokens follow the actor profile: each actor has `iss` and `sub`. */
  readonly actor_profile_required?: boolean;
}

export interface ResourceMetadata {
  /** Where to serve the document: the well-known name before the path of the resource (RFC 9728 section 3). */
  readonly path: string;
  readonly url: string;
  readonly document: Readonly<Record<string, unknown>>;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** @throws TypeError if `resource` is not a valid resource URL (RFC 9728 section 1.2) */
export function describeResource(description: ResourceDescription): ResourceMetadata {
  const { resource } = description;
  const { protocol, hostname, origin, pathname, search } = new URL(resource);
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  if (resource.includes('#') || !(protocol === 'https:' || (protocol === 'http:' && loopback))) {
    throw new TypeError(`${resource} must be an https URL without fragment`);
  }
  const path = WELL_KNOWN + pathname.replace(/\/$/, '') + search;
  const members = Object.entries({ bearer_methods_supported: ['header'], ...description });
  // RFC 9728 section 3.2: empty members are omitted.
  const given = members.filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
  return { path, url: origin + path, document: Object.fromEntries(given) };
}
