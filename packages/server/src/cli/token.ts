// cambio token: tells what a token says, and revokes tokens.
import { isOpaqueToken } from '../issuing/opaque-token.ts';
import { isRefreshToken } from '../issuing/refresh-token.ts';
import { readCompact } from '../keys/jws.ts';
import { parseAct } from '../primitives/principal.ts';
import { printable } from '../primitives/printable.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import { foreignTokenId } from '../subject-tokens/foreign.ts';
import { assertionText } from '../subject-tokens/guess-type.ts';
import { describeWhere, runOperation } from './administration.ts';
import { type CliCommand, EXIT } from './command.ts';
import { print, printError } from './print.ts';
import { readToken } from './tokens.ts';

export const tokenInspect: CliCommand = {
  describe: (command) =>
    command.description('print what a token says, without verifying it').argument('<token>', 'text, @FILE, or -'),
  run: async (_options, [argument = '']) => {
    try {
      print(`${tell(readToken(argument), Date.now() / 1000)}\nNothing of it was verified.`);
      return EXIT.done;
    } catch (error) {
      if (!(error instanceof TokenRefusal)) throw error;
      throw new Error(`this is neither a JWT nor an assertion: ${error.detail ?? error.message}`);
    }
  },
};

function tell(text: string, now: number): string {
  const xml = assertionText(text);
  if (xml !== undefined) return tellAssertion(xml);
  if (isRefreshToken(text))
    return `a refresh token of ours\nid        ${text.replace(/^\w+?_rt_|\..*$/g, '')}, its family`;
  if (isOpaqueToken(text)) return 'an opaque access token of ours: introspection says what it stands for';
  return tellJwt(text, now);
}

/** What stands first in the document, which is what a person looks for; the verifier reads it in its own, strict way. */
function tellAssertion(xml: string): string {
  const issuer = /<(?:[\w.-]+:)?Issuer\b[^>]*>([^<]*)</.exec(xml)?.[1] ?? /\bIssuer="([^"]*)"/.exec(xml)?.[1];
  const id = /\s(?:ID|AssertionID)="([^"]*)"/.exec(xml)?.[1];
  if (issuer === undefined || id === undefined) return 'an assertion that does not show its issuer and its id';
  return [
    `assertion ${printable(id)}`,
    `issuer    ${printable(issuer)}`,
    `id        ${foreignTokenId(issuer, id)}`,
  ].join('\n');
}

function tellJwt(text: string, now: number): string {
  const { header, payload, signingInput } = readCompact(text);
  const { iss, jti, exp, act, lineage = [] } = payload;
  const chain = parseAct(act, { issuer: String(iss), speaksFor: 'everybody' });
  const left = typeof exp === 'number' ? Math.floor(exp - now) : undefined;
  const id =
    jti === undefined
      ? sha256(signingInput)
      : `${printable(String(jti))}, or of another issuer's token ${foreignTokenId(String(iss), String(jti))}`;
  return [
    `header    ${JSON.stringify(header)}`,
    `claims    ${JSON.stringify(payload, null, 2).replaceAll('\n', '\n          ')}`,
    `actors    ${typeof chain === 'string' ? chain : chain.length === 0 ? 'nobody acts' : chain.map(({ iss, sub }) => `${sub} of ${iss}`).join(', before that ')}`,
    `lineage   ${printable([lineage].flat().join(' ← ')) || 'none: it derives from no other'}`,
    `lifetime  ${left === undefined ? 'no end' : left > 0 ? `${left} s left` : `expired ${-left} s ago`}`,
    `id        ${id}`,
  ].join('\n');
}

export const tokenRevoke: CliCommand = {
  describe: (command) =>
    describeWhere(
      command
        .description(
          'revoke a token with every token that derives from it, or all that was issued so far for a subject, to a client, or at all',
        )
        .argument(
          '[token]',
          'text, @FILE, or -; or its id: jti, refresh family, or what token inspect tells of a foreign token',
        )
        .option('--unknown', 'revoke the id also where the server cannot tell that there is such a token')
        .option('--subject <sub>', 'instead: all that was issued so far for a subject, or in which it acts')
        .option('--issuer <iss>', 'of the subject, where --subject is what another issuer calls it')
        .option('--client <id>', 'instead: all that was issued so far to a client')
        .option('--all', 'instead: all that was issued here so far, after an older copy of the database was restored'),
    ),
  run: async ({ subject, issuer, client, all, unknown, ...options }, [argument]) => {
    const said = [argument, subject, client, all].filter((value) => value !== undefined);
    if (said.length !== 1 || (issuer !== undefined && subject === undefined)) {
      printError('cambio: say one of a token or its id, --subject (also with --issuer), --client and --all');
      return EXIT.usage;
    }
    const id = argument === undefined ? undefined : readToken(argument);
    const body = Object.entries({ id, unknown: id === undefined ? undefined : unknown, subject, issuer, client, all });
    return runOperation(options, async (call) => {
      await call('revoke-tokens', { body: Object.fromEntries(body.filter(([, value]) => value !== undefined)) });
      // Not the argument: it may be the text of a token.
      const many = all ? '' : subject === undefined ? ` to ${client}` : ` for ${subject}`;
      const what =
        id === undefined ? `all that was issued so far${many}` : 'the token and every token that derives from it';
      print(`revoked ${what}; every node knows within a second`);
    });
  },
};
