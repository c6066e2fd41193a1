// What would come of an exchange, or what came of one, and why? Issues nothing and uses nothing up.
import { z } from 'zod';
import { explainEvent, explainExchange } from '../../explain/explain.ts';
import { seconds } from '../../primitives/clock.ts';
import { parametersOf } from '../../primitives/parameters.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { tokenTypeUri } from '../../primitives/token-type.ts';
import { guessType } from '../../subject-tokens/guess-type.ts';
import type { HttpServices } from '../endpoint.ts';
import { operation } from './operation.ts';

const token = z.string().min(1);
const list = z.array(z.string().min(1)).max(64);
const typeName = z.string().describe('short: `jwt`; where it is not said, what the token looks like');

/** The parameters of RFC 8693 section 2.1, lists where they may repeat. */
const imagined = z.strictObject({
  client: z.string().min(1),
  subject_token: token,
  subject_token_type: typeName.optional(),
  actor_token: token.optional(),
  actor_token_type: typeName.optional(),
  audience: list.optional(),
  resource: list.optional(),
  scope: z.string().optional(),
  requested_token_type: typeName.optional(),
});

const past = z.strictObject({ request: z.string().min(1).describe('the X-Request-Id of an exchange') });

export const explainOperation = operation({
  id: 'explain',
  method: 'POST',
  at: '/explain',
  summary: 'Judge an exchange without making it, or tell why a past one ended as it did',
  scope: 'admin:read',
  body: z.union([imagined, past], 'must be the parameters of an exchange with its client, or a request'),
  status: 200,
  answer: z.looseObject({
    decision: z.enum(['allowed', 'refused']),
    steps: z.array(z.looseObject({})),
    rules: z.array(z.looseObject({})),
  }),
  run: async ({ body, services, event }) => {
    if ('request' in body) return { body: await explainPast(body.request, services) };
    const { client, ...form } = body;
    const pairs = Object.entries(form).flatMap(([name, value]) =>
      [value ?? []].flat().map((text) => [name, name.endsWith('_type') ? tokenTypeUri(text) : text] as const),
    );
    const types = (['subject', 'actor'] as const).flatMap((role) => {
      const text = form[`${role}_token`];
      const isTyped = text === undefined || form[`${role}_token_type`] !== undefined;
      return isTyped ? [] : [[`${role}_token_type`, tokenTypeUri(guessType(text, services.issuer))] as const];
    });
    const { time, requestId, address } = event;
    const imaginedEvent = { time, requestId, address, action: 'token' } as const;
    return {
      body: await explainExchange(parametersOf([...pairs, ...types]), client, imaginedEvent, {
        ...services,
        now: seconds(services.clock),
      }),
    };
  },
});

async function explainPast(id: string, services: HttpServices) {
  const event = await services.admin.findEvent(id);
  if (event?.action !== 'token' || (event.grant ?? 'token_exchange') !== 'token_exchange') {
    throw new Refusal('admin_item_unknown', { detail: 'no exchange has this request id' });
  }
  return explainEvent(event, services);
}
