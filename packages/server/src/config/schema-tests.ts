// The form of the tests of a rule: a simulated request, and its expected result.
import { z } from 'zod';
import { requestedTokenTypes } from '../exchange/request.ts';
import { expecting } from '../primitives/expectation.ts';
import { type Reason, reasons } from '../primitives/refusal.ts';
import { clientId, digest, duration, name, oneOrMore, partyTypes, scopes, tokenTypes } from './schema-values.ts';

/** The facts of a token, in place of the token. */
export const testToken = z.strictObject({
  issuer: name.default('self'),
  type: tokenTypes.default('access_token'),
  /** The client that the token was issued to. Default for tokens of this server: the calling client. */
  client: clientId.optional(),
  audiences: z.array(name).default([]),
  scope: scopes.optional(),
  expiresIn: duration.default(3600),
  /** Must contain `sub`. */
  claims: expecting(z.record(z.string(), z.unknown()), 'a map', 'the claims of the token, such as { sub: ada }'),
});

/** The subject may also be an assertion that is redeemed. */
export const testSubject = testToken.extend({ type: partyTypes.default('access_token') });

/** In the form of the claim `cnf`. */
const confirmation = expecting(
  z.union([z.strictObject({ jkt: digest }), z.strictObject({ 'x5t#S256': digest })]),
  'a confirmation',
  "{ jkt: DIGEST } or { 'x5t#S256': DIGEST }",
);

/** A simulated request, and its expected result. */
export const ruleTest = z.strictObject({
  name: name.optional(),
  client: clientId.optional(),
  subject: testSubject,
  actor: testToken.optional(),
  audience: oneOrMore(name).optional(),
  resource: oneOrMore(z.string()).optional(),
  scope: scopes.optional(),
  /** The key that the caller proves. */
  proves: confirmation.optional(),
  requestedType: z.enum(requestedTokenTypes).default('access_token'),
  expect: expecting(
    z.union([
      z.literal('allowed'),
      z.strictObject({ allowed: z.record(z.string(), z.unknown()) }),
      z.strictObject({
        refused: expecting(
          z.enum(Object.keys(reasons) as [Reason, ...Reason[]]),
          'a reason',
          'one of those in docs/reference/errors.md, such as no_rule',
        ),
      }),
    ]),
    'an expectation',
    'allowed, { allowed: { CLAIM: VALUE } } or { refused: REASON }',
  ),
});

export type RuleTest = z.output<typeof ruleTest>;
