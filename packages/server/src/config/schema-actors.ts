// The form of the limits of clients and actors in the configuration file.
import { z } from 'zod';
import { isClientId } from '../model/client.ts';
import { expecting } from '../primitives/expectation.ts';
import { isPattern } from '../primitives/pattern.ts';
import { isName } from '../primitives/principal.ts';
import { duration, issuerName, name, oneOrMore } from './schema-values.ts';

/** More would take too long to check in a request. */
const MAX_DESCENDANTS = 1000;
const MAX_REQUESTS = 1_000_000;

export const limits = expecting(
  z
    .strictObject({
      perMinute: z.int().min(1).max(MAX_REQUESTS).optional(),
      perDay: z.int().min(1).max(MAX_REQUESTS).optional(),
      delegation: duration.optional(),
      descendants: z.int().min(1).max(MAX_DESCENDANTS).optional(),
    })
    .refine((given) => Object.keys(given).length > 0, 'needs one of perMinute, perDay, delegation and descendants.'),
  'limits',
  'at least one, such as perDay: 1000',
);

export const clientPattern = expecting(
  z.string().refine((text) => isClientId(text) && isPattern(text)),
  'a client id',
  'an id, or the beginning of ids with a * at the end, such as agent-*',
);

export const subjectPattern = expecting(
  z.string().refine((text) => isName(text) && isPattern(text)),
  'a subject',
  'a sub, or the beginning of subs with a * at the end, such as repo:acme/*',
);

export const claimWord = expecting(
  z.string().regex(/^[\x21-\x7e]{1,256}$/),
  'a word',
  'printable ASCII without a blank, such as ai_agent',
);

/** Claims, each with the words that it may have. */
export const claimWords = expecting(
  z
    .record(name, oneOrMore(claimWord))
    .refine((claims) => Object.keys(claims).length > 0)
    .meta({ minProperties: 1 }),
  'claims',
  'a claim and the words that it may have, such as { sub_profile: [ai_agent] }',
);

/** An actor under all of its names, or a group of actors. */
export const actor = z
  .strictObject({
    name: issuerName,
    clients: oneOrMore(clientPattern).optional(),
    issuer: oneOrMore(name).optional(),
    subjects: oneOrMore(subjectPattern).optional(),
    each: z.boolean().default(false),
    limits,
  })
  .refine(
    ({ clients, issuer, subjects }) =>
      (issuer === undefined) === (subjects === undefined) && (clients ?? subjects) !== undefined,
    'needs clients, or issuer and subjects, which say who the actor is.',
  );

export type LimitsSource = z.output<typeof limits>;
