// How is the library asked? As if over HTTP, with a request and an answer that exist in memory alone: what goes in is what
// we have read and checked, and what comes out is ours to send, to record, or to refuse.
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Cookies, Visitor } from './cookies.ts';
import { basePath } from './paths.ts';

export interface LibraryRequest {
  readonly method: 'GET' | 'POST';
  /** Below the issuer, with its query. */
  readonly path: string;
  /** Absent: a client asks, without a browser. */
  readonly visitor: Visitor | undefined;
  /** The interaction that this browser asked for, where one goes on. */
  readonly interaction?: string;
  readonly form?: URLSearchParams;
}

export interface LibraryAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly cookies: readonly string[];
  readonly body: unknown;
  readonly oidc: KoaContextWithOIDC['oidc'] | undefined;
  /** What the library refused, or what failed below it. */
  readonly error: unknown;
}

export interface Library {
  readonly ask: (request: LibraryRequest) => Promise<LibraryAnswer>;
  /** For the library's own functions that take a request: they read its cookies. */
  readonly toMessages: (request: LibraryRequest) => [IncomingMessage, ServerResponse];
}

/** The events with which it tells of errors. */
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

/** Names that no browser sees: which interaction goes on is said by its address, and proven by the browser's secret. */
export const INNER_COOKIES = { interaction: 'interaction', resume: 'resume' } as const;
/** Tells the library's adapter which browser asks. */
export const BROWSER_HEADER = 'x-browser';

export function openLibrary(provider: Provider, { sessionName }: Cookies): Library {
  const errors = new WeakMap<IncomingMessage, unknown>();
  const waiting = new WeakMap<IncomingMessage, (answer: Promise<LibraryAnswer>) => void>();
  for (const name of ERRORS) {
    // The last word is that of the outermost handler.
    provider.on(name as 'server_error', (context: { req: IncomingMessage }, error: unknown) =>
      errors.set(context.req, error),
    );
  }
  provider.use(async (context, next) => {
    // Nothing is sent from here.
    context.respond = false;
    const { req } = context;
    // After it refused a browser without a session, the library fails to save the session that it just made: the refusal stands.
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
    // Our own identity is the issuer, whatever the caller's Host header said.
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
