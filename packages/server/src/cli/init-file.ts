// Writes the text of the configuration file of cambio init.
import { isLoopback } from '../primitives/network.ts';
import { isProfile } from '../trust/profiles.ts';
import type { Provider } from './init-provider.ts';

export interface Choices {
  readonly issuer: string;
  readonly audience: string;
  readonly client: string;
  /** The file of the client's secret, beside the configuration file. */
  readonly secretFile: string;
  readonly provider: Provider | undefined;
  /** The value that `aud` of the provider's tokens must have. */
  readonly providerAudience: string;
}

export const SCHEMA_FILE = 'cambio.schema.json';
const DEFAULT_PORT = 8080;
/** The algorithms that an entry without `algorithms` allows. */
const USUAL = ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519'];

/** Texts that YAML reads as they stand: words with single blanks between them, URLs and addresses. */
const PLAIN = /^(?:[A-Za-z][\w.@/-]*(?: [\w.@/-]+)*|https?:\/\/[\w./:-]*[\w/]|\d+\.\d+\.\d+\.\d+)$/;
const WORD_OF_YAML = /^(?:true|false|null)$/i;

/** A text of YAML, in double quotes if it needs them. */
const value = (text: string): string => (PLAIN.test(text) && !WORD_OF_YAML.test(text) ? text : JSON.stringify(text));

/** The server listens on loopback: on the host and the port of an issuer there, or behind a proxy. */
export function listenAt(issuer: string): { readonly host: string; readonly port: number } {
  const { protocol, hostname, port } = new URL(issuer);
  if (protocol !== 'http:' || !isLoopback(hostname)) return { host: '127.0.0.1', port: DEFAULT_PORT };
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? 80 : port) };
}

export function writeFileText(choices: Choices): string {
  const { issuer, audience, client, secretFile, provider } = choices;
  const { host, port } = listenAt(issuer);
  const isLocal = isLoopback(new URL(issuer).hostname);
  return `# yaml-language-server: $schema=./${SCHEMA_FILE}
# Written by cambio init. Run cambio check --config FILE after each change; a running server reads the file again by itself.

# \`iss\` of every token, and the base of every published URL.
issuer: ${value(issuer)}
${isLocal ? 'developerErrors: true # refusals say why; for loopback only\n' : ''}
# Plain HTTP on loopback. Elsewhere the server needs tls: { cert: cert.pem, key: key.pem }, or trustProxy: [ADDRESS] behind a proxy.
server:
  host: ${value(host)}
  port: ${port}

# One node. Several nodes share postgres://USER:PASSWORD@HOST/DATABASE, which needs a sealingKey.
store: sqlite:data/cambio.db

resources:
  # The API that tokens are for: \`aud\` of its tokens, and the scope that they may have.
  - audience: ${value(audience)}
    scopes: [read]
    token: { lifetime: 10m }

clients:
  # The program that exchanges tokens.
  - id: ${value(client)}
    auth: client_secret_post
    secret: { file: ${value(secretFile)} } # or { env: NAME }
${clientGrants(choices)}${provider === undefined ? '' : `\n${issuerEntry(provider, choices)}`}
# Everything is refused unless a rule allows it. This is the only rule:
${provider === undefined ? ownRule(choices) : providerRule(provider, choices)}`;
}

const clientGrants = ({ provider, audience }: Choices): string =>
  provider === undefined
    ? `    grants: [client_credentials, token_exchange]
    audiences: [${value(audience)}]
    scopes: [read]
`
    : '    grants: [token_exchange]\n';

function issuerEntry({ issuer, kind, network, jwksUri, algorithms }: Provider, { providerAudience }: Choices): string {
  const usual = algorithms.filter((name) => USUAL.includes(name));
  const signs = usual.length > 0 ? usual : algorithms;
  const notes = kind.notes.map((note) => `  # ${note.replace('AUDIENCE', providerAudience)}\n`).join('');
  return `issuers:
  # ${kind.label.charAt(0).toUpperCase()}${kind.label.slice(1)}.
${notes}  - issuer: ${value(issuer)}
    name: ${kind.name} # the prefix of its subjects in our tokens, such as ${kind.name}:ada
    accepts: [${kind.accepts}]
${isProfile(kind.name) ? `    profile: ${kind.name} # how its tokens show what they are\n` : ''}    audiences: [${value(providerAudience)}]
    algorithms: [${signs.join(', ')}]
${jwksUri === undefined ? '' : `    jwksUri: ${value(jwksUri)} # on another host than the issuer\n`}${
  network === 'private' ? '    allowPrivateNetwork: true # its URLs may lead to private addresses\n' : ''
}`;
}

const providerRule = ({ kind }: Provider, { client, audience, providerAudience }: Choices): string => `#
#   ${client} may exchange a token of ${kind.name} for one of ${audience}
#   with the scope read, for ten minutes. Its subject is the subject of that token.
rules:
  - name: ${value(`${client} exchanges tokens of ${kind.name}`)}
    client: ${value(client)}
    subject:
      issuer: ${kind.name}
${
  kind.only === undefined
    ? '      # when: subject.claims.tenant == "a" would allow some of its people only\n'
    : `      # ${kind.only.note}.\n      when: ${JSON.stringify(`subject.claims.${kind.only.claim} == ${JSON.stringify(kind.only.value)}`)}\n`
}    grant: { audiences: [${value(audience)}], scopes: [read], lifetime: 10m }
    tests:
      - name: a token of ${kind.name}
        subject:
          issuer: ${kind.name}
          type: ${kind.accepts}
          audiences: [${value(providerAudience)}]
          claims: { sub: ada${kind.only === undefined ? '' : `, ${kind.only.claim}: ${value(kind.only.value)}`} }
        expect: { allowed: { scope: read } }
      - name: a token of this server is not meant
        subject: { claims: { sub: ada } }
        expect: { refused: no_rule_for_subject }
`;

const ownRule = ({ client, audience }: Choices): string => `#
#   ${client} may exchange its own token for one of ${audience}
#   that has the scope read and is valid for five minutes.
rules:
  - name: ${value(`${client} exchanges its own tokens`)}
    client: ${value(client)}
    subject: { issuer: self, types: [access_token], clients: [${value(client)}] }
    actor: { forbidden: true }
    grant: { audiences: [${value(audience)}], scopes: [read], lifetime: 5m }
    tests:
      - name: its own token
        subject: { claims: { sub: ${value(client)} } }
        expect: { allowed: { scope: read } }
      - name: with an actor
        subject: { claims: { sub: ${value(client)} } }
        actor: { claims: { sub: someone } }
        expect: { refused: no_rule_for_actor }
`;
