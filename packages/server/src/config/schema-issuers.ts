// The form of the issuers in the configuration file.
import { z } from 'zod';
import { algorithmNames } from '../keys/algorithms.ts';
import { MAX_LEEWAY_SECONDS } from '../primitives/clock.ts';
import { expecting } from '../primitives/expectation.ts';
import { profileNames } from '../trust/profiles.ts';
import {
  clientId,
  duration,
  expression,
  file,
  httpsUrl,
  issuerName,
  name,
  secret,
  tokenTypes,
  url,
} from './schema-values.ts';

export const keySet = z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1) });

/** Of an assertion that the jwt-bearer grant redeems. */
const assertion = {
  maxAge: duration.default(600),
  reuse: z.enum(['never', 'bound']).default('never'),
  scope: z.enum(['required', 'optional']).default('required'),
};

/** Of tokens that are exchanged. */
const reuse = z.enum(['never', 'always']).default('always');

const issuerGrants = z
  .strictObject({
    id_jag: z
      .strictObject({
        ...assertion,
        person: z.enum(['sub', 'aud_sub', 'email']).default('sub'),
        emails: z.enum(['stated', 'verified']).default('stated'),
        tenant: name.optional(),
        audTenant: name.optional(),
      })
      .optional(),
    chaining_grant: z.strictObject({ ...assertion, clientId: z.enum(['ours', 'theirs']).default('ours') }).optional(),
    workload: z
      .strictObject({ maxAge: duration.default(3600), reuse: z.enum(['never', 'bound', 'always']).default('always') })
      .optional(),
  })
  .refine(
    (grants) => Object.values(grants).some((one) => one !== undefined),
    'needs one of id_jag, chaining_grant and workload.',
  )
  .refine(
    ({ chaining_grant: grant, workload }) => grant === undefined || workload === undefined,
    'cannot have chaining_grant and workload: nothing in an assertion tells the two apart. Remove one of them.',
  )
  .meta({ minProperties: 1, not: { required: ['chaining_grant', 'workload'] } });

const leeway = expecting(
  duration.refine((seconds) => seconds <= MAX_LEEWAY_SECONDS),
  'a leeway',
  `a duration from 1s to ${MAX_LEEWAY_SECONDS / 60}m, such as 60s`,
);

/** Another issuer: an OpenID provider or OAuth server by `issuer`, or a SPIFFE trust domain by `trustDomain`. */
export const oauthIssuer = z
  .strictObject({
    // Tells the two kinds of entry apart.
    saml: z.never().optional(),
    issuer: url.optional(),
    trustDomain: expecting(
      z.string().regex(/^[a-z0-9._-]{1,255}$/),
      'a SPIFFE trust domain',
      'lower case letters, digits, dots, dashes and underscores, such as prod.example.com',
    ).optional(),
    name: issuerName.optional(),
    accepts: z
      .array(tokenTypes.exclude(['refresh_token', 'saml1', 'saml2']))
      .min(1)
      .default([]),
    audiences: z.array(name).min(1).default([]),
    grants: issuerGrants.optional(),
    clientIds: z.array(name).min(1).optional(),
    algorithms: z.array(z.enum(algorithmNames)).min(1).default(['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519']),
    jwksUri: httpsUrl.optional(),
    jwks: keySet.optional(),
    allowPrivateNetwork: z.boolean().default(false),
    leeway: leeway.optional(),
    maxAge: duration.optional(),
    reuse,
    scopes: z.literal('intersect').optional(),
    subject: expression.optional(),
    people: issuerName.optional(),
    claims: z.record(z.string(), expression).default({}),
    profile: z.enum(profileNames).optional(),
    introspection: z.strictObject({ endpoint: httpsUrl, client: clientId, secret }).optional(),
    introspect: z.enum(['opaque', 'always']).optional(),
  })
  .refine(
    (entry) => (entry.issuer === undefined) !== (entry.trustDomain === undefined),
    'needs one of issuer, trustDomain and saml, which says whose tokens the entry is about.',
  )
  .refine(
    ({ accepts, audiences }) => (accepts.length === 0) === (audiences.length === 0),
    'needs both accepts and audiences, or neither: the types of tokens that may be exchanged, and the aud that they must have.',
  )
  .refine(
    ({ accepts, audiences, grants }) => accepts.length > 0 || audiences.length > 0 || grants !== undefined,
    'needs accepts and audiences, which say what may be exchanged, or grants, which says what may be redeemed.',
  )
  .meta({
    allOf: [
      { oneOf: [{ required: ['issuer'] }, { required: ['trustDomain'] }] },
      { anyOf: [{ required: ['accepts', 'audiences'] }, { required: ['grants'] }] },
    ],
    dependentRequired: { accepts: ['audiences'], audiences: ['accepts'] },
  });

/** A SAML identity provider, by its entity id. */
export const samlIssuer = z
  .strictObject({
    saml: name,
    name: issuerName.optional(),
    accepts: z.array(z.enum(['saml1', 'saml2'])).min(1),
    audiences: z.array(name).min(1),
    certificates: z.array(file).min(1).optional(),
    metadata: file.optional(),
    decryptionKey: file.optional(),
    attributeFormats: z.array(z.string()).min(1).optional(),
    leeway: leeway.optional(),
    maxAge: duration.optional(),
    reuse,
    subject: expression.optional(),
    people: issuerName.optional(),
    claims: z.record(z.string(), expression).default({}),
  })
  .refine(
    (entry) => (entry.certificates === undefined) !== (entry.metadata === undefined),
    'needs certificates or metadata, and not both.',
  )
  .meta({ allOf: [{ oneOf: [{ required: ['certificates'] }, { required: ['metadata'] }] }] });

export const issuer = z.union([oauthIssuer, samlIssuer]);
