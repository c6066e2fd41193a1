// Shows the rules in force as text, and checks a draft of them: faults, tests, and rules without a test. Changes nothing.
import { z } from 'zod';
import { draftForm } from './draft-form.ts';
import { operation } from './operation.ts';

export const listRuleTexts = operation({
  id: 'list-rule-texts',
  method: 'GET',
  at: '/policy/rules',
  summary: 'The text of the rules in force, by file: what an editor shows, and what a draft replaces',
  scope: 'admin:read',
  status: 200,
  answer: z.object({
    items: z.array(
      z.object({
        path: z.string(),
        isMain: z.boolean(),
        rules: z
          .object({ text: z.string(), line: z.int().describe('the number of its first line in the file') })
          .optional()
          .describe('the section `rules` with its key; absent if the file has none in block style'),
      }),
    ),
  }),
  run: async ({ services: { admin } }) => ({ body: { items: admin.ruleTexts() } }),
});

const finding = z.object({
  severity: z.enum(['fault', 'warning']),
  file: z.string(),
  line: z.int().describe('from 1; 0 for the file as a whole'),
  column: z.int(),
  path: z.string().describe('such as `rules[name].grant.scopes`'),
  message: z.string(),
});

const tested = z.object({
  rule: z.string(),
  test: z.string().describe('its name, or its number among the tests of the rule'),
  at: z.string().describe('the file and the line'),
  result: z.enum(['passed', 'failed', 'left out']),
  why: z.string().optional(),
});

const described = z.object({
  name: z.string(),
  file: z.string(),
  line: z.int(),
  effect: z.enum(['allow', 'deny']),
  mode: z.enum(['enforce', 'audit']).describe('`audit`: the rule is only watched'),
  clients: z.array(z.string()).optional().describe('absent: every client'),
  subject: z.array(z.string()).describe('which subject tokens, in phrases; all of them hold. Empty: any'),
  actor: z.array(z.string()).describe('who may act, in phrases'),
  audiences: z.array(z.string()).optional().describe('absent: every target'),
  scopes: z.array(
    z.object({
      scope: z.string(),
      from: z.array(z.string()).optional().describe('the scopes of the subject token that give it'),
    }),
  ),
  types: z.array(z.string()).describe('the types of token that may be requested'),
  lifetime: z.int().optional().describe('seconds, if the rule limits it'),
  conditions: z.array(z.string()).describe('in the words of the file; all must hold'),
  because: z.string().optional(),
});

export const checkDraft = operation({
  id: 'check-draft',
  method: 'POST',
  at: '/policy/check',
  summary:
    'The faults and warnings of a draft of the configuration, its rules in words, the results of its tests, and a patch',
  scope: 'admin:read',
  body: draftForm,
  status: 200,
  answer: z.object({
    usable: z.boolean().describe('has no fault, and no test fails'),
    findings: z.array(finding),
    tests: z.array(tested).describe('empty while the draft has a fault'),
    untested: z.array(z.object({ rule: z.string(), at: z.string() })).describe('rules by which no test is decided'),
    rules: z.array(described).describe('in the order in which they are evaluated; empty while the draft has a fault'),
    sections: z
      .array(z.object({ path: z.string(), line: z.int() }))
      .describe('where the section `rules` begins in each file that the draft changes'),
    patch: z
      .string()
      .describe(
        'what `rules` of the draft change in the files in force, as a unified diff for `git apply` and `patch -p1`; empty if nothing',
      ),
    unpatched: z
      .array(z.string())
      .describe(
        'files whose changes the patch lacks: it would have to show the line behind the section, which may hold a secret',
      ),
    counts: z
      .object({ clients: z.int(), resources: z.int(), rules: z.int() })
      .optional()
      .describe('absent while the draft has a fault'),
  }),
  run: async ({ body, services: { admin }, event }) => {
    const answer = await admin.askDraft(body, { kind: 'check' }, event);
    if (answer.kind !== 'check') throw new Error('the draft was not checked');
    const { report } = answer;
    const isUsable =
      !report.findings.some(({ severity }) => severity === 'fault') &&
      !report.tests.some(({ result }) => result === 'failed');
    return { body: { usable: isUsable, ...report } };
  },
});

const MAX_NAMES = 1000;

/** The first ones, each once. */
const firstOf = (names: Iterable<unknown>): readonly string[] =>
  [...new Set(names)].filter((name) => typeof name === 'string').slice(0, MAX_NAMES);

const names = z.array(z.string());

export const listNames = operation({
  id: 'list-names',
  method: 'GET',
  at: '/policy/names',
  summary:
    'What rules and their tests may name, for completion: the first 1,000 clients, issuers, audiences and scopes',
  scope: 'admin:read',
  status: 200,
  answer: z.object({
    clients: names,
    issuers: names.describe('with `self`, this server'),
    audiences: names,
    scopes: names,
  }),
  run: async ({ services: { admin, resources } }) => {
    const { issuers, authorizationServers } = admin.entries;
    const servers = authorizationServers.map((one) => (one as { readonly issuer?: unknown }).issuer);
    return {
      body: {
        clients: firstOf([...admin.fileClients.keys(), ...admin.registered.all().keys()]),
        issuers: firstOf(['self', ...issuers.map((one) => (one as { readonly name?: unknown }).name)]),
        audiences: firstOf([...resources.map(({ audience }) => audience), ...servers]),
        scopes: firstOf(resources.flatMap(({ scopes }) => [...scopes])),
      },
    };
  },
});

const anySchema = z.looseObject({});

export const getSchema = operation({
  id: 'get-schema',
  method: 'GET',
  at: '/schema',
  summary: 'The JSON Schema of the configuration file, and what its expressions may read and call, for completion',
  scope: 'admin:read',
  status: 200,
  answer: z.object({
    configuration: anySchema.describe('JSON Schema (draft 2020-12) of the main file'),
    included: anySchema.describe('of a file that `include` names'),
    expressions: z.object({
      variables: anySchema.describe('the facts by name, each with its type, or its members'),
      functions: z.array(z.string()).describe('with the number of arguments'),
      macros: z.array(z.string()),
    }),
  }),
  run: async ({ services: { admin } }) => ({ body: admin.schemas() }),
});
