// Calls oidc-provider with requests in memory. It gets only checked input, and we send, record or refuse its answer.
import { Socket } from 'node:net';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { IncomingMessage, ServerResponse } from '../primitives/node-http.ts';
import type { Cookies, Visitor } from './cookies.ts';
import { basePath } from './paths.ts';

export interface LibraryRequest {
  readonly method: 'GET' | 'POST';
  /** Relative to the issuer, with the query. */
  readonly path: string;
  /** Undefined for a request without a browser. */
  readonly visitor: Visitor | undefined;
  /** The interaction of this browser, if one is active. */
  readonly interaction?: string;
  readonly form?: URLSearchParams;
}

export interface LibraryAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly cookies: readonly string[];
  readonly body: unknown;
  readonly oidc: KoaContextWithOIDC['oidc'] | undefined;
  /** A refusal of the library, or an error in code that it called. */
  readonly error: unknown;
}

export interface Library {
  readonly ask: (request: LibraryRequest) => Promise<LibraryAnswer>;
  /** For functions of the library that take a request and read its cookies. */
  readonly toMessages: (request: LibraryRequest) => [IncomingMessage, ServerResponse];
}

/** The events by which the library reports errors. */
const ERRORS = [
  'authorization.error',
  'server_error',
  'pushed_authorization_request.error',
  'device_authorization.error',
  'code_verification.error',
  'device_resume.error',
  'end_session.error',
  'end_session_confirm.error',
  'end_session_success.error',
] as const;

/** Cookies inside the library only. Browsers never get them: the URL names the interaction, and the browser's secret proves it. */
export const INNER_COOKIES = { interaction: 'interaction', resume: 'resume' } as const;
/** Passes the browser's digest to the library's adapter. */
export const BROWSER_HEADER = 'x-browser';

export function openLibrary(provider: Provider, { sessionName }: Cookies): Library {
  const errors = new WeakMap<IncomingMessage, unknown>();
  const waiting = new WeakMap<IncomingMessage, (answer: Promise<LibraryAnswer>) => void>();
  for (const name of ERRORS) {
    // Nested handlers report first. Keep the error of the outermost one.
    provider.on(name as 'server_error', (context: { req: IncomingMessage }, error: unknown) =>
      errors.set(context.req, error),
    );
  }
  provider.use(async (context, next) => {
    // Koa must not send the answer.
    context.respond = false;
    const { req } = context;
    // The library fails to save a new session after it refused a browser without one. Keep the refusal.
    const unlessRefused = (fault: unknown): void => {
      if (!errors.has(req)) throw fault;
    };
    const answered = next()
      .catch(unlessRefused)
      .then((): LibraryAnswer => {
        const { res, status, body } = context;
        return {
          status,
          location: res.getHeader('location')?.toString(),
          cookies: [res.getHeader('set-cookie') ?? []]
            .flat()
            .map(String)
            .filter((cookie) => cookie.startsWith(`${sessionName}=`)),
          body,
          oidc: (context as unknown as KoaContextWithOIDC).oidc,
          error: errors.get(req),
        };
      });
    waiting.get(context.req)?.(answered);
    await answered.catch(() => undefined);
  });
  const handle = provider.callback();
  const toMessages = messagesTo(provider.issuer, sessionName);
  return {
    toMessages,
    ask: (request) =>
      new Promise((resolve, reject) => {
        const [message, response] = toMessages(request);
        waiting.set(message, resolve);
        handle(message, response).catch(reject);
      }),
  };
}

function messagesTo(issuer: string, sessionName: string): Library['toMessages'] {
  const { host, protocol } = new URL(issuer);
  const base = basePath(issuer);
  const cookieOf = ({ visitor, interaction }: LibraryRequest): string =>
    [
      ...(visitor?.session === undefined ? [] : [`${sessionName}=${visitor.session}`]),
      ...(interaction === undefined ? [] : Object.values(INNER_COOKIES).map((name) => `${name}=${interaction}`)),
    ].join('; ');
  return (request) => {
    const { method, path, visitor, form } = request;
    const message = new IncomingMessage(Object.assign(new Socket(), { encrypted: protocol === 'https:' }));
    // The host is that of the issuer. The Host header of the caller is ignored.
    message.headers = {
      host,
      accept: 'text/html',
      cookie: cookieOf(request),
      ...(visitor?.browser !== undefined && { [BROWSER_HEADER]: visitor.browser }),
    };
    Object.assign(message, { method, url: path, originalUrl: base + path });
    if (form !== undefined) {
      const body = Buffer.from(form.toString());
      Object.assign(message.headers, {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(body.length),
      });
      message.push(body);
    }
    message.push(null);
    return [message, new ServerResponse(message)];
  };
}
