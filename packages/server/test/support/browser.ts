// A browser without a screen: keeps cookies, follows redirects on the server's own pages, and fills in forms. As a person does, it sends a
// request again that the server was too busy for, unless a test looks for that.
import { type Answer, fetchAnswer } from './harness.ts';

export interface Page extends Answer {
  readonly url: string;
  /** The target of a redirect to another site. */
  readonly leftTo: URL | undefined;
}

export interface Browser {
  readonly cookies: Map<string, string>;
  readonly get: (url: string, headers?: Record<string, string>) => Promise<Page>;
  /** @param form its fields, or a body, which needs its content type in the headers */
  readonly post: (
    url: string,
    form: Record<string, string> | string,
    headers?: Record<string, string>,
  ) => Promise<Page>;
  /** Submits the only form of a page, with its hidden fields. */
  readonly submit: (page: Page, fields: Record<string, string>, headers?: Record<string, string>) => Promise<Page>;
}

/** @param ask sends a request */
export function createBrowser(home: string, ask = fetchAnswer): Browser {
  /** By name and path, as a browser stores them. */
  const cookies = new Map<string, string>();
  const send = async (url: string, init: RequestInit, headers: Record<string, string>): Promise<Page> => {
    const { pathname } = new URL(url);
    const sent = [...cookies]
      .filter(([key]) => pathname.startsWith(key.split(' ')[1] ?? ''))
      .map(([key, value]) => `${key.split(' ')[0]}=${value}`);
    const answer = await ask(url, {
      ...init,
      redirect: 'manual',
      headers: { ...headers, cookie: sent.join('; ') },
    });
    for (const text of answer.headers.getSetCookie()) keep(cookies, text, pathname);
    const location = answer.headers.get('location') ?? onwardOf(answer);
    if (location === null) return { ...answer, url, leftTo: undefined };
    const next = new URL(location, url);
    if (next.origin !== new URL(home).origin) return { ...answer, url, leftTo: next };
    return send(next.href, {}, {});
  };
  const post: Browser['post'] = (url, form, headers = {}) =>
    send(
      new URL(url, home).href,
      { method: 'POST', body: typeof form === 'string' ? form : new URLSearchParams(form) },
      headers,
    );
  return {
    cookies,
    get: (url, headers = {}) => send(new URL(url, home).href, {}, headers),
    post,
    submit: (page, fields, headers) => {
      const { action, hidden } = formOf(page);
      return post(new URL(action, page.url).href, { ...hidden, ...fields }, headers);
    },
  };
}

/** The target of a redirect, if the page is one. */
const onwardOf = ({ text }: Answer): string | null =>
  /<meta http-equiv="refresh" content="0;url=([^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? null;

export function formOf({ text }: Answer): { readonly action: string; readonly hidden: Record<string, string> } {
  const [, action = ''] = /<form method="post" action="([^"]*)"/.exec(text) ?? [];
  const hidden = [...text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  return { action, hidden: Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value])) };
}

function keep(cookies: Map<string, string>, text: string, pathname: string): void {
  const [pair = '', ...attributes] = text.split(/; */);
  const [name = '', ...parts] = pair.split('=');
  const value = parts.join('=');
  const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? pathname;
  const gone = attributes.some((one) => /^expires=Thu, 01 Jan 1970/i.test(one)) || value === '';
  if (gone) cookies.delete(`${name} ${path}`);
  else cookies.set(`${name} ${path}`, value);
}
