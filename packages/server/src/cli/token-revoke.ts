// cambio tokens revoke: revokes a token and its descendants, or all tokens issued so far: for a subject, by the word of an
// issuer, to a client, or all.
import { describeWhere, runOperation } from './administration.ts';
import type { CliCommand } from './command.ts';
import { confirm, describeConfirmation } from './confirm.ts';
import { describeOutput, printResult } from './output.ts';
import { readToken } from './tokens.ts';
import { UsageError } from './usage.ts';

export const tokensRevoke: CliCommand = {
  examples: [
    ['cambio tokens revoke @token.txt --config cambio.yaml', 'one token, and every token that derives from it'],
    [
      'cambio tokens revoke --subject ada --config cambio.yaml',
      'all tokens issued for a person, or in which the person is an actor',
    ],
    [
      'cambio tokens revoke 7f3c --issuer https://idp.example.com --config cambio.yaml',
      'what came of the grant of another issuer with this jti',
    ],
    [
      'cambio tokens revoke --issuer https://idp.example.com --config cambio.yaml',
      'all tokens that came of tokens, assertions or grants of another issuer',
    ],
    ['cambio tokens revoke --client reports --server https://login.example.com', 'all tokens issued to a client'],
    ['cambio tokens revoke --all --config cambio.yaml', 'after restoring a backup of the database; asks first'],
  ],
  describe: (command) =>
    describeOutput(
      describeConfirmation(
        describeWhere(
          command
            .description(
              'Revoke a token and every token that derives from it, or all tokens issued so far: for a subject, by the word of an issuer, to a client, or all.',
            )
            .argument(
              '[token]',
              'the token: its text, @FILE, or - for standard input; or its id: the jti, the refresh family, or the id that tokens inspect prints for a foreign token',
            )
            .option('--unknown', 'also revoke an id, a client or an issuer that this server does not know')
            .option(
              '--subject <sub>',
              'instead of a token: all tokens issued so far for a subject, or in which it is an actor',
            )
            .option(
              '--issuer <iss>',
              'all tokens issued so far that came of this issuer; with --subject: only those of the subject; with an id: it is the jti of a token of this issuer',
            )
            .option('--client <id>', 'instead of a token: all tokens issued so far to a client')
            .option('--all', 'instead of a token: all tokens issued by this server so far; asks first'),
        ),
      ),
    ),
  run: async (options, [argument]) => {
    const { subject, issuer, client, all, unknown } = options;
    const others = [argument, subject, client, all].filter((value) => value !== undefined);
    const named = others.length === 0 && issuer !== undefined ? [issuer] : others;
    if (named.length !== 1)
      throw new UsageError(
        `give one of a token or its id, --subject, --issuer, --client and --all; this has ${named.length || 'none'} of them. Example: cambio tokens revoke --client reports --config cambio.yaml`,
      );
    if (issuer !== undefined && (client !== undefined || all))
      throw new UsageError(
        '--issuer goes alone, with --subject, or with an id. Example: --subject ada --issuer https://idp.example.com',
      );
    if (all && unknown)
      throw new UsageError('--unknown goes with an id, --client or --issuer, not with --all. Example: --all');
    const id = argument === undefined ? undefined : readToken(argument);
    const body = Object.entries({ id, subject, issuer, client, all, unknown });
    return runOperation(options, async (call) => {
      if (all) await confirm(options, ALL);
      await call('revoke-tokens', { body: Object.fromEntries(body.filter(([, value]) => value !== undefined)) });
      // Not the argument: it may be the text of a token.
      const what = whatOf(options, argument);
      printResult(options, { revoked: what }, `Revoked ${what}. Every node knows within a second.`);
    });
  },
};

const ALL =
  'This revokes every token that this server has issued so far. All people must sign in again, and all clients must request new tokens.';

function whatOf({ subject, issuer, client, all }: Record<string, unknown>, argument: string | undefined): string {
  if (all) return 'all that was issued so far';
  if (subject !== undefined) return `all that was issued so far for ${subject}`;
  if (client !== undefined) return `all that was issued so far to ${client}`;
  if (argument === undefined) return `all that was issued so far by the word of ${issuer}`;
  return 'the token and every token that derives from it';
}
