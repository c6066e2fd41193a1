// Explains a request, past or simulated, and lists the targets that a client may request. Issues nothing and uses nothing up.
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { AuditEvent } from '../../audit/event.ts';
import { explainConfiguration } from '../../explain/decided-by.ts';
import { type Explanation, explainEvent, explainExchange, explainRefusal } from '../../explain/explain.ts';
import { describeMissingRow, normalRequestId, timeOfRequest } from '../../explain/missing.ts';
import { explainTargets } from '../../explain/targets.ts';
import { type Parameters, parametersOf } from '../../primitives/parameters.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { tokenTypeName, tokenTypeUri } from '../../primitives/token-type.ts';
import { guessType } from '../../subject-tokens/guess-type.ts';
import type { HttpServices } from '../endpoint.ts';
import { explainServices } from '../explain-services.ts';
import { operation } from './operation.ts';

const token = z.string().min(1);
const list = z.array(z.string().min(1)).max(64);
const typeName = z.string().describe('short (`jwt`) or a URN; by default, guessed from the token');

const presented = {
  client: z.string().min(1),
  subject_token: token,
  subject_token_type: typeName.optional(),
  actor_token: token.optional(),
  actor_token_type: typeName.optional(),
};

/** The parameters of RFC 8693 section 2.1. Those that may repeat are lists. */
const simulated = z.strictObject({
  ...presented,
  audience: list.optional(),
  resource: list.optional(),
  scope: z.string().optional(),
  requested_token_type: typeName.optional(),
});

/** The parameters of the jwt-bearer grant (RFC 7523 section 2.1). */
const redeemed = z.strictObject({
  client: presented.client,
  assertion: token,
  audience: list.optional(),
  resource: list.optional(),
  scope: z.string().optional(),
});

const past = z.strictObject({
  request: z.string().min(1).describe('the id of any request: `request_id` of its answer, or its header X-Request-Id'),
});

export const explainOperation = operation({
  id: 'explain',
  method: 'POST',
  at: '/explain',
  summary: 'Explain how an exchange would be decided, or why a past request of any kind ended as it did',
  scope: 'admin:read',
  body: z.union(
    [simulated, redeemed, past],
    'must be the parameters of an exchange or of an assertion with its client, or a request',
  ),
  status: 200,
  answer: z.looseObject({
    decision: z.enum(['allowed', 'refused']),
    steps: z.array(z.looseObject({ step: z.string(), result: z.string(), found: z.string() })),
    rules: z.array(z.looseObject({ rule: z.string(), result: z.string() })),
    rulesOfOthers: z.int(),
  }),
  run: async ({ body, services, event }): Promise<{ body: Explanation }> => {
    if ('request' in body) return { body: await explainPast(body.request, services) };
    const { client, ...form } = body;
    const context = explainServices(services);
    return { body: await explainExchange(parametersFor(form, services), client, simulatedEvent(event), context) };
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
  run: async ({ body: { client, ...form }, services, event }) => {
    const context = explainServices(services);
    const recorded = simulatedEvent(event);
    try {
      return { body: { targets: await explainTargets(parametersFor(form, services), client, recorded, context) } };
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

/** Converts the body to the parameters of a form. */
function parametersFor(form: Readonly<Record<string, unknown>>, { issuer }: HttpServices): Parameters {
  const pairs = Object.entries(form).flatMap(([name, value]) =>
    [value ?? []]
      .flat()
      .map((text) => [name, name.endsWith('_type') ? wholeType(String(text)) : String(text)] as const),
  );
  const types = ['subject_token', 'actor_token'].flatMap((name) => {
    const text = form[name];
    const isTyped = typeof text !== 'string' || form[`${name}_type`] !== undefined;
    return isTyped ? [] : [[`${name}_type`, tokenTypeUri(guessType(text, issuer))] as const];
  });
  return parametersOf([...pairs, ...types]);
}

const wholeType = (text: string): string => (tokenTypeName(text) === undefined ? tokenTypeUri(text) : text);

/** Time within which a counted row is written, by this node or another one. */
const ROW_DELAY_MS = 1200;

async function explainPast(text: string, services: HttpServices): Promise<Explanation> {
  const id = normalRequestId(text);
  const { admin, throttled, clock } = services;
  const find = async (): Promise<AuditEvent | undefined> => {
    const found = await admin.findEvent(id);
    if (found !== undefined) return found;
    await throttled.flush();
    return admin.findEvent(id);
  };
  let event = await find();
  const age = clock() - (timeOfRequest(id) ?? 0);
  if (event === undefined && age >= 0 && age < ROW_DELAY_MS) {
    await wait(ROW_DELAY_MS);
    event = await find();
  }
  if (event === undefined) throw new Refusal('admin_item_unknown', { detail: describeMissingRow(id) });
  const decidedBy = await explainConfiguration(event, admin.configurations);
  return { ...explainEvent(event, explainServices(services)), ...(decidedBy && { decidedBy }) };
}
