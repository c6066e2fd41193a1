// What may stand in the file? Every key, its form and its default; an unknown key is a fault.
import { z } from 'zod';
import { clientAuthMethods } from '../client-auth/index.ts';
import { requestedTokenTypes } from '../exchange/request.ts';
import { grants } from '../grants/index.ts';
import { algorithmNames } from '../keys/algorithms.ts';
import { isName } from '../primitives/principal.ts';
import { isScopeName } from '../primitives/scope.ts';
import { subjectTokenTypes } from '../subject-tokens/index.ts';

const names = <T extends string>(list: readonly { readonly name: T }[]) =>
  z.enum(list.map(({ name }) => name) as [T, ...T[]]);

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `90s`, `10m`, `1h`, `30d` → seconds. */
const duration = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhd]$/, 'must be a duration such as 90s, 10m, 1h or 30d')
  .transform((text) => Number(text.slice(0, -1)) * UNITS[text.slice(-1) as keyof typeof UNITS]);

const name = z.string().refine(isName, 'must be a printable text of 1 to 1024 characters');
/** RFC 6749 appendix A.1. */
const clientId = z.string().regex(/^[\x20-\x7e]{1,256}$/, 'must be 1 to 256 printable ASCII characters');
const scopes = z.array(
  z.string().refine(isScopeName, 'must be a scope name: printable ASCII without blank, quote and backslash'),
);
const oneOrMore = <T extends z.ZodType>(type: T) => z.union([type.transform((one) => [one]), z.array(type).min(1)]);

const secret = z.union([
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ plain: z.string().min(1) }),
]);

const server = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(8080),
  tls: z.strictObject({ cert: z.string().min(1), key: z.string().min(1) }).optional(),
  trustProxy: z.array(z.string().min(1)).default([]),
  limits: z.strictObject({ body: z.int().min(1024).max(16_777_216).default(1_048_576) }).prefault({}),
});

const resource = z.strictObject({
  audience: name,
  locations: z.array(z.string()).optional(),
  scopes: scopes.default([]),
  token: z
    .strictObject({
      format: z.enum(['jwt']).default('jwt'),
      lifetime: duration.default(3600),
      alg: z.enum(algorithmNames).optional(),
    })
    .prefault({}),
});

const client = z.strictObject({
  id: clientId,
  auth: names(clientAuthMethods),
  secret: oneOrMore(secret),
  grants: z.array(names(grants)).min(1),
  audiences: z.array(name).default([]),
  scopes: scopes.optional(),
  resource: name.optional(),
  disabled: z.boolean().default(false),
});

const party = {
  issuer: oneOrMore(name).optional(),
  types: z.array(names(subjectTokenTypes)).min(1).optional(),
  clients: oneOrMore(clientId).optional(),
};

const actor = z
  .strictObject({
    ...party,
    required: z.literal(true).optional(),
    forbidden: z.literal(true).optional(),
    delegated: z.literal('allow').optional(),
  })
  .refine(({ required, forbidden }) => !(required && forbidden), 'cannot be required and forbidden');

const rule = z.strictObject({
  name: name.optional(),
  client: oneOrMore(clientId),
  subject: z.strictObject(party).prefault({}),
  actor: actor.prefault({}),
  grant: z.strictObject({
    audiences: z.array(name).min(1),
    scopes: scopes.default([]),
    types: z.array(z.enum(requestedTokenTypes)).min(1).default(['access_token']),
    lifetime: duration.optional(),
    maxDepth: z.int().min(0).max(10).default(5),
  }),
});

export const configurationFile = z.strictObject({
  issuer: z.string(),
  server: server.prefault({}),
  store: z
    .string()
    .regex(/^sqlite:.+$/, 'must be sqlite:FILE')
    .default('sqlite:data/cambio.db'),
  keys: z.strictObject({ alg: z.enum(algorithmNames).default('ES256') }).prefault({}),
  tokenErrorCode: z.enum(['invalid_grant', 'invalid_request']).default('invalid_grant'),
  resources: z.array(resource).default([]),
  clients: z.array(client).default([]),
  rules: z.array(rule).default([]),
});

export type ConfigurationFile = z.output<typeof configurationFile>;
export type SecretSource = z.output<typeof secret>;
export type RuleEntry = z.output<typeof rule>;
