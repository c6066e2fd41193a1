// The form of `include`: which files belong to the configuration, and what each may have.
import { z } from 'zod';
import { expecting } from '../primitives/expectation.ts';
import { isPattern } from '../primitives/pattern.ts';
import { isAudiencePattern } from './audience-pattern.ts';
import { anyNumber, duration, issuerName, oneOrMore } from './schema-values.ts';

/** The sections that an included file may have. */
export const INCLUDED_SECTIONS = ['resources', 'authorizationServers', 'clients', 'issuers', 'rules'] as const;

/** `*` stands for any text within one name. Names that begin with a dot are for other programs, such as editors. */
const path = expecting(
  z
    .string()
    .min(1)
    .refine((text) => !text.includes('**')),
  'the path of a file',
  'a path relative to this file, in which * stands for any text within a name, such as teams/*.yaml',
);

const onePattern = expecting(
  z.string().refine(isPattern),
  'a name or a pattern',
  'one such as payments-*, with * at the end only',
);
const patterns = oneOrMore(onePattern);

const limited = z
  .strictObject({
    path,
    audiences: anyNumber(
      expecting(
        z.string().refine(isAudiencePattern),
        'an audience or a pattern',
        'one such as https://payments.example/* or payments-*: * stands at the end, in a URL after a slash behind the host',
      ),
    ),
    authorizationServers: anyNumber(
      expecting(
        z.string().refine(isAudiencePattern),
        'an issuer or a pattern',
        'one such as https://login.vendor.example: * stands at the end, after a slash behind the host',
      ),
    ),
    clients: patterns.optional(),
    issuers: anyNumber(issuerName),
    scopes: patterns.optional(),
    claims: anyNumber(onePattern),
    variables: anyNumber(onePattern),
    files: anyNumber(
      expecting(z.string().refine(isPattern), 'a path or a pattern', 'one such as /run/secrets/payments/*'),
    ),
    spiffeIds: anyNumber(onePattern),
    redirectUris: anyNumber(
      expecting(
        z.string().refine(isAudiencePattern),
        'a redirect URI or a pattern',
        'one such as https://payments.example/*: * stands at the end, after a slash behind the host',
      ),
    ),
    maxLifetime: duration.default(3600),
    maxRefreshLifetime: duration.default(86_400),
  })
  .refine(
    ({ audiences, clients }) => audiences.length > 0 || clients !== undefined,
    'needs audiences or clients: without them the file may have nothing. For a file without limits, write its path alone.',
  );

export const include = oneOrMore(z.union([path, limited])).default([]);

/** The limits of an included file. */
export type FileLimits = z.output<typeof limited>;
export type IncludeSource = z.output<typeof include>[number];
