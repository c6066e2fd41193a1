// How does an API say no? A status, and a challenge that tells a client what to do about it: RFC 6750 section 3, RFC 9449
// section 7.1 (DPoP), RFC 9470 section 3 (step-up), RFC 9728 section 5.1 (where the metadata is).

/** `missing` is no error code of an RFC: without a token a challenge has none (RFC 6750 section 3.1). */
const STATUS = {
  missing: 401,
  invalid_request: 400,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  insufficient_user_authentication: 401,
  insufficient_scope: 403,
  temporarily_unavailable: 503,
} as const;

export type RefusalCode = keyof typeof STATUS;

/** How an access token is presented: `Authorization: SCHEME TOKEN`. */
export type Scheme = 'Bearer' | 'DPoP';

export type Attributes = Readonly<Record<string, string | undefined>>;

/** Members of a challenge beside `error`, and of the answer. */
export interface RefusalDetails {
  /** What a person who reads the log may know; the caller is not told. */
  readonly cause?: unknown;
  readonly attributes?: Attributes;
  readonly nonce?: string;
}

/** A refusal before it is known which schemes the API speaks. */
export class Denial extends Error {
  readonly code: RefusalCode;
  readonly details: RefusalDetails;

  constructor(code: RefusalCode, details: RefusalDetails = {}) {
    super(code, { cause: details.cause });
    this.code = code;
    this.details = details;
  }
}

/** `status` and `headers` are where Fastify, Express and Hono look for them, so that a handler may throw it, too. */
export class AccessRefusal extends Error {
  override readonly name = 'AccessRefusal';
  readonly code: RefusalCode;
  readonly status: (typeof STATUS)[RefusalCode];
  /** `WWW-Authenticate`, and where they apply `DPoP-Nonce` and `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: RefusalCode };

  /** @param challenges schemes in which the caller may try again, each with its attributes */
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

  /** The answer of the Fetch standard; Hono asks an error for it. */
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
