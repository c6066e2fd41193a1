// The options of commands that simulate an exchange, and the request body of the admin API that they make.
import type { Command } from 'commander';
import { requestedTokenTypes } from '../exchange/request.ts';
import { tokenTypeName } from '../primitives/token-type.ts';
import { subjectTokenTypes } from '../subject-tokens/index.ts';
import { readToken } from './tokens.ts';
import { readChoice, UsageError } from './usage.ts';

const collect = (value: string, all: readonly string[] = []): readonly string[] => [...all, value];

const typeNames = subjectTokenTypes.map(({ name }) => name);
/** Also types that no exchange gives: `explain` explains their refusal. */
const requestableNames = [...new Set([...requestedTokenTypes, ...typeNames])];

/** Reads a token type by short name or URN. @throws UsageError */
const readTypeOf =
  (option: string, names: readonly string[] = typeNames) =>
  (value: string) =>
    readChoice(option, tokenTypeName(value) ?? value, names, 'a type of token');

/** Adds the options for the client and its tokens. */
export const describeTokens = (command: Command): Command =>
  command
    .option('--client <id>', 'the calling client')
    .option('--subject-token <token>', 'the subject token: text, @FILE, or - for standard input')
    .option(
      '--subject-token-type <name>',
      `the type of the subject token: ${typeNames.join(', ')} (default: guessed from the token)`,
      readTypeOf('--subject-token-type'),
    )
    .option('--actor-token <token>', 'the actor token: text, @FILE, or - for standard input')
    .option(
      '--actor-token-type <name>',
      'the type of the actor token (default: guessed from the token)',
      readTypeOf('--actor-token-type'),
    );

/** Adds the options for the requested token. */
export const describeRequest = (command: Command): Command =>
  command
    .option(
      '--assertion <token>',
      'instead of a subject token: an assertion that the client redeems; text, @FILE, or - for standard input',
    )
    .option('--audience <name>', 'a target, by its audience (may repeat)', collect)
    .option('--resource <uri>', 'a target, by its URL (may repeat)', collect)
    .option('--scope <scope>', 'the requested scope: names, separated by spaces')
    .option(
      '--requested-token-type <name>',
      `the type of the requested token: ${requestedTokenTypes.join(', ')}`,
      readTypeOf('--requested-token-type', requestableNames),
    );

/** Does the command line describe an exchange? */
export function isExchangeGiven(options: Record<string, unknown>): boolean {
  const { client, subjectToken, subjectTokenType, actorToken, actorTokenType } = options;
  const { audience, resource, scope, requestedTokenType, assertion } = options;
  const given = [
    assertion,
    client,
    subjectToken,
    subjectTokenType,
    actorToken,
    actorTokenType,
    audience,
    resource,
    scope,
  ];
  return [...given, requestedTokenType].some((value) => value !== undefined);
}

/** @throws UsageError if an option is missing, or if two contradict each other */
export function checkTokens(options: Record<string, unknown>): void {
  const { client, subjectToken, actorToken, actorTokenType, assertion } = options;
  if (typeof client !== 'string') throw new UsageError('--client is missing. Example: --client gateway');
  if (typeof assertion === 'string') {
    const others = [subjectToken, options.subjectTokenType, actorToken, actorTokenType, options.requestedTokenType];
    if (others.every((value) => value === undefined)) return;
    throw new UsageError('--assertion goes without the options of tokens. Example: --client wiki --assertion @jag.txt');
  }
  if (typeof subjectToken !== 'string')
    throw new UsageError('--subject-token is missing. Example: --subject-token @token.txt');
  if (actorTokenType !== undefined && actorToken === undefined)
    throw new UsageError('--actor-token-type goes with --actor-token. Example: --actor-token @actor.txt');
  if (subjectToken === '-' && actorToken === '-')
    throw new UsageError('only one token can come from standard input. Use @FILE for the other one');
}

/** Makes the request body of the admin API. */
export function exchangeBodyOf(options: Record<string, unknown>): Readonly<Record<string, unknown>> {
  const { client, subjectToken, subjectTokenType, actorToken, actorTokenType } = options;
  const { audience, resource, scope, requestedTokenType } = options;
  const { assertion } = options;
  const body = {
    client,
    assertion: typeof assertion === 'string' ? readToken(assertion) : undefined,
    subject_token: typeof subjectToken === 'string' ? readToken(subjectToken) : undefined,
    subject_token_type: subjectTokenType,
    actor_token: typeof actorToken === 'string' ? readToken(actorToken) : undefined,
    actor_token_type: actorTokenType,
    audience,
    resource,
    scope,
    requested_token_type: requestedTokenType,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}
