// The forms of values that occur in many places of the file, each with a description of the expected value.
import { z } from 'zod';
import { isClientId } from '../model/client.ts';
import { expecting } from '../primitives/expectation.ts';
import { isName } from '../primitives/principal.ts';
import { isScopeName } from '../primitives/scope.ts';
import { redeemedTypes } from '../primitives/token-type.ts';
import { subjectTokenTypes } from '../subject-tokens/index.ts';

/** One of the names of a registry. */
export const names = <T extends string>(list: readonly { readonly name: T }[]) =>
  z.enum(list.map((entry) => entry.name) as [T, ...T[]]);

export const tokenTypes = names(subjectTokenTypes);

/** The types that rules and their tests name: tokens that are exchanged, and assertions that are redeemed. */
export const partyTypes = z.enum([...tokenTypes.options, ...redeemedTypes]);

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** In the JSON Schema of the file. */
export const HTTP_URL = '^\\s*[Hh][Tt][Tt][Pp][Ss]?:';

/** `90s`, `10m`, `1h`, `30d` → seconds. */
export const duration = expecting(
  z
    .string()
    .regex(/^[1-9]\d{0,5}[smhd]$/)
    .meta({ examples: ['10m', '1h', '30d'] })
    .transform((text) => Number(text.slice(0, -1)) * UNITS[text.slice(-1) as keyof typeof UNITS]),
  'a duration',
  'a number with its unit, such as 10m, 1h or 30d',
);

export const name = expecting(
  z.string().refine(isName).meta({ minLength: 1, maxLength: 1024 }),
  'a name',
  'a printable text of 1 to 1024 characters',
);
export const clientId = expecting(
  z
    .string()
    .refine(isClientId)
    .meta({ pattern: '^[\\x20-\\x7e]{1,256}$', examples: ['orders-api'] }),
  'a client id',
  '1 to 256 printable ASCII characters, such as orders-api',
);
export const scope = expecting(
  z
    .string()
    .refine(isScopeName)
    .meta({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]+$', examples: ['orders:read'] }),
  'a scope name',
  'printable ASCII without a blank, a quote and a backslash, such as orders:read',
);
export const scopes = z.array(scope);
export const oneOrMore = <T extends z.ZodType>(type: T) =>
  z.union([type.transform((one) => [one]), z.array(type).min(1)]);

/** None of them is the default. */
export const anyNumber = <T extends z.ZodType>(type: T) =>
  z.union([type.transform((one) => [one]), z.array(type)]).default([]);

/** The path of a file. */
export const file = expecting(z.string().min(1), 'the path of a file', 'a path relative to the configuration file');

const text = z.string().min(1);
const sources = [
  z.strictObject({ env: text.meta({ description: 'The environment variable that has the secret.' }) }),
  z.strictObject({ file }),
  z.strictObject({ plain: text.meta({ description: 'The secret itself. Only if server.host is loopback.' }) }),
] as const;

export const secret = expecting(z.union(sources), 'a secret', '{ file: PATH } or { env: NAME }', 'secret');

export const digest = expecting(
  z.string().regex(/^[\w-]{43}$/),
  'a SHA-256 digest',
  'the 43 characters of a SHA-256 in base64url',
  'secret',
);

/** For random secrets only: a secret that a person chose can be guessed from its digest. */
const hashedSecret = z.strictObject({ sha256: digest });

/** A secret that a client sends, which may be given as its digest. */
export const clientSecret = expecting(
  z.union([...sources, hashedSecret]),
  'a secret',
  '{ file: PATH }, { env: NAME } or { sha256: DIGEST }',
  'secret',
);

export type SecretSource = z.output<typeof secret>;

export const expression = expecting(
  z.string().min(1).max(4096),
  'a CEL expression',
  'it as a text in quotes, such as \'subject.claims.tenant == "a"\'',
);

export const issuerName = expecting(
  z.string().regex(/^[A-Za-z0-9._-]{1,255}$/),
  'a short name',
  'letters, digits, dots, dashes and underscores, such as contoso',
);

export const url = expecting(z.string(), 'a URL', 'an https URL, such as https://login.example.com');

/** Resolving checks the rest of the URL, which depends on other keys. */
export const httpsUrl = expecting(
  z.string().meta({ pattern: HTTP_URL, examples: ['https://login.example.com'] }),
  'a URL',
  'an https URL, such as https://login.example.com',
);
