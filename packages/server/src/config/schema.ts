// What may stand in the file? Every key, its form and its default; an unknown key is a fault.
import { isIP } from 'node:net';
import { z } from 'zod';
import { parseDistinguishedName } from '../client-auth/distinguished-name.ts';
import { clientAuthMethods } from '../client-auth/index.ts';
import { requestedTokenTypes } from '../exchange/request.ts';
import { grants } from '../grants/index.ts';
import { algorithmNames, signingAlgorithms } from '../keys/algorithms.ts';
import { levels } from '../primitives/log.ts';
import { type Reason, reasons } from '../primitives/refusal.ts';
import { subjectTokenTypes } from '../subject-tokens/index.ts';
import { dataUriProblem } from './logo.ts';
import { branding, displayName, words } from './schema-branding.ts';
import { account, upstream } from './schema-people.ts';
import { audit, server } from './schema-server.ts';
import { clientId, duration, expression, issuerName, name, oneOrMore, scopes, secret } from './schema-values.ts';

const names = <T extends string>(list: readonly { readonly name: T }[]) =>
  z.enum(list.map(({ name }) => name) as [T, ...T[]]);

const resource = z.strictObject({
  audience: name,
  locations: z.array(z.string()).optional(),
  requiredAcr: oneOrMore(name).default([]),
  requireSenderConstraint: z.boolean().default(false),
  scopes: scopes.default([]),
  /** What each scope allows, in words for people. */
  scopeNames: z.record(z.string(), words).default({}),
  token: z
    .strictObject({
      format: z.enum(['jwt', 'opaque']).default('jwt'),
      lifetime: duration.default(3600),
      alg: z.enum([...signingAlgorithms, 'HS256']).optional(),
      secret: secret.optional(),
    })
    .refine(
      ({ alg, secret: shared }) => (alg === 'HS256') === (shared !== undefined),
      'HS256 needs a secret, and no other alg has one',
    )
    .prefault({}),
});

const jwks = z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1) });

const tlsSubject = z
  .strictObject({
    dn: name.refine((text) => parseDistinguishedName(text) !== undefined, 'must be a distinguished name (RFC 4514)'),
    dns: z.string().regex(/^[A-Za-z0-9](?:[\w.-]{0,252}[\w-])?$/, 'must be a host name'),
    uri: z.url(),
    ip: z.string().refine((text) => isIP(text) !== 0, 'must be an address'),
    email: z.email(),
  })
  .partial()
  .refine((subject) => Object.keys(subject).length === 1, 'has exactly one of dn, dns, uri, ip, email');

const digest = z.string().regex(/^[\w-]{43}$/, 'must be a SHA-256 in base64url');

/** Of a random secret alone: of one that a person chose, its digest tells enough to guess it. */
const hashedSecret = z.strictObject({ sha256: digest });

const client = z.strictObject({
  id: clientId,
  name: displayName.optional(),
  logo: z.string().min(1).optional(),
  uri: z.string().optional(),
  auth: names(clientAuthMethods),
  secret: oneOrMore(z.union([...secret.options, hashedSecret])).optional(),
  jwks: jwks.optional(),
  jwksUri: z.string().optional(),
  allowPrivateNetwork: z.boolean().default(false),
  assertionAudience: z.literal('legacy').optional(),
  tlsSubject: tlsSubject.optional(),
  spiffeId: z.string().optional(),
  publicExchange: z.boolean().optional(),
  workload: z.strictObject({ issuer: name, audience: name }).optional(),
  grants: z.array(names(grants)).min(1),
  audiences: z.array(name).default([]),
  scopes: scopes.optional(),
  resource: name.optional(),
  saml: z.strictObject({ entityId: name, acs: z.url() }).optional(),
  dpopBoundAccessTokens: z.boolean().default(false),
  certificateBoundAccessTokens: z.boolean().default(false),
  redirectUris: z.array(z.string()).default([]),
  postLogoutRedirectUris: z.array(z.string()).default([]),
  refreshLifetime: duration.default(86_400),
  disabled: z.boolean().default(false),
});

const tokenTypes = names(subjectTokenTypes);

/** Another issuer: an OpenID provider or OAuth server by `issuer`, or a SPIFFE trust domain by `trustDomain`. */
const oauthIssuer = z
  .strictObject({
    // Tells the two kinds of entry apart, so that the faults told are those of the kind that was meant.
    saml: z.never().optional(),
    issuer: z.string().optional(),
    trustDomain: z
      .string()
      .regex(
        /^[a-z0-9._-]{1,255}$/,
        'must be a SPIFFE trust domain: lower case letters, digits, dots, dashes, underscores',
      )
      .optional(),
    name: issuerName.optional(),
    accepts: z.array(tokenTypes.exclude(['refresh_token', 'saml1', 'saml2'])).min(1),
    audiences: z.array(name).min(1),
    algorithms: z.array(z.enum(algorithmNames)).min(1).default(['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519']),
    jwksUri: z.string().optional(),
    jwks: jwks.optional(),
    allowPrivateNetwork: z.boolean().default(false),
    maxAge: duration.optional(),
    singleUse: z.boolean().default(false),
    scopes: z.literal('intersect').optional(),
    subject: expression.optional(),
    people: issuerName.optional(),
    claims: z.record(z.string(), expression).default({}),
    introspection: z.strictObject({ endpoint: z.string(), client: clientId, secret }).optional(),
  })
  .refine(
    (entry) => (entry.issuer === undefined) !== (entry.trustDomain === undefined),
    'needs either issuer or trustDomain',
  );

/** A SAML identity provider, by its entity id. */
const samlIssuer = z
  .strictObject({
    saml: name,
    name: issuerName.optional(),
    accepts: z.array(z.enum(['saml1', 'saml2'])).min(1),
    audiences: z.array(name).min(1),
    certificates: z.array(z.string().min(1)).min(1).optional(),
    metadata: z.string().min(1).optional(),
    decryptionKey: z.string().min(1).optional(),
    attributeFormats: z.array(z.string()).min(1).optional(),
    maxAge: duration.optional(),
    singleUse: z.boolean().default(false),
    subject: expression.optional(),
    people: issuerName.optional(),
    claims: z.record(z.string(), expression).default({}),
  })
  .refine(
    (entry) => (entry.certificates === undefined) !== (entry.metadata === undefined),
    'needs either certificates or metadata',
  );

const issuer = z.union([oauthIssuer, samlIssuer]);

const party = {
  issuer: oneOrMore(name).optional(),
  types: z.array(tokenTypes).min(1).optional(),
  when: expression.optional(),
  clients: oneOrMore(clientId).optional(),
  constrained: z.literal('accept').optional(),
};

const actor = z
  .strictObject({
    ...party,
    required: z.literal(true).optional(),
    forbidden: z.literal(true).optional(),
    delegated: z.literal('allow').optional(),
  })
  .refine(({ required, forbidden }) => !(required && forbidden), 'cannot be required and forbidden');

const imaginedToken = z.strictObject({
  issuer: name.default('self'),
  type: tokenTypes.default('access_token'),
  /** Whom it was issued to; of our own tokens the calling client, where nothing is said. */
  client: clientId.optional(),
  audiences: z.array(name).default([]),
  scope: scopes.optional(),
  expiresIn: duration.default(3600),
  /** `sub` must be among them. */
  claims: z.record(z.string(), z.unknown()),
});

/** As `cnf` has it. */
const confirmation = z.union([z.strictObject({ jkt: digest }), z.strictObject({ 'x5t#S256': digest })]);

/** An imagined request, and what must come of it. */
const ruleTest = z.strictObject({
  name: name.optional(),
  client: clientId.optional(),
  subject: imaginedToken,
  actor: imaginedToken.optional(),
  audience: oneOrMore(name).optional(),
  resource: oneOrMore(z.string()).optional(),
  scope: scopes.optional(),
  /** The key that the caller proves. */
  proves: confirmation.optional(),
  requestedType: z.enum(requestedTokenTypes).default('access_token'),
  expect: z.union([
    z.literal('allowed'),
    z.strictObject({ allowed: z.record(z.string(), z.unknown()) }),
    z.strictObject({ refused: z.enum(Object.keys(reasons) as [Reason, ...Reason[]]) }),
  ]),
});

const rule = z.strictObject({
  name: name.optional(),
  client: oneOrMore(clientId),
  mode: z.literal('audit').optional(),
  subject: z.strictObject(party).prefault({}),
  actor: actor.prefault({}),
  when: expression.optional(),
  act: z.literal('client').optional(),
  rebind: z.literal('bearer').optional(),
  grant: z.strictObject({
    audiences: z.array(name).min(1),
    scopes: scopes.default([]),
    types: z.array(z.enum(requestedTokenTypes)).min(1).default(['access_token']),
    lifetime: duration.optional(),
    refreshToken: z.boolean().default(false),
    refreshLifetime: duration.default(86_400),
    maxDepth: z.int().min(0).max(10).default(5),
    claims: z.record(z.string(), expression).default({}),
  }),
  tests: z.array(ruleTest).default([]),
});

export const configurationFile = z.strictObject({
  issuer: z.string(),
  server: server.prefault({}),
  log: z
    .strictObject({ format: z.enum(['text', 'json']).default('text'), level: z.enum(levels).default('info') })
    .prefault({}),
  store: z
    .string()
    .regex(/^(?:sqlite:.+|postgres(?:ql)?:\/\/.+)$/, 'must be sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE')
    .default('sqlite:data/cambio.db'),
  sealingKey: oneOrMore(secret).optional(),
  keys: z
    .strictObject({
      alg: z.enum(signingAlgorithms).default('ES256'),
      rotateEvery: duration.default(2_592_000),
      publishAhead: duration.default(3600),
    })
    .prefault({}),
  audit: audit.prefault({}),
  developerErrors: z.boolean().default(false),
  branding: branding.prefault({}),
  tokenErrorCode: z.enum(['invalid_grant', 'invalid_request']).default('invalid_grant'),
  resources: z.array(resource).default([]),
  clients: z.array(client).default([]),
  accounts: z.array(account).default([]),
  upstream: upstream.optional(),
  issuers: z.array(issuer).default([]),
  rules: z.array(rule).default([]),
});

export type ConfigurationFile = z.output<typeof configurationFile>;
/** A client that is registered at run time names no file of the server. */
const inlineLogo = z.string().superRefine((uri, { addIssue }) => {
  const problem = dataUriProblem(uri);
  if (problem !== undefined) addIssue(problem);
});

/** What a client that is registered at run time says of itself. */
export const clientEntry = client.omit({ id: true, secret: true }).extend({ logo: inlineLogo.optional() });

export type IssuerSource = z.output<typeof oauthIssuer>;
export type SamlSource = z.output<typeof samlIssuer>;
export type ClientSource = z.output<typeof client>;
export type ResourceSource = z.output<typeof resource>;
export type RuleTest = z.output<typeof ruleTest>;
export type ImaginedToken = z.output<typeof imaginedToken>;
export type RuleEntry = z.output<typeof rule>;
