// How do people sign in, as the file says it?
import { z } from 'zod';
import { MAX_PASSWORD_LENGTH } from '../sign-in/password-hash.ts';
import { clientId, expression, issuerName, name, scopes, secret } from './schema-values.ts';

export const account = z.strictObject({
  username: z
    .string()
    .regex(/^[^\s\p{C}](?:[^\p{C}]{0,254}[^\s\p{C}])?$/u, 'must be a printable text of 1 to 256 characters'),
  password: z.union([
    z.strictObject({ hash: z.string() }),
    z.strictObject({ plain: z.string().min(1).max(MAX_PASSWORD_LENGTH) }),
  ]),
  sub: name.optional(),
  claims: z.record(z.string(), z.json()).default({}),
});

/** Another OpenID provider, at which people sign in on the way to us. */
export const upstream = z.strictObject({
  issuer: z.string(),
  name: issuerName.optional(),
  clientId,
  secret,
  scopes: scopes.default(['openid', 'profile', 'email']),
  claims: z.record(z.string(), expression).default({}),
  allowPrivateNetwork: z.boolean().default(false),
  first: z.boolean().default(true),
});

export type AccountSource = z.output<typeof account>;
export type UpstreamSource = z.output<typeof upstream>;
