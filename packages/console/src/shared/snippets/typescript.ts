// Writes an exchange for @cambio/client.
import { type AuthenticationMethod, type SnippetRequest, tokenTypeUrn, type Variable } from './form.ts';
import { literal } from './literal.ts';

interface Credentials {
  readonly imports: string;
  readonly code: string;
  readonly variable?: Variable;
  /** Further imports, as lines. */
  readonly more?: readonly string[];
}

const CERTIFICATE: Credentials = {
  imports: 'mtls',
  code: "mtls(tlsAgent({ cert: readFileSync('client.pem', 'utf8'), key: readFileSync('client-key.pem', 'utf8') }))",
  more: ["import { readFileSync } from 'node:fs';", "import { tlsAgent } from '@cambio/client/node';"],
};

const CREDENTIALS: Readonly<Record<AuthenticationMethod, Credentials>> = {
  client_secret_basic: { imports: 'clientSecret', code: 'clientSecret(CLIENT_SECRET)', variable: 'CLIENT_SECRET' },
  client_secret_post: {
    imports: 'clientSecret',
    code: "clientSecret(CLIENT_SECRET, 'post')",
    variable: 'CLIENT_SECRET',
  },
  private_key_jwt: {
    imports: 'privateKeyJwt',
    // A private JWK with alg, and with kid if the key set of the client has several keys.
    code: 'privateKeyJwt(JSON.parse(CLIENT_KEY))',
    variable: 'CLIENT_KEY',
  },
  tls_client_auth: CERTIFICATE,
  self_signed_tls_client_auth: CERTIFICATE,
  spiffe_jwt: {
    imports: 'spiffe',
    code: "spiffe(tokenFile('svid.jwt'))",
    more: ["import { tokenFile } from '@cambio/client/node';"],
  },
  none: { imports: 'none', code: 'none()' },
  workload: { imports: 'workload', code: 'workload()' },
};

export function typescript(request: SnippetRequest): string {
  const { issuer, client, auth, needsDpop, grant, actorType } = request;
  const { imports, code, variable, more = [] } = CREDENTIALS[auth];
  const isRedeemed = grant === 'jwt-bearer';
  const variables = [variable, 'SUBJECT_TOKEN', actorType !== undefined && 'ACTOR_TOKEN'].filter(Boolean);
  const options = [
    `issuer: ${quote(issuer)}`,
    ...(auth === 'workload' ? [] : [`clientId: ${quote(client)}`]),
    `auth: ${code}`,
    ...(needsDpop ? ['dpop'] : []),
  ];
  const members = isRedeemed ? redeemMembers(request) : exchangeMembers(request);
  const method = isRedeemed ? 'redeem' : 'exchange';
  return [
    '// npm install @cambio/client',
    ...more,
    `import { cambio, ${imports} } from '@cambio/client';`,
    '',
    `const { ${variables.map((name) => `${name} = ''`).join(', ')} } = process.env;`,
    ...(needsDpop
      ? [
          "const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };",
          "const dpop = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);",
        ]
      : []),
    `const client = cambio(${objectOf(options)});`,
    `const issued = await client.${method}(SUBJECT_TOKEN${members.length === 0 ? '' : `, ${objectOf(members)}`});`,
    'console.log(issued.tokenType, issued.scope);',
    '// issued.token is the token: send it in the header Authorization.',
    '',
  ].join('\n');
}

/** An object with a member on each line. */
const objectOf = (members: readonly string[]): string => `{\n${members.map((one) => `  ${one},\n`).join('')}}`;

/** The default of the package is `access_token`. */
function exchangeMembers(request: SnippetRequest): readonly string[] {
  const { subjectType, actorType, audience, resource, scope, requestedType } = request;
  const type = (name: string, value: string | undefined): readonly string[] =>
    value === undefined || value === '' || value === 'access_token' ? [] : [`${name}: ${quote(tokenTypeUrn(value))}`];
  return [
    ...type('subjectType', subjectType),
    ...(actorType === undefined ? [] : ['actor: ACTOR_TOKEN', ...type('actorType', actorType)]),
    ...texts('audience', audience),
    ...texts('resource', resource),
    ...(scope === '' ? [] : [`scope: ${quote(scope)}`]),
    ...(requestedType === '' ? [] : [`as: ${quote(tokenTypeUrn(requestedType))}`]),
  ];
}

const redeemMembers = ({ issuer, scope }: SnippetRequest): readonly string[] => [
  `issuer: ${quote(issuer)}`,
  ...(scope === '' ? [] : [`scope: ${quote(scope)}`]),
];

const texts = (name: string, values: readonly string[]): readonly string[] =>
  values.length === 0
    ? []
    : [`${name}: ${values.length === 1 ? quote(values[0] ?? '') : `[${values.map(quote).join(', ')}]`}`];

/** In single quotes if that needs no escape. */
const quote = (text: string): string => (/^[^'\\\p{C}\p{Zl}\p{Zp}]*$/u.test(text) ? `'${text}'` : literal(text));
