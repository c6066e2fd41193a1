// Where are the pages? Each has its place below the issuer, which may have a path itself.

/** What the library calls its routes, and where they are. */
export const routes = {
  authorization: '/oauth/authorize',
  pushed_authorization_request: '/oauth/par',
  device_authorization: '/oauth/device_authorization',
  code_verification: '/device',
  end_session: '/oauth/logout',
} as const;

export const INTERACTION_PATH = '/oauth/interaction';
/** Where another provider sends people, whichever interaction of ours they come from. */
export const UPSTREAM_PATH = '/oauth/upstream';

/** The path that all others begin with. */
export const basePath = (issuer: string): string => new URL(issuer).pathname.replace(/\/$/, '');

export const interactionPath = (issuer: string, uid: string): string => `${basePath(issuer)}${INTERACTION_PATH}/${uid}`;
