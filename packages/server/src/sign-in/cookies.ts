// Reads and writes our two cookies: the session, and a secret that identifies the browser.
import { timingSafeEqual } from 'node:crypto';
import { newSecret } from '../primitives/random.ts';
import { Refusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import { basePath } from './paths.ts';

/** A browser, identified by its cookies. */
export interface Visitor {
  /** The id of its session in the library. */
  readonly session: string | undefined;
  /** The digest of its secret. Undefined at the first visit. */
  readonly browser: string | undefined;
}

/** A browser with a secret, and the cookie to set. */
export interface KnownVisitor extends Visitor {
  readonly browser: string;
  readonly cookie: string;
}

export interface Cookies {
  readonly sessionName: string;
  readonly attributes: {
    readonly path: '/';
    readonly httpOnly: true;
    readonly sameSite: 'lax';
    readonly secure: boolean;
  };
  /** @throws Refusal cookie_repeated */
  readonly read: (header: string | undefined) => Visitor;
  /** Reads the cookies, and creates a secret if there is none. @throws Refusal cookie_repeated */
  readonly readOrCreate: (header: string | undefined) => KnownVisitor;
}

/** How long a browser keeps its secret after the last visit. It is kept so that tabs opened together share one. */
const BROWSER_LIFETIME_SECONDS = 2_592_000;
const VALUE = /^[\w-]{21,64}$/;

/**
 * Another host of the same site can set cookies for all hosts of the site. Browsers accept names that begin with `__Host-` only from
 * this host itself, over https, with the path `/`. On loopback without TLS cookies are not protected this way.
 * @param issuer its path is part of the names, since two issuers may share a host
 */
export function createCookies(issuer: string): Cookies {
  const secure = new URL(issuer).protocol === 'https:';
  const path = basePath(issuer);
  const nameOf = (name: string): string =>
    `${secure ? '__Host-' : ''}cambio_${name}${path === '' ? '' : `_${sha256(path).slice(0, 12)}`}`;
  const [sessionName, browserName] = [nameOf('session'), nameOf('browser')];
  const readSecret = (header: string | undefined): string | undefined => cookieValue(header, browserName);
  const read: Cookies['read'] = (header) => {
    const secret = readSecret(header);
    return { session: cookieValue(header, sessionName), browser: secret && digestOf(secret) };
  };
  return {
    sessionName,
    attributes: { path: '/', httpOnly: true, sameSite: 'lax', secure },
    read,
    readOrCreate: (header) => {
      const secret = readSecret(header) ?? newSecret();
      const cookie = `${browserName}=${secret}; Path=/; Max-Age=${BROWSER_LIFETIME_SECONDS}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
      return { ...read(header), browser: digestOf(secret), cookie };
    },
  };
}

const digestOf = (secret: string): string => sha256(`browser ${secret}`);

/** If two cookies have the same name, one of them is forged. @throws Refusal cookie_repeated */
function cookieValue(header: string | undefined, name: string): string | undefined {
  const found = (header ?? '').split(';').flatMap((pair) => {
    const [before = '', ...after] = pair.split('=');
    return withoutBlanks(before) === name ? [withoutBlanks(after.join('='))] : [];
  });
  if (found.length > 1) throw new Refusal('cookie_repeated', { detail: name });
  return found[0] !== undefined && VALUE.test(found[0]) ? found[0] : undefined;
}

/**
 * Removes spaces and tabs at both ends, as browsers do (RFC 6265 section 5.2). `trim()` also removes the byte 0xA0: a browser does not
 * recognize the prefix `__Host-` after that byte, so another host could set such a cookie.
 */
const withoutBlanks = (text: string): string => text.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '');

/** Did this browser start the interaction? @param asked the digest that was stored with the interaction */
export function isSameBrowser(asked: unknown, { browser }: Visitor): boolean {
  if (typeof asked !== 'string' || browser === undefined || asked.length !== browser.length) return false;
  return timingSafeEqual(Buffer.from(asked), Buffer.from(browser));
}
