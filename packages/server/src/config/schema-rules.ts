// The form of the rules in the configuration file.
import { z } from 'zod';
import { requestedTokenTypes } from '../exchange/request.ts';
import { expecting } from '../primitives/expectation.ts';
import { claimWords, clientPattern, subjectPattern } from './schema-actors.ts';
import { ruleTest } from './schema-tests.ts';
import {
  clientId,
  duration,
  expression,
  name,
  oneOrMore,
  partyTypes,
  scope,
  scopes,
  tokenTypes,
} from './schema-values.ts';

const party = {
  issuer: oneOrMore(name).optional(),
  types: z.array(tokenTypes).min(1).optional(),
  when: expression.optional(),
  clients: oneOrMore(clientId).optional(),
  constrained: z.literal('accept').optional(),
};

/** An assertion that is redeemed has a subject, and is never an actor token. */
const subjectTypes = { types: z.array(partyTypes).min(1).optional() };

/** What an actor has besides: patterns, and claims. */
const actorNames = {
  clients: oneOrMore(clientPattern).optional(),
  subjects: oneOrMore(subjectPattern).optional(),
  claims: claimWords.optional(),
};

const actor = z
  .strictObject({
    ...party,
    ...actorNames,
    required: z.literal(true).optional(),
    forbidden: z.literal(true).optional(),
    delegated: z.literal('allow').optional(),
  })
  .refine(
    ({ required, forbidden }) => !(required && forbidden),
    'cannot have required and forbidden. Remove one of them.',
  )
  .meta({ not: { required: ['required', 'forbidden'] } });

/** Maps a scope of the subject token to the scopes that it grants. */
const scopeMap = z.record(scope, z.array(scope).min(1));

const allowRule = z.strictObject({
  name: name.optional(),
  effect: z.literal('allow').optional(),
  client: oneOrMore(clientId),
  mode: z.literal('audit').optional(),
  subject: z.strictObject({ ...party, ...subjectTypes }).prefault({}),
  actor: actor.prefault({}),
  when: expression.optional(),
  act: z.literal('client').optional(),
  rebind: z.literal('bearer').optional(),
  grant: z.strictObject({
    audiences: z.array(name).min(1),
    scopes: z.union([scopes, scopeMap]).default([]),
    types: z.array(z.enum(requestedTokenTypes)).min(1).default(['access_token']),
    lifetime: duration.optional(),
    refreshToken: z.boolean().default(false),
    refreshLifetime: duration.default(86_400),
    maxDepth: z.int().min(0).max(10).default(5),
    claims: z.record(z.string(), expression).default({}),
  }),
  tests: z.array(ruleTest).default([]),
});

const { constrained, ...partyNames } = party;

const denyRule = z.strictObject({
  name: name.optional(),
  effect: z.literal('deny'),
  client: oneOrMore(clientId).optional(),
  mode: z.literal('audit').optional(),
  subject: z.strictObject({ ...partyNames, ...subjectTypes }).prefault({}),
  actor: z
    .strictObject({
      ...partyNames,
      ...actorNames,
      required: z.literal(true).optional(),
      forbidden: z.literal(true).optional(),
    })
    .refine(
      ({ forbidden, ...others }) => !forbidden || Object.values(others).every((value) => value === undefined),
      'cannot have forbidden and another key. Remove one of them.',
    )
    .meta({ dependentSchemas: { forbidden: { maxProperties: 1 } } })
    .prefault({}),
  audiences: z.array(name).min(1).optional(),
  when: expression.optional(),
  because: expecting(
    z.string().min(1).max(1024),
    'a sentence',
    'why the rule denies, in up to 1024 characters',
  ).optional(),
  tests: z.array(ruleTest).default([]),
});

export const rule = z.discriminatedUnion('effect', [allowRule, denyRule]);

export type AllowEntry = z.output<typeof allowRule>;
export type DenyEntry = z.output<typeof denyRule>;
