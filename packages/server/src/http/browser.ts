// Connects browsers with the pages: reads their requests, and sends a page, a redirect or a refusal.
import type { AuditEvent } from '../audit/event.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { BrowserAnswer, BrowserRequest } from '../sign-in/browser.ts';
import type { Branding } from '../sign-in/pages/branding.ts';
import type { PageRenderer } from '../sign-in/pages/look.ts';
import { leavingPage } from '../sign-in/pages/message.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import type { Endpoint, Exchange } from './endpoint.ts';
import { parseForm } from './form.ts';
import { recordRefusal } from './record.ts';
import { drawPage, lookFor, retry } from './render.ts';
import type { Answer, Request } from './request.ts';

type AnswerBrowser = (request: BrowserRequest, event: AuditEvent, signIn: SignIn) => Promise<BrowserAnswer>;

/** The id of an interaction in oidc-provider. Nothing else becomes part of a URL for the library. */
const INTERACTION_ID = /^[\w-]{1,64}$/;

/** Makes an endpoint for browsers. It exists if people can sign in, and it writes its own audit rows. */
export const pageEndpoint = (
  path: string,
  audit: Endpoint['audit'],
  answers: Partial<Record<'GET' | 'POST', AnswerBrowser>>,
) =>
  ({
    place: 'below',
    path,
    methods: Object.keys(answers) as ('GET' | 'POST')[],
    isThere: ({ people }) => people !== undefined,
    face: 'page',
    segments: { uid: INTERACTION_ID },
    cors: false,
    audit,
    answer: async ({ request, services, event }) => {
      const { people } = services;
      const answer = answers[request.method === 'POST' ? 'POST' : 'GET'];
      if (people === undefined || answer === undefined) throw new Refusal('path_unknown');
      const answered = await answer(readBrowserRequest(request), event, people);
      await record(answered, event, services);
      return renderPage(answered, request, services.branding);
    },
  }) as const satisfies Endpoint;

/** A request without an outcome has no row. */
async function record({ refusal }: BrowserAnswer, event: AuditEvent, services: Exchange['services']): Promise<void> {
  if (refusal !== undefined) {
    const recorded = await recordRefusal(refusal, event, services);
    if (recorded !== refusal) throw recorded;
  } else if (event.outcome !== undefined) {
    event.duration = services.clock() - event.time;
    await services.audit.append(event);
  }
}

/** @throws Refusal form_malformed */
function readBrowserRequest({ method, headers, query, parameters, body, address }: Request): BrowserRequest {
  const { cookie, origin, 'sec-fetch-site': fetchSite, 'content-type': contentType } = headers;
  return {
    query: parseForm('application/x-www-form-urlencoded', Buffer.from(query)),
    form: method === 'POST' ? parseForm(contentType, body) : undefined,
    uid: parameters.uid ?? '',
    cookie,
    origin,
    fetchSite: fetchSite?.toString(),
    address,
  };
}

/** A form is always answered with a page. A redirect becomes a page that leads on. */
function renderPage(
  { status, page, location, cookies = [], refusal, uiLocales }: BrowserAnswer,
  request: Request,
  branding: Branding,
): Answer {
  const headers = {
    ...(cookies.length > 0 && { 'Set-Cookie': cookies }),
    ...retry(status),
    ...refusal?.headers,
  };
  const show = (shown: number, drawing: PageRenderer): Answer => {
    const { headers: ofPage, body } = drawPage(drawing, lookFor(request, branding, uiLocales));
    return { status: shown, headers: { ...headers, ...ofPage }, body };
  };
  if (location === undefined) return show(status, page ?? (() => ''));
  if (request.method === 'POST') return show(200, leavingPage(location));
  return { status, headers: { ...headers, 'Content-Type': 'text/plain; charset=utf-8', Location: location }, body: '' };
}
