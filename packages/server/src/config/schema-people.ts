// The form of the sections about people: local accounts, and the provider that they sign in at.
import { z } from 'zod';
import { expecting } from '../primitives/expectation.ts';
import { MAX_PASSWORD_LENGTH } from '../sign-in/password-hash.ts';
import { clientId, expression, httpsUrl, issuerName, name, scopes, secret } from './schema-values.ts';

export const account = z.strictObject({
  username: expecting(
    z.string().regex(/^[^\s\p{C}](?:[^\p{C}]{0,254}[^\s\p{C}])?$/u),
    'a user name',
    'a printable text of 1 to 256 characters',
  ),
  password: expecting(
    z.union([
      z.strictObject({ hash: z.string() }),
      z.strictObject({ plain: z.string().min(1).max(MAX_PASSWORD_LENGTH) }),
    ]),
    'a password',
    "{ hash: '$argon2id$…' }, as cambio accounts hash-password prints it",
    'secret',
  ),
  sub: name.optional(),
  claims: z.record(z.string(), z.json()).default({}),
});

/** Another OpenID provider, at which people sign in for this server. */
export const upstream = z.strictObject({
  issuer: httpsUrl,
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
