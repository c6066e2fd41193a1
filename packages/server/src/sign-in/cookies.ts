// Reads and writes our two cookies: the session, and a secret by which a browser is known again.
import { timingSafeEqual } from 'node:crypto';
import { newSecret } from '../primitives/random.ts';
import { Refusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import { basePath } from './paths.ts';

/** A browser, by what it shows. */
export interface Visitor {
  /** The id of its session with the library. */
  readonly session: string | undefined;
  /** The digest of its secret. A browser that shows none has asked for nothing yet. */
  readonly browser: string | undefined;
}

/** A browser with a secret, and the cookie that keeps it. */
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
  /** The same, and a browser without a secret gets one. @throws Refusal cookie_repeated */
  readonly meet: (header: string | undefined) => KnownVisitor;
}

/** Seconds for which a browser keeps its secret after its last visit: two tabs that begin at once then share one. */
const BROWSER_LIFETIME = 2_592_000;
const VALUE = /^[\w-]{21,64}$/;

/**
 * Another host of the same site may write cookies for all hosts of that site, and no attribute says who wrote one. Browsers
 * keep it from names that begin with `__Host-`, which they take from this host alone, over https, for the path `/`. On
 * loopback without TLS there is no such protection.
 * @param issuer two issuers of one host differ in their paths, so that the path is part of the names
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
    meet: (header) => {
      const secret = readSecret(header) ?? newSecret();
      const cookie = `${browserName}=${secret}; Path=/; Max-Age=${BROWSER_LIFETIME}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
      return { ...read(header), browser: digestOf(secret), cookie };
    },
  };
}

const digestOf = (secret: string): string => sha256(`browser ${secret}`);

/** Of two cookies with one name, one is not ours: which one cannot be told. @throws Refusal cookie_repeated */
function cookieValue(header: string | undefined, name: string): string | undefined {
  const found = (header ?? '').split(';').flatMap((pair) => {
    const [before = '', ...after] = pair.split('=');
    return withoutBlanks(before) === name ? [withoutBlanks(after.join('='))] : [];
  });
  if (found.length > 1) throw new Refusal('cookie_repeated', { detail: name });
  return found[0] !== undefined && VALUE.test(found[0]) ? found[0] : undefined;
}

/**
 * Removes the space and the tab at both ends, which browsers remove too (RFC 6265 section 5.2). `trim()` removes more, such as
 * the byte 0xA0: a browser finds no prefix in a name that begins with it, and lets another host write that name.
 */
const withoutBlanks = (text: string): string => text.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '');

/** Is it this browser that asked? @param asked the digest that was kept when it did */
export function isSameBrowser(asked: unknown, { browser }: Visitor): boolean {
  if (typeof asked !== 'string' || browser === undefined || asked.length !== browser.length) return false;
  return timingSafeEqual(Buffer.from(asked), Buffer.from(browser));
}
