// The options of commands that imagine an exchange, and the parameters that they stand for.
import type { Command } from 'commander';
import { type Parameters, parametersOf } from '../primitives/parameters.ts';
import { tokenTypeUri } from '../primitives/token-type.ts';
import { guessType } from '../subject-tokens/guess-type.ts';
import { readToken } from './tokens.ts';

const collect = (value: string, all: readonly string[] = []): readonly string[] => [...all, value];

/** Who calls, and whose tokens are presented. */
export const describeTokens = (command: Command): Command =>
  command
    .option('--client <id>', 'the calling client')
    .option('--subject-token <token>', 'the subject token: text, @FILE, or - for standard input')
    .option(
      '--subject-token-type <name>',
      'its short name: access_token, jwt, id_token ... (default: what it looks like)',
    )
    .option('--actor-token <token>', 'the actor token: text, @FILE, or -')
    .option('--actor-token-type <name>', 'its short name');

/** What is asked for. */
export const describeWish = (command: Command): Command =>
  command
    .option('--audience <name>', 'a target by its name (may repeat)', collect)
    .option('--resource <uri>', 'a target by where it is (may repeat)', collect)
    .option('--scope <scope>', 'the scope asked for')
    .option('--requested-token-type <name>', 'the short name of the type asked for');

/** @returns what is missing or cannot be together, for a person */
export function misuseOf(options: Record<string, unknown>): string | undefined {
  for (const name of ['client', 'subjectToken']) {
    if (typeof options[name] !== 'string') return `say --${name === 'client' ? 'client' : 'subject-token'}`;
  }
  const both = options.subjectToken === '-' && options.actorToken === '-';
  return both ? 'only one token can come from standard input' : undefined;
}

/** As a form would have them. */
export function exchangeParametersOf(options: Record<string, unknown>, issuer: string): Parameters {
  const pairs: [string, string][] = [];
  const put = (name: string, value: unknown): void => {
    for (const one of [value].flat()) if (typeof one === 'string') pairs.push([name, one]);
  };
  for (const role of ['subject', 'actor'] as const) {
    const argument = options[`${role}Token`];
    if (typeof argument !== 'string') continue;
    const token = readToken(argument);
    put(`${role}_token`, token);
    put(`${role}_token_type`, tokenTypeUri(String(options[`${role}TokenType`] ?? guessType(token, issuer))));
  }
  put('audience', options.audience);
  put('resource', options.resource);
  put('scope', options.scope);
  const requested = options.requestedTokenType;
  if (typeof requested === 'string') put('requested_token_type', tokenTypeUri(requested));
  return parametersOf(pairs);
}
