// The paths of the pages, relative to the issuer, which may have a path itself.

/** By the library's name of the route. */
export const routes = {
  authorization: '/oauth/authorize',
  pushed_authorization_request: '/oauth/par',
  device_authorization: '/oauth/device_authorization',
  code_verification: '/device',
  end_session: '/oauth/logout',
} as const;

export const INTERACTION_PATH = '/oauth/interaction';
/** The redirect URI at the upstream provider, the same for all interactions. */
export const UPSTREAM_PATH = '/oauth/upstream';

/** The path of the issuer, which precedes all others. */
export const basePath = (issuer: string): string => new URL(issuer).pathname.replace(/\/$/, '');

export const interactionPath = (issuer: string, uid: string): string => `${basePath(issuer)}${INTERACTION_PATH}/${uid}`;
