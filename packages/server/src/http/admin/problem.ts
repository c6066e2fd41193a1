// Renders a refusal of the admin API as a problem (RFC 9457). Its callers operate the server, so they see the detail. A caller
// that is not authenticated sees only the public answer.
import { z } from 'zod';
import { redactTokens } from '../../primitives/redact.ts';
import { publicAnswer, Refusal } from '../../primitives/refusal.ts';

export const problem = z.object({
  type: z.string().describe('`urn:cambio:error:` and the error of docs/reference/errors.md'),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  request_id: z.string().describe('the X-Request-Id, as in every refusal'),
  instance: z.string().describe('`urn:uuid:` and the X-Request-Id, the key of the audit row'),
  errors: z
    .array(z.object({ at: z.string().describe('the part, as a path such as `body.grants[0]`'), detail: z.string() }))
    .optional(),
});

export type Faults = NonNullable<z.output<typeof problem>['errors']>;

/** The invalid values, each with its place. */
export class InvalidRequest extends Refusal {
  readonly errors: Faults;

  constructor(errors: Faults) {
    super('admin_invalid', {
      detail: errors
        .map(({ at, detail }) => `${at}: ${detail}`)
        .join('; ')
        .slice(0, 1024),
    });
    this.errors = errors;
  }
}

/** A caller may have put a token in the place of a name. */
const redacted = ({ at, detail }: Faults[number]): Faults[number] => ({
  at: redactTokens(at),
  detail: redactTokens(detail),
});

/** @param requestId of the answer */
export function problemOf(refusal: Refusal, requestId: string): z.output<typeof problem> {
  const { status, error, description } = publicAnswer(refusal, 'invalid_grant');
  const showsDetail = status < 500 && status !== 401;
  return {
    type: `urn:cambio:error:${error}`,
    title: description,
    status,
    ...(showsDetail && refusal.detail !== undefined && { detail: redactTokens(refusal.detail) }),
    request_id: requestId,
    instance: `urn:uuid:${requestId}`,
    ...(refusal instanceof InvalidRequest && { errors: refusal.errors.map(redacted) }),
  };
}
