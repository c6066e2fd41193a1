// Explains a request, past or simulated, and lists the targets that a client may request. Issues nothing and uses nothing up.
import { z } from 'zod';
import type { AuditEvent } from '../../audit/event.ts';
import { explainConfiguration } from '../../explain/decided-by.ts';
import type { DraftTexts } from '../../explain/drafted.ts';
import {
  type Explanation,
  explainEvent,
  explainExchange,
  explainRefusal,
  verifyPasted,
} from '../../explain/explain.ts';
import type { Sources } from '../../explain/sources.ts';
import { explainTargets } from '../../explain/targets.ts';
import { parametersOf } from '../../primitives/parameters.ts';
import { isUndecided, Refusal } from '../../primitives/refusal.ts';
import type { HttpServices } from '../endpoint.ts';
import { explainServices } from '../explain-services.ts';
import type { OperationForms } from './administration.ts';
import { askUsableDraft } from './draft-form.ts';
import { explanation } from './explain-answer.ts';
import { findRow } from './find-row.ts';
import { type Call, type Operation, operation } from './operation.ts';
import { pairsFor, parametersFor, presented, redeemedForm, simulatedForm, sourcesOf } from './simulated-request.ts';

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
      if ('draft' in body && body.draft !== undefined)
        return { body: await explainByDraft({ ...body, draft: body.draft }, recorded, sources, { services, event }) };
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
      if (!(error instanceof Refusal) || isUndecided(error)) throw error;
      return { body: { targets: [], refused: explainRefusal(error, recorded, context) } };
    }
  },
});

export const simulatedEvent = ({ time, requestId, address }: AuditEvent): AuditEvent => ({
  time,
  requestId,
  address,
  action: 'token',
});

/** The configuration in force verifies what was pasted, and the draft decides. */
async function explainByDraft(
  body: { readonly client: string; readonly draft: DraftTexts },
  recorded: AuditEvent,
  sources: Sources,
  asked: Pick<Call<never, never, never>, 'services' | 'event'>,
): Promise<Explanation> {
  const { client, draft } = body;
  const { services } = asked;
  const parameters = pairsFor(body, services);
  const context = explainServices(services);
  const verified = await verifyPasted(parametersOf(parameters), client, sources, { ...recorded }, context);
  if ('decision' in verified) return verified;
  const exchange = { client, parameters, sources: verified, event: recorded };
  const answer = await askUsableDraft(draft, { kind: 'explain', exchange }, 'body.draft', asked);
  if (answer.kind !== 'explain') throw new Error('the draft gave no explanation');
  return answer.explanation;
}

async function explainPast(text: string, services: HttpServices): Promise<Explanation> {
  const event = await findRow(text, services);
  const decidedBy = await explainConfiguration(event, services.admin.configurations);
  return { ...explainEvent(event, explainServices(services)), ...(decidedBy && { decidedBy }) };
}
