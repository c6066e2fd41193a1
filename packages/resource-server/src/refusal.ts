// A refusal of an API: a status, and a challenge that says what the client should do (RFC 6750 section 3, RFC 9449 section 7.1,
// RFC 9470 section 3, RFC 9728 section 5.1, actor profile).

/** `missing` is not an error code of an RFC: without a token the challenge has no code (RFC 6750 section 3.1). */
const STATUS = {
  missing: 401,
  invalid_request: 400,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  insufficient_user_authentication: 401,
  insufficient_scope: 403,
  actor_unauthorized: 403,
  temporarily_unavailable: 503,
} as const;

export type RefusalCode = keyof typeof STATUS;

/** Was the token valid, but not enough for the request? Then another scheme would not help. */
export const isForbidden = (code: RefusalCode): boolean => STATUS[code] === 403;

/** How an access token is presented: `Authorization: SCHEME TOKEN`. */
export type Scheme = 'Bearer' | 'DPoP';

export type Attributes = Readonly<Record<string, string | undefined>>;

/** Members of the challenge and of the answer beside `error`. */
export interface RefusalDetails {
  /** The reason for the log. The caller does not see it. */
  readonly cause?: unknown;
  readonly attributes?: Attributes;
  readonly nonce?: string;
}

/** A refusal before the schemes of the API are known. */
export class Denial extends Error {
  readonly code: RefusalCode;
  readonly details: RefusalDetails;

  constructor(code: RefusalCode, details: RefusalDetails = {}) {
    super(code, { cause: details.cause });
    this.code = code;
    this.details = details;
  }
}

/** Has `status` and `headers` where Fastify, Express and Hono look for them, so that a handler may throw it. */
export class AccessRefusal extends Error {
  override readonly name = 'AccessRefusal';
  readonly code: RefusalCode;
  readonly status: (typeof STATUS)[RefusalCode];
  /** `WWW-Authenticate`, and `DPoP-Nonce` and `Retry-After` if they apply. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: RefusalCode };

  /** @param challenges the schemes that the caller may use next, each with its attributes */
  constructor({ code, details }: Denial, challenges: readonly (readonly [Scheme, Attributes])[]) {
    super(code, { cause: details.cause });
    this.code = code;
    this.status = STATUS[code];
    this.body = { error: code };
    this.headers = {
      'Cache-Control': 'no-store',
      ...(this.status === 503 ? { 'Retry-After': '1' } : { 'WWW-Authenticate': formatChallenges(challenges) }),
      ...(details.nonce !== undefined && { 'DPoP-Nonce': details.nonce }),
    };
  }

  /** The refusal as a `Response` of the Fetch standard. Hono calls this. */
  getResponse(): Response {
    return Response.json(this.body, { status: this.status, headers: this.headers });
  }
}

function formatChallenges(challenges: readonly (readonly [Scheme, Attributes])[]): string {
  return challenges
    .map(([scheme, attributes]) => {
      const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
      return [scheme, given.map(([name, value]) => `${name}="${value}"`).join(', ')].filter(Boolean).join(' ');
    })
    .join(', ');
}
