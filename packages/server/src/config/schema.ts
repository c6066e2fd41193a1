// The form of the configuration file: every key, its form and its default. An unknown key is a fault.
import { isIP } from 'node:net';
import { z } from 'zod';
import { parseDistinguishedName } from '../client-auth/distinguished-name.ts';
import { clientAuthMethods } from '../client-auth/index.ts';
import { grants } from '../grants/index.ts';
import { signingAlgorithms } from '../keys/algorithms.ts';
import { expecting } from '../primitives/expectation.ts';
import { levels } from '../primitives/log.ts';
import { dataUriProblem } from './logo.ts';
import { actor, claimWord, claimWords, limits, subjectPattern } from './schema-actors.ts';
import { branding, displayName, words } from './schema-branding.ts';
import { consoleSection } from './schema-console.ts';
import { include } from './schema-include.ts';
import { issuer, keySet, type oauthIssuer, type samlIssuer } from './schema-issuers.ts';
import { clientDocuments, registration } from './schema-open-clients.ts';
import { account, upstream } from './schema-people.ts';
import { regionsSection } from './schema-regions.ts';
import { rule } from './schema-rules.ts';
import { audit, server } from './schema-server.ts';
import { authorizationServer } from './schema-servers.ts';
import {
  clientId,
  clientSecret,
  duration,
  HTTP_URL,
  httpsUrl,
  name,
  names,
  oneOrMore,
  scopes,
  secret,
} from './schema-values.ts';

const resource = z.strictObject({
  audience: expecting(name.clone(), 'an audience', 'the name of the API, such as https://orders.example.com'),
  locations: z.array(z.string()).optional(),
  requiredAcr: oneOrMore(name).default([]),
  requireSenderConstraint: z.boolean().default(false),
  scopes: scopes.default([]),
  /** Descriptions of each scope for people. */
  scopeNames: z.record(z.string(), words).default({}),
  token: z
    .strictObject({
      format: z.enum(['jwt', 'opaque']).default('jwt'),
      lifetime: duration.default(3600),
      alg: z.enum([...signingAlgorithms, 'HS256']).optional(),
      typ: z.enum(['at+jwt', 'JWT']).default('at+jwt'),
      secret: secret.optional(),
      jwks: expecting(
        z.string().regex(/^\/keys\/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
        'the path of a key set',
        '/keys/ and a name of letters, digits, dots, - and _, such as /keys/orders',
      ).optional(),
    })
    .refine(({ alg, jwks: set }) => alg !== 'HS256' || set === undefined, {
      path: ['jwks'],
      message: 'is for keys that verifiers fetch, and HS256 has a secret. Remove jwks, or write another alg.',
    })
    .refine(({ alg, secret: shared }) => alg !== 'HS256' || shared !== undefined, {
      path: ['secret'],
      message: 'is missing. HS256 needs a secret of its own: { file: PATH } or { env: NAME }.',
    })
    .refine(({ alg, secret: shared }) => alg === 'HS256' || shared === undefined, {
      path: ['secret'],
      message: 'a secret is for alg: HS256 only. Write alg: HS256, or remove the secret.',
    })
    .meta({
      allOf: [
        { anyOf: [{ required: ['secret'] }, { not: { required: ['alg'], properties: { alg: { const: 'HS256' } } } }] },
      ],
      dependentSchemas: { secret: { required: ['alg'], properties: { alg: { pattern: '^HS256$|\\$\\{' } } } },
    })
    .prefault({}),
});

const tlsSubject = z
  .strictObject({
    dn: expecting(
      name.refine((text) => parseDistinguishedName(text) !== undefined),
      'a distinguished name (RFC 4514)',
      'one such as CN=orders,O=Example',
    ),
    dns: expecting(
      z.string().regex(/^[A-Za-z0-9](?:[\w.-]{0,252}[\w-])?$/),
      'a host name',
      'one without a wildcard, such as orders.example.com',
    ),
    uri: expecting(z.url(), 'a URI', 'one such as spiffe://example.com/orders'),
    ip: expecting(
      z.string().refine((text) => isIP(text) !== 0),
      'an IP address',
      'one address, such as 192.0.2.7',
    ),
    email: expecting(z.email(), 'an email address', 'one such as orders@example.com'),
  })
  .partial()
  .refine((subject) => Object.keys(subject).length === 1, 'needs exactly one of dn, dns, uri, ip and email.')
  .meta({ minProperties: 1, maxProperties: 1 });

const client = z.strictObject({
  id: clientId,
  name: displayName.optional(),
  logo: z.string().min(1).optional(),
  uri: z.string().optional(),
  auth: oneOrMore(names(clientAuthMethods)),
  secret: oneOrMore(clientSecret).optional(),
  jwks: keySet.optional(),
  jwksUri: httpsUrl.optional(),
  allowPrivateNetwork: z.boolean().default(false),
  assertionAudience: z.literal('legacy').optional(),
  assertionLifetime: duration.optional(),
  tlsSubject: tlsSubject.optional(),
  spiffeId: z.string().optional(),
  publicExchange: z.boolean().optional(),
  workload: z
    .strictObject({
      issuer: name,
      audience: name.optional(),
      subjects: oneOrMore(subjectPattern).optional(),
      claims: claimWords.optional(),
    })
    .optional(),
  subProfile: oneOrMore(claimWord).optional(),
  grants: z.array(names(grants)),
  audiences: z.array(name).default([]),
  scopes: scopes.optional(),
  resource: name.optional(),
  saml: z
    .strictObject({
      entityId: name,
      acs: expecting(z.url(), 'a URL', 'an https URL, such as https://api.example.com/saml'),
    })
    .optional(),
  dpopBoundAccessTokens: z.boolean().default(false),
  certificateBoundAccessTokens: z.boolean().default(false),
  redirectUris: z.array(z.string()).default([]),
  anyLocalhostPort: z.boolean().default(false),
  pkce: z.enum(['required', 'optional']).default('required'),
  postLogoutRedirectUris: z.array(z.string()).default([]),
  refreshLifetime: duration.default(86_400),
  disabled: z.boolean().default(false),
  limits: limits.optional(),
});

const DATABASE = /^(?:sqlite:.+|postgres(?:ql)?:\/\/.+)$/;

const database = expecting(
  z
    .string()
    .superRefine((text, { addIssue }) => {
      if (DATABASE.test(text)) return;
      // The rest of the text is not shown: it may be a password.
      const [, scheme] = /^([a-z][a-z0-9+]{1,15}):\/\//i.exec(text) ?? [];
      const shown = scheme === undefined ? 'a text' : `a URL that begins with ${scheme}:`;
      const message = `${shown} is not a database. Write sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE.`;
      addIssue({ code: 'custom', message });
    })
    .meta({
      pattern: DATABASE.source,
      examples: ['sqlite:data/cambio.db', 'postgres://USER:PASSWORD@HOST/DATABASE'],
    }),
  'a database',
  'sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE',
  'secret',
);

const topLevel = z.strictObject({
  issuer: expecting(
    z.string().meta({ pattern: HTTP_URL, examples: ['https://login.example.com'] }),
    'a URL',
    'the https URL of this server, such as https://login.example.com',
  ),
  include,
  server: server.prefault({}),
  log: z
    .strictObject({ format: z.enum(['text', 'json']).default('text'), level: z.enum(levels).default('info') })
    .prefault({}),
  store: z
    .union([database, z.strictObject({ url: database, replica: database.optional() })])
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
  authorizationServers: z.array(authorizationServer).default([]),
  clients: z.array(client).default([]),
  clientDocuments: clientDocuments.optional(),
  registration: registration.optional(),
  accounts: z.array(account).default([]),
  upstream: upstream.optional(),
  console: consoleSection.optional(),
  regions: regionsSection.optional(),
  issuers: z.array(issuer).default([]),
  actors: z.array(actor).default([]),
  rules: z.array(rule).default([]),
});

export const configurationFile = expecting(
  topLevel,
  'a configuration',
  'keys and their values, such as issuer: https://login.example.com',
);

export type ConfigurationFile = z.output<typeof configurationFile>;
/** A client that is registered at run time may not name files of the server. */
const inlineLogo = z.string().superRefine((uri, { addIssue }) => {
  const problem = dataUriProblem(uri);
  if (problem !== undefined) addIssue(problem);
});

/** The entry of a client that is registered at run time. */
export const clientEntry = client.omit({ id: true, secret: true }).extend({ logo: inlineLogo.optional() });

export type IssuerSource = z.output<typeof oauthIssuer>;
export type SamlSource = z.output<typeof samlIssuer>;
export type ClientSource = z.output<typeof client>;
export type ResourceSource = z.output<typeof resource>;
