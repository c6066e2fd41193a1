// Prints the commands to type after cambio init, which end in an exchange.
import { dirname, join } from 'node:path';
import { tokenTypeUri } from '../primitives/token-type.ts';
import { type Choices, listenAt } from './init-file.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** Quotes a word for the shell, unless it needs no quotes. */
const quoted = (word: string): string => (/^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** @param program what the person typed to run a command */
export function nextCommands(out: string, choices: Choices, program = 'cambio'): string {
  const { provider, client, audience, secretFile, issuer } = choices;
  const { host, port } = listenAt(issuer);
  const path = new URL(issuer).pathname.replace(/\/$/, '');
  const endpoint = quoted(`http://${host.includes(':') ? `[${host}]` : host}:${port}${path}/oauth/token`);
  const credentials = [
    `--data-urlencode ${quoted(`client_id=${client}`)}`,
    `--data-urlencode ${quoted(`client_secret@${join(dirname(out), secretFile)}`)}`,
  ].join(' ');
  const type = tokenTypeUri(provider?.kind.accepts ?? 'access_token');
  const token =
    provider === undefined
      ? `TOKEN=$(curl -s ${endpoint} ${credentials} -d grant_type=client_credentials -d scope=read | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`
      : `TOKEN=...   # ${provider.kind.accepts === 'id_token' ? 'an ID token' : 'an access token'} of ${provider.issuer} with aud ${choices.providerAudience}`;
  const only = provider?.kind.only;
  return [
    ...(only === undefined ? [] : [`First replace ${only.value} in ${out}: until then the rule matches nobody.`, '']),
    'Check the file, and start the server:',
    '',
    `  ${program} check --config ${quoted(out)}${provider === undefined ? '' : ' --online'}`,
    `  ${program} serve --config ${quoted(out)}`,
    '',
    'In another terminal, exchange a token:',
    '',
    `  ${token}`,
    `  curl -s ${endpoint} ${credentials} -d grant_type=${EXCHANGE} -d "subject_token=$TOKEN" -d subject_token_type=${type} --data-urlencode ${quoted(`audience=${audience}`)}`,
  ].join('\n');
}
