// Between a browser and the pages: what is read of its request, and how a page, a redirect or a refusal is sent.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditEvent } from '../audit/event.ts';
import { publicAnswer, Refusal } from '../primitives/refusal.ts';
import type { BrowserAnswer, BrowserRequest } from '../sign-in/browser.ts';
import { errorPage, leavingPage } from '../sign-in/pages/message.ts';
import { pageHeaders } from '../sign-in/pages/page.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import { RETRY_AFTER, recordRefusal } from './answer.ts';
import type { Endpoint, HttpExchange } from './endpoint.ts';
import { parseForm } from './form.ts';

type AnswerBrowser = (request: BrowserRequest, event: AuditEvent, signIn: SignIn) => Promise<BrowserAnswer>;

/** An endpoint for browsers: there where people sign in; its rows are written with its answers. */
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
    page: true,
    cors: false,
    audit,
    answer: async ({ request, reply, services, event }) => {
      const { people } = services;
      const answer = answers[request.method === 'POST' ? 'POST' : 'GET'];
      if (people === undefined || answer === undefined) throw new Refusal('path_unknown');
      const answered = await answer(readBrowserRequest(request), event, people);
      await record(answered, event, services);
      return sendPage(reply, answered);
    },
  }) as const satisfies Endpoint;

/** What led to nothing yet has no row. */
async function record(
  { refusal }: BrowserAnswer,
  event: AuditEvent,
  services: HttpExchange['services'],
): Promise<void> {
  if (refusal !== undefined) {
    const recorded = await recordRefusal(refusal, event, services);
    if (recorded !== refusal) throw recorded;
  } else if (event.outcome !== undefined) {
    event.duration = services.clock() - event.time;
    await services.audit.append(event);
  }
}

/** @throws Refusal form_malformed */
function readBrowserRequest(request: FastifyRequest): BrowserRequest {
  const { cookie, origin, 'sec-fetch-site': fetchSite, 'content-type': contentType } = request.headers;
  const { uid } = request.params as { readonly uid?: string };
  const [, query = ''] = request.url.split('?', 2);
  return {
    query: parseForm('application/x-www-form-urlencoded', Buffer.from(query)),
    form: request.method === 'POST' ? parseForm(contentType, request.body as Uint8Array | undefined) : undefined,
    uid: uid ?? '',
    cookie,
    origin,
    fetchSite: fetchSite?.toString(),
    address: request.ip,
  };
}

/** A form is answered by a page, which leads on where there is somewhere to go. */
export function sendPage(reply: FastifyReply, answer: BrowserAnswer): FastifyReply {
  const { status, page, location, cookies = [], refusal } = answer;
  if (cookies.length > 0) reply.header('Set-Cookie', [...cookies]);
  if (status === 503) reply.header('Retry-After', RETRY_AFTER);
  if (refusal !== undefined) reply.headers(refusal.headers);
  if (location === undefined) return reply.code(status).headers(pageHeaders).send(page);
  if (reply.request.method === 'POST') return reply.code(200).headers(pageHeaders).send(leavingPage(location));
  return reply.code(status).header('Location', location).send('');
}

/** A refusal for a person: the sentence, and the number that finds the row. */
export function refusalPage(refusal: Refusal, requestId: string): BrowserAnswer {
  const { status, description } = publicAnswer(refusal, 'invalid_grant');
  return { status, page: errorPage({ message: description, requestId }), refusal };
}
