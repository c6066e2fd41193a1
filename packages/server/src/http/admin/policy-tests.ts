// Writes a simulated exchange as a test of a rule, in the words of the file, with a patch. Changes nothing.
import { z } from 'zod';
import { verifyPasted } from '../../explain/explain.ts';
import type { Source, Sources } from '../../explain/sources.ts';
import { testTokenOf } from '../../explain/test-token.ts';
import { parametersOf } from '../../primitives/parameters.ts';
import type { JsonObject } from '../../primitives/strict-json.ts';
import { tokenTypeName } from '../../primitives/token-type.ts';
import type { HttpServices } from '../endpoint.ts';
import { explainServices } from '../explain-services.ts';
import type { OperationForms } from './administration.ts';
import { askUsableDraft } from './draft-form.ts';
import { simulatedEvent } from './explain.ts';
import { type Operation, operation } from './operation.ts';
import { InvalidRequest } from './problem.ts';
import { pairsFor, sourcesOf, testedForm } from './simulated-request.ts';

export const writeTestOperation = (forms: OperationForms): Operation =>
  operation({
    id: 'write-test',
    method: 'POST',
    at: '/policy/tests',
    summary: 'Write a simulated exchange as a test of a rule: YAML, and a patch of the file',
    scope: 'admin:read',
    body: testedForm(forms),
    status: 200,
    answer: z.object({
      rule: z.string(),
      at: z.string().describe('the file and the line of the rule'),
      yaml: z.string().describe('the test, as an item of the list `tests`'),
      decision: z.enum(['allowed', 'refused']).describe('which the test expects'),
      reason: z.string().optional(),
      patch: z
        .string()
        .optional()
        .describe(
          'a unified diff; absent if the rule is not written in block style, or the line behind the rules would have to be shown',
        ),
      passes: z.boolean().optional().describe('does the test pass where it stands?'),
      why: z.string().optional().describe('why it does not'),
    }),
    run: async ({ body, rawBody, services, event }) => {
      const { rule, client, draft = { files: [] } } = body;
      const { sources: given, time } = await sourcesOf(body, services);
      const recorded = { ...simulatedEvent(event), ...(time !== undefined && { time }) };
      const parameters = pairsFor(body, services);
      const context = explainServices(services);
      const sources = await verifyPasted(parametersOf(parameters), client, given, { ...recorded }, context);
      if ('decision' in sources)
        throw new InvalidRequest([
          {
            at: 'body',
            detail: `a token or the client is refused: ${sources.meaning}. A test needs facts of a valid token.`,
          },
        ]);
      const test = testOf(body, rawBody, sources, services);
      const exchange = { client, parameters, sources, event: recorded };
      const wanted = { client, test, ...(rule !== undefined && { rule }) };
      const answer = await askUsableDraft(draft, { kind: 'test', exchange, wanted }, 'body.draft', { services, event });
      if (answer.kind !== 'test') throw new Error('the draft gave no test');
      if (answer.written === 'no rule')
        throw new InvalidRequest([
          {
            at: 'body.rule',
            detail:
              rule === undefined
                ? `no rule is for ${client}. Name the rule that gets the test.`
                : `there is no rule ${JSON.stringify(rule)}.`,
          },
        ]);
      return { body: answer.written };
    },
  });

/** The exchange in the words of a test, without its client and its expectation. */
function testOf(
  { name, audience, resource, scope, requested_token_type: requested }: TestedBody,
  rawBody: JsonObject,
  sources: Sources,
  { issuer, issuers, saml }: HttpServices,
): JsonObject {
  const nameOf = (iss: string): string =>
    iss === issuer ? 'self' : (issuers.byPrincipal(iss)?.name ?? saml.get(iss)?.name ?? iss);
  const partyOf = (role: 'subject' | 'actor', source: Source | undefined): JsonObject =>
    source === undefined || source.kind === 'pasted'
      ? {}
      : { [role]: source.kind === 'facts' ? rawBody[role] : testTokenOf(source.token, nameOf) };
  return {
    ...(name !== undefined && { name }),
    ...partyOf('subject', sources.subject),
    ...partyOf('actor', sources.actor),
    ...(audience && audience.length > 0 && { audience }),
    ...(resource && resource.length > 0 && { resource }),
    ...(scope !== undefined && { scope: scope.split(' ') }),
    ...(requested !== undefined && { requestedType: tokenTypeName(requested) ?? requested }),
  };
}

interface TestedBody {
  readonly name?: string | undefined;
  readonly audience?: readonly string[] | undefined;
  readonly resource?: readonly string[] | undefined;
  readonly scope?: string | undefined;
  readonly requested_token_type?: string | undefined;
}
