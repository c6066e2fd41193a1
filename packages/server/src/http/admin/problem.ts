// A refusal of the admin API, as RFC 9457 has it: its callers operate the server, so that they are told what is wrong.
// Whoever has not shown yet that they do is told no more than anybody.
import { z } from 'zod';
import { publicAnswer, Refusal } from '../../primitives/refusal.ts';

export const problem = z.object({
  type: z.string().describe('`urn:cambio:error:` and the error of docs/reference/errors.md'),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  request_id: z.string().describe('the X-Request-Id, as in every refusal'),
  instance: z.string().describe('`urn:uuid:` and the X-Request-Id, by which the audit log knows the request'),
  errors: z
    .array(z.object({ at: z.string().describe('the part, as a path such as `body.grants[0]`'), detail: z.string() }))
    .optional(),
});

export type Faults = NonNullable<z.output<typeof problem>['errors']>;

/** Values that cannot be taken, each with its place. */
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

/** @param requestId that of the answer */
export function problemOf(refusal: Refusal, requestId: string): z.output<typeof problem> {
  const { status, error, description } = publicAnswer(refusal, 'invalid_grant');
  const tell = status < 500 && status !== 401;
  return {
    type: `urn:cambio:error:${error}`,
    title: description,
    status,
    ...(tell && refusal.detail !== undefined && { detail: refusal.detail }),
    request_id: requestId,
    instance: `urn:uuid:${requestId}`,
    ...(refusal instanceof InvalidRequest && { errors: refusal.errors }),
  };
}
