// How does an API say no? RFC 6750 section 3: a status, and a challenge that tells a client what to do about it.

export type RefusalCode = 'missing' | 'invalid_token' | 'insufficient_scope';

export class AccessRefusal extends Error {
  readonly code: RefusalCode;
  /** 401, or 403 for a token that is good and not enough. */
  readonly status: 401 | 403;
  /** The value of `WWW-Authenticate`. */
  readonly challenge: string;

  constructor(code: RefusalCode, { scope, cause }: { scope?: string; cause?: unknown } = {}) {
    super(code, { cause });
    this.code = code;
    this.status = code === 'insufficient_scope' ? 403 : 401;
    // RFC 6750 section 3.1: without any token, no error code.
    const error = code === 'missing' ? '' : ` error="${code}"`;
    const wanted = scope === undefined ? '' : ` scope="${scope}"`;
    this.challenge = ['Bearer', [error, wanted].filter(Boolean).join(',')].join('');
  }
}
