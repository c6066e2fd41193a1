// The one error of this package: what was refused, whom it is about, and whether to try again. It never contains a token.
import { membersOf } from './json.ts';
import { scrub } from './scrub.ts';

/** Who has to change something. */
export type About = 'client' | 'subject' | 'actor' | 'target' | 'scope' | 'policy' | 'server';

const ACTIONS: Readonly<Record<About, string>> = {
  client: 'Check the id, the credentials and the grants of this client, and the form of its request.',
  subject: 'Get a new subject token, or check its type and where it comes from.',
  actor: 'Get a new actor token, or check its type and where it comes from.',
  target: 'Ask for an audience or a resource that this client may have.',
  scope: 'Ask for less scope, or for scope that this client may have.',
  policy: 'Ask the operator of the server for a rule that allows this.',
  server: 'Try again later. If it persists, ask the operator of the server.',
};

export interface ExchangeErrorDetails {
  /** The status of the answer, if there was one. */
  readonly status?: number | undefined;
  readonly retryAfter?: number | undefined;
  readonly requestId?: string | undefined;
  readonly documentation?: string | undefined;
  readonly retryable?: boolean | undefined;
  /** What to do, if it is not the usual for what the error is about. */
  readonly action?: string | undefined;
}

export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
  /** The `error` of the answer, or `network`, `timeout`, `invalid_answer`, `invalid_token`. */
  readonly code: string;
  readonly about: About;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Seconds to wait before that, if the server says so. */
  readonly retryAfter: number | undefined;
  /** Finds the request in the audit log of the server. */
  readonly requestId: string | undefined;
  /** Of the answer. Not called status: Express and Fastify would answer their caller with that. */
  readonly httpStatus: number | undefined;
  /** What to do. */
  readonly action: string;
  /** A page of the server about this error, if it names one. */
  readonly documentation: string | undefined;

  constructor(code: string, about: About, text: string, details: ExchangeErrorDetails = {}) {
    const { requestId, action = ACTIONS[about] } = details;
    super(`${code}: ${text}${requestId === undefined ? '' : ` (request ${requestId})`}. ${action}`);
    this.code = code;
    this.about = about;
    this.retryable = details.retryable ?? false;
    this.retryAfter = details.retryAfter;
    this.requestId = requestId;
    this.httpStatus = details.status;
    this.action = action;
    this.documentation = details.documentation;
  }
}

/** An answer that is not 200. */
export interface Refused {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What a request has. A server need not say which of it is refused. */
export interface Sent {
  readonly target: boolean;
  readonly subject: boolean;
  readonly assertion: boolean;
  readonly actor: boolean;
}

/** Of a redemption, which is often at another server. */
const REDEEM_ACTIONS: Partial<typeof ACTIONS> = {
  client:
    'Give redeem(...) the credentials that this client has at that server: auth, and clientId unless the assertion names it.',
  subject: 'Get a new assertion for each redemption, and redeem it at once.',
};

const EITHER = 'The server does not say which token it refuses: check the subject token and the actor token.';

/** @param secrets texts of the request that the answer may repeat */
export function errorOf(
  { status, headers, text }: Refused,
  secrets: readonly string[],
  sent: Sent,
  documentation: unknown,
): ExchangeError {
  const body = membersOf(text);
  const say = (value: unknown): string | undefined => (typeof value === 'string' ? scrub(value, secrets) : undefined);
  const code = say(body.error) ?? (status >= 500 ? 'server_error' : `http_${status}`);
  const description = say(body.error_description) ?? `the server answered ${status}`;
  const about = status < 400 || status >= 500 || status === 429 ? 'server' : aboutOf(code, description, sent);
  // A server for development says why (`developerErrors`).
  const why = [say(body.reason), say(body.detail)].filter((one) => one !== undefined).join(': ');
  const sentence = `${description.replace(/\.$/, '')}${why && ` [${why}]`}`;
  return new ExchangeError(code, about === 'either' ? 'server' : about, sentence, {
    status,
    action: about === 'either' ? EITHER : sent.assertion ? REDEEM_ACTIONS[about] : undefined,
    retryAfter: retryAfterOf(headers),
    requestId: say(body.request_id) ?? say(headers.get('x-request-id')),
    documentation: say(body.error_uri) ?? say(documentation),
    retryable: status === 429 || status >= 500,
  });
}

const ABOUT: ReadonlyMap<string, About> = new Map<string, About>(
  Object.entries({
    invalid_client: 'client',
    unauthorized_client: 'client',
    invalid_dpop_proof: 'client',
    use_dpop_nonce: 'client',
    invalid_target: 'target',
    invalid_scope: 'scope',
    access_denied: 'policy',
    insufficient_user_authentication: 'subject',
    unsupported_grant_type: 'server',
  }),
);

/** Keycloak says `invalid_client` of a target that it does not know. It must be the whole subject: an assertion has an audience too. */
const UNKNOWN_TARGET = /^(?:requested )?(?:audience|resource) (?:is |was )?(?:not found|not available|unknown)\b/i;
/** A fault of a token, and not of its type or of the grant. */
const BAD_TOKEN =
  /\b(?:invalid|expired|inactive|malformed|revoked) token\b(?! (?:type|exchange))|\btoken (?:is |has |was )?(?:invalid|expired|inactive|malformed|revoked|not (?:active|valid))\b/i;
const OWN_PROOF = /\bclient[ _](?:assertion|secret|authentication|certificate)|\bdpop\b/i;

/** Servers say `invalid_grant` or `invalid_request` of a bad token (RFC 8693 section 2.2.2): only the sentence says of which. */
function aboutOf(code: string, description: string, { target, subject, assertion, actor }: Sent): About | 'either' {
  if (target && /^invalid_(?:client|request)$/.test(code) && UNKNOWN_TARGET.test(description)) return 'target';
  const known = ABOUT.get(code);
  if (known !== undefined) return known;
  if (/not allowed to act/i.test(description)) return 'policy';
  if (/\bactor[ _]token/i.test(description)) return 'actor';
  if (/\bsubject[ _]token/i.test(description)) return 'subject';
  if (OWN_PROOF.test(description)) return 'client';
  if (code !== 'invalid_grant' && !BAD_TOKEN.test(description)) return 'client';
  if (actor) return 'either';
  return subject || assertion ? 'subject' : 'client';
}

/** Seconds. The header has seconds or a date (RFC 9110 section 10.2.3), which is compared with the clock of the server. */
export function retryAfterOf(headers: Headers): number | undefined {
  const text = headers.get('retry-after') ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const until = dateOf(text);
  if (until === undefined) return undefined;
  return Math.max(0, Math.ceil((until - (dateOf(headers.get('date') ?? '') ?? Date.now())) / 1000));
}

/** Milliseconds. `Date.parse` alone takes many texts for a date. */
function dateOf(text: string): number | undefined {
  const date = / GMT$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : date;
}
