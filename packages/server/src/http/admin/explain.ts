// Explains a request, past or simulated, and lists the targets that a client may request. Issues nothing and uses nothing up.
import { z } from 'zod';
import type { AuditEvent } from '../../audit/event.ts';
import { explainConfiguration } from '../../explain/decided-by.ts';
import { type Explanation, explainEvent, explainExchange, explainRefusal } from '../../explain/explain.ts';
import { explainTargets } from '../../explain/targets.ts';
import { Refusal } from '../../primitives/refusal.ts';
import type { HttpServices } from '../endpoint.ts';
import { explainServices } from '../explain-services.ts';
import type { OperationForms } from './administration.ts';
import { explanation } from './explain-answer.ts';
import { findRow } from './find-row.ts';
import { type Operation, operation } from './operation.ts';
import { parametersFor, presented, redeemedForm, simulatedForm, sourcesOf } from './simulated-request.ts';

const past = z.strictObject({
  request: z.string().min(1).describe('the id of any request: `request_id` of its answer, or its header X-Request-Id'),
});

export const explainOperation = (forms: OperationForms): Operation =>
  operation({
    id: 'explain',
    method: 'POST',
    at: '/explain',
    summary: 'Explain how an exchange would be decided, or why a past request of any kind ended as it did',
    scope: 'admin:read',
    body: z.union(
      [simulatedForm(forms), redeemedForm, past],
      'must be the parameters of an exchange or of an assertion with its client, or a request',
    ),
    status: 200,
    answer: explanation,
    run: async ({ body, services, event }): Promise<{ body: Explanation }> => {
      if ('request' in body) return { body: await explainPast(body.request, services) };
      const { sources, time } = await sourcesOf(body, services);
      const context = explainServices(services);
      // A recorded token is judged at its time: now it has expired.
      const now = time === undefined ? context.now : Math.floor(time / 1000);
      const recorded = { ...simulatedEvent(event), ...(time !== undefined && { time }) };
      const parameters = parametersFor(body, services);
      return { body: await explainExchange(parameters, body.client, recorded, { ...context, now }, sources) };
    },
  });

export const targetsOperation = operation({
  id: 'targets',
  method: 'POST',
  at: '/targets',
  summary: 'Say which targets a client may ask for with a token, with what scope, and by which rule',
  scope: 'admin:read',
  body: z.strictObject(presented),
  status: 200,
  answer: z.looseObject({
    targets: z.array(z.looseObject({ audience: z.string(), scope: z.string(), lifetime: z.int(), rule: z.string() })),
    refused: z
      .looseObject({ meaning: z.string(), remedy: z.string() })
      .optional()
      .describe('why no target can be asked for: the client or a token is refused'),
  }),
  run: async ({ body, services, event }) => {
    const context = explainServices(services);
    const recorded = simulatedEvent(event);
    try {
      return {
        body: { targets: await explainTargets(parametersFor(body, services), body.client, recorded, context) },
      };
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason === 'store_unavailable') throw error;
      return { body: { targets: [], refused: explainRefusal(error, recorded, context) } };
    }
  },
});

const simulatedEvent = ({ time, requestId, address }: AuditEvent): AuditEvent => ({
  time,
  requestId,
  address,
  action: 'token',
});

async function explainPast(text: string, services: HttpServices): Promise<Explanation> {
  const event = await findRow(text, services);
  const decidedBy = await explainConfiguration(event, services.admin.configurations);
  return { ...explainEvent(event, explainServices(services)), ...(decidedBy && { decidedBy }) };
}
