// Writes the commands that make a sample exchange really happen.
import { type Client, getsTokens, type Sample, type SampleToken } from '../../shared/sample-exchange.ts';
import { shellQuote } from '../../shared/shell.ts';
import { ASSERTION_TYPES, usesCertificate } from '../../shared/snippets/form.ts';
import { authenticationOf } from '../../shared/snippets/index.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** @returns a shell script. Secrets are variables of the shell: the console does not know them */
export function commandsFor(sample: Sample, clients: readonly Client[], issuer: string): string {
  const { client, subject, actor, audience, scope } = sample;
  const parts = [
    obtain('SUBJECT_TOKEN', subject, clients, issuer),
    ...(actor === undefined ? [] : [obtain('ACTOR_TOKEN', actor, clients, issuer)]),
    [
      `curl -s ${shellQuote(`${issuer}/oauth/token`)} ${credentials(client, clients)}`,
      `-d grant_type=${EXCHANGE} -d audience=${shellQuote(audience)}`,
      ...(scope === undefined ? [] : [`-d scope=${shellQuote(scope)}`]),
      `-d subject_token=$SUBJECT_TOKEN -d subject_token_type=${ACCESS_TOKEN}`,
      ...(actor === undefined ? [] : [`-d actor_token=$ACTOR_TOKEN -d actor_token_type=${ACCESS_TOKEN}`]),
    ].join(' \\\n  '),
  ];
  return parts.join('\n\n');
}

function obtain(
  name: string,
  { issuer: of, client = '', claims }: SampleToken,
  clients: readonly Client[],
  issuer: string,
) {
  if (claims.sub !== client || !getsTokens(client, clients))
    return `# a token about ${claims.sub}${of === 'self' ? `, who signs in with the client ${client}` : ` of ${of}`}\n${name}=…`;
  return [
    `${name}=$(curl -s ${shellQuote(`${issuer}/oauth/token`)} ${credentials(client, clients)}`,
    `-d grant_type=client_credentials | jq -r .access_token)`,
  ].join(' \\\n  ');
}

function credentials(id: string, clients: readonly Client[]): string {
  const { auth } = authenticationOf(clients.find((one) => one.id === id)?.entry ?? {});
  const variable = `$${id.toUpperCase().replaceAll(/\W/g, '_')}`;
  if (auth === 'client_secret_basic') return `-u ${shellQuote(id)}:"${variable}_SECRET"`;
  const named = `-d client_id=${shellQuote(id)}`;
  if (auth === 'client_secret_post') return `${named} -d client_secret="${variable}_SECRET"`;
  if (usesCertificate({ auth })) return `--cert client.pem --key client-key.pem ${named}`;
  const assertionType = ASSERTION_TYPES[auth];
  return assertionType === undefined
    ? named
    : `${named} -d client_assertion_type=${assertionType} -d client_assertion="${variable}_ASSERTION"`;
}
