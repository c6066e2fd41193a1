// The form of `console`: who may use it, and what each may do.
import { z } from 'zod';
import { ADMIN_SCOPES } from '../model/console.ts';
import { expecting } from '../primitives/expectation.ts';
import { expression, name, oneOrMore } from './schema-values.ts';

const operator = z
  .strictObject({
    account: expecting(
      name.clone(),
      'an account',
      'the username of an account, or NAME:SUB of a person of upstream',
    ).optional(),
    when: expression.optional(),
    scopes: oneOrMore(z.enum(ADMIN_SCOPES)),
  })
  .refine(({ account, when }) => (account === undefined) !== (when === undefined), 'needs either account or when.')
  .meta({ oneOf: [{ required: ['account'] }, { required: ['when'] }] });

/** There is no default: nobody is an operator by signing in. */
export const consoleSection = z.strictObject({ operators: z.array(operator).min(1) });
