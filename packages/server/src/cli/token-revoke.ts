// cambio tokens revoke: revokes one token with its descendants, or all that was issued so far for a subject, to a client, or at all.
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
      'all that was issued for a person, or in which she acts',
    ],
    ['cambio tokens revoke --client reports --server https://login.example.com', 'all that was issued to a client'],
    ['cambio tokens revoke --all --config cambio.yaml', 'after an older copy of the database was restored; asks first'],
  ],
  describe: (command) =>
    describeOutput(
      describeConfirmation(
        describeWhere(
          command
            .description(
              'Revoke a token and every token that derives from it; or all that was issued so far for a subject, to a client, or at all.',
            )
            .argument(
              '[token]',
              'its text, @FILE, or - for standard input; or its id: jti, refresh family, or what tokens inspect says of a foreign token',
            )
            .option('--unknown', 'revoke a name that this server does not know, too: an id, a client or an issuer')
            .option('--subject <sub>', 'instead: all that was issued so far for a subject, or in which it acts')
            .option('--issuer <iss>', 'with --subject: the issuer that knows the subject by this name')
            .option('--client <id>', 'instead: all that was issued so far to a client')
            .option('--all', 'instead: all that was issued here so far; asks first'),
        ),
      ),
    ),
  run: async (options, [argument]) => {
    const { subject, issuer, client, all, unknown } = options;
    const named = [argument, subject, client, all].filter((value) => value !== undefined);
    if (named.length !== 1)
      throw new UsageError(
        `give one of a token or its id, --subject, --client and --all; this has ${named.length || 'none'} of them. Example: cambio tokens revoke --client reports --config cambio.yaml`,
      );
    if (issuer !== undefined && subject === undefined)
      throw new UsageError('--issuer goes with --subject. Example: --subject ada --issuer https://idp.example.com');
    const id = argument === undefined ? undefined : readToken(argument);
    const body = Object.entries({ id, subject, issuer, client, all, unknown: all ? undefined : unknown });
    return runOperation(options, async (call) => {
      if (all) await confirm(options, ALL);
      await call('revoke-tokens', { body: Object.fromEntries(body.filter(([, value]) => value !== undefined)) });
      // Not the argument: it may be the text of a token.
      const what = whatOf(options);
      printResult(options, { revoked: what }, `Revoked ${what}. Every node knows within a second.`);
    });
  },
};

const ALL =
  'This revokes every token that this server has issued so far. Everybody must sign in again, and every client must ask for new tokens.';

function whatOf({ subject, client, all }: Record<string, unknown>): string {
  if (all) return 'all that was issued so far';
  if (subject !== undefined) return `all that was issued so far for ${subject}`;
  if (client !== undefined) return `all that was issued so far to ${client}`;
  return 'the token and every token that derives from it';
}
