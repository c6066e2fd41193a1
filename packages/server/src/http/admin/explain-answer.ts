// Describes the answer of an explanation, for the OpenAPI document.
import { z } from 'zod';
import { PIPELINE } from '../../explain/pipeline.ts';

const step = z.object({
  step: z.string(),
  result: z.enum(['passed', 'refused']),
  found: z.string().describe('what the step found, in words'),
});

const pipelineStep = z.object({
  step: z.enum([...PIPELINE, 'assertion']),
  state: z.enum(['passed', 'failed', 'not reached']),
  found: z.string().optional().describe('in words; absent if the step was not reached'),
});

const rule = z.object({
  rule: z.string(),
  result: z.enum([
    'decides',
    'does not match',
    'cannot be told',
    'is not asked',
    'is only watched (mode: audit)',
    'is gone from the file',
  ]),
  part: z.string().optional().describe('the first key of the rule that did not match, such as `subject.types`'),
  why: z.string().optional(),
  at: z.string().optional().describe('the file and the line'),
});

const value = z.object({
  name: z.string().describe('the parameter, claim or header'),
  sent: z.unknown().optional(),
  known: z.array(z.string()).optional().describe('accepted values, the nearest first'),
  more: z.int().optional(),
  nearest: z.string().optional(),
});

const compared = z.object({
  claim: z.string(),
  change: z.enum(['same', 'changed', 'added', 'left out']),
  subject: z.unknown().optional().describe('in the subject token'),
  issued: z.unknown().optional().describe('in the new token'),
});

const request = z.object({
  requestId: z.string(),
  time: z.int().describe('milliseconds since 1970'),
  action: z.string(),
  grant: z.string().optional(),
  client: z.string().optional(),
  address: z.string().optional(),
  by: z.looseObject({}).optional().describe('the process of a command'),
});

export const explanation = z.object({
  decision: z.enum(['allowed', 'refused']),
  request: request.optional().describe('the past request; absent for a simulated exchange'),
  error: z.string().optional().describe('with `error_description`, all that the caller receives'),
  error_description: z.string().optional(),
  reason: z.string().optional(),
  meaning: z.string().optional(),
  detail: z.string().optional(),
  remedy: z.string().optional().describe('what to do, in plain sentences'),
  values: z.array(value).optional().describe('the values that were sent, with the known ones of each kind'),
  workloads: z.array(z.string()).optional().describe('why the token does not match each workload'),
  place: z
    .object({ at: z.string().optional(), key: z.string() })
    .optional()
    .describe('the entry of the file that decides: file and line, and `rules[name].grant.scopes`'),
  decidedBy: z.looseObject({}).optional().describe('the configuration that decided a past request'),
  steps: z.array(step).describe('up to the step that refused'),
  pipeline: z.array(pipelineStep).optional().describe('every step of an exchange, in order'),
  rules: z.array(rule).describe('the rules for the client, in the order of evaluation'),
  rulesOfOthers: z.int().describe('the number of rules for other clients'),
  claims: z.record(z.string(), z.unknown()).optional().describe('of the token that would be issued'),
  response: z
    .object({ status: z.int(), body: z.record(z.string(), z.unknown()) })
    .optional()
    .describe('what the token endpoint would answer; each token is `(new)`. Absent for a past request'),
  compared: z.array(compared).optional().describe('these claims beside those of the subject token'),
});
