// The form of the other authorization servers for which grants are issued.
import { z } from 'zod';
import { serverGrants } from '../model/authorization-server.ts';
import { expecting } from '../primitives/expectation.ts';
import { clientId, duration, httpsUrl, name, oneOrMore, scope, scopes, tokenTypes } from './schema-values.ts';

/** A grant is redeemed at once. A longer one would only serve a thief. */
const MAX_LIFETIME_SECONDS = 3600;

/** Scopes by the same names, or a map from the name here to the name there. */
const scopesThere = z.union([scopes, z.record(scope, scope)]);

export const authorizationServer = z
  .strictObject({
    issuer: httpsUrl,
    aliases: oneOrMore(name).default([]),
    grants: z.array(z.enum(serverGrants)).min(1),
    clients: z.record(clientId, name).default({}),
    subject: expecting(
      z.union([z.enum(['same', 'pairwise', 'email']), z.strictObject({ claim: name })]),
      'a way to name subjects',
      'same, pairwise, email, or { claim: NAME }',
    ).default('same'),
    samlSubjectId: z.boolean().default(false),
    subjectTokens: z.array(tokenTypes).min(1).default(['id_token', 'saml2', 'refresh_token']),
    resources: z.record(name, z.strictObject({ scopes: scopesThere.default([]) })).default({}),
    scopes: scopesThere.optional(),
    claims: z.array(name).default([]),
    acr: oneOrMore(name).default([]),
    maxAge: duration.optional(),
    keyBinding: z.enum(['required', 'optional']).default('optional'),
    lifetime: expecting(
      duration.refine((seconds) => seconds <= MAX_LIFETIME_SECONDS),
      'a lifetime of a grant',
      `a duration of at most ${MAX_LIFETIME_SECONDS / 3600}h, such as 5m`,
    ).default(300),
    tenant: name.optional(),
  })
  .refine((entry) => entry.scopes === undefined || Object.keys(entry.resources).length === 0, {
    path: ['scopes'],
    message: 'are those of the server itself, and it has resources. Move them to scopes of the resources.',
  })
  .refine((entry) => !entry.grants.includes('id_jag') || Object.keys(entry.clients).length > 0, {
    path: ['clients'],
    message:
      'are missing: an ID-JAG names the client as that server knows it. Write clients: { OUR_ID: ITS_ID_THERE }.',
  })
  .meta({
    allOf: [
      {
        anyOf: [
          { not: { properties: { grants: { contains: { const: 'id_jag' } } } } },
          { required: ['clients'], properties: { clients: { minProperties: 1 } } },
        ],
      },
      { not: { required: ['scopes', 'resources'], properties: { resources: { minProperties: 1 } } } },
    ],
  });

export type ServerSource = z.output<typeof authorizationServer>;

type ScopesThere = z.output<typeof scopesThere> | undefined;

/** The name here of each scope, and its name there. */
export const scopeMapOf = (scopes: ScopesThere = []): Readonly<Record<string, string>> =>
  Array.isArray(scopes) ? Object.fromEntries(scopes.map((name) => [name, name])) : scopes;

export const scopesHere = (scopes: ScopesThere): readonly string[] => Object.keys(scopeMapOf(scopes));
