// The addresses of this server, as the page was served with them.

/** The issuer, without a slash at the end. */
export const issuer = (
  document.querySelector<HTMLMetaElement>('meta[name="cambio-issuer"]')?.content ?? location.origin
).replace(/\/$/, '');

/** The path of the console: `/console`, after the path of the issuer. */
export const basePath = `${new URL(issuer).pathname.replace(/\/$/, '')}/console`;

/** The address of a page of the console. */
export const consoleUrl = (path: string): string => `${issuer}/console${path === '' ? '' : `/${path}`}`;

export const adminUrl = `${issuer}/admin/v1`;
