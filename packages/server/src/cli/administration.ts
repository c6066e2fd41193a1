// Runs operations of the admin API for commands: in this process on the database of a configuration, or on a running server.
import { type Command, Option } from 'commander';
import { openOperator, openReader } from '../app.ts';
import { beginEvent } from '../audit/event.ts';
import type { Configuration } from '../config/configuration.ts';
import { asSentence } from '../config/fault.ts';
import { loadWithoutFaulty } from '../config/left-out.ts';
import { loadConfiguration } from '../config/load.ts';
import { operationForms } from '../config/operation-forms.ts';
import { operationsFor } from '../http/admin/index.ts';
import { invoke, type OperationInput } from '../http/admin/invoke.ts';
import type { Operation } from '../http/admin/operation.ts';
import { InvalidRequest } from '../http/admin/problem.ts';
import { newId } from '../primitives/random.ts';
import { Refusal, reasons } from '../primitives/refusal.ts';
import { describeProcess } from '../primitives/this-process.ts';
import type { AnswerOf } from './answers.ts';
import { EXIT } from './command.ts';
import { printError } from './print.ts';
import { checkServer, type Done, requestOperation } from './remote.ts';
import { readToken } from './tokens.ts';
import { UsageError } from './usage.ts';

/** Runs an operation of the admin API by its id. @throws Error with a message of one line for a person */
export type Administer = <I extends string>(id: I, input?: OperationInput) => Promise<Done<AnswerOf<I>>>;

/** The one place where a checked answer gets the type of its operation. */
const typed = (call: (id: string, input?: OperationInput) => Promise<Done>): Administer => call as Administer;

export const describeWhere = (command: Command): Command =>
  describePlace(command).addOption(new Option('--token <token>', 'an older name of --access-token').hideHelp());

/** For a command that has a `--token` option of its own. */
export const describePlace = (command: Command): Command =>
  command
    .option('--config <file>', 'work on the database that this configuration file names')
    .option('--server <url>', 'work through the admin API of a running server; the URL is its issuer')
    .option(
      '--access-token <token>',
      'for --server: the text of the token, @FILE, or - for standard input (default: the variable CAMBIO_TOKEN)',
    );

/** Reads the configuration of a command that needs its database. Faulty included files are left out, and reported. */
export const loadForDatabase = (config: unknown): Promise<Configuration> =>
  loadWithoutFaulty(String(config), process.env, printError);

/** Reads the configuration of a command whose result depends on every rule and client. @throws ConfigurationError */
export const loadWhole = (config: unknown): Promise<Configuration> => loadConfiguration(String(config), process.env);

const operations = operationsFor(operationForms);

/** @throws UsageError if a token is given for a command that works on the database */
export function refuseUnusedToken({ config, accessToken }: Record<string, unknown>): void {
  if (config !== undefined && accessToken !== undefined)
    throw new UsageError('--access-token goes with --server: a command with --config works on the database. Remove it');
}

/** @param load with `--config`: reads the file */
export async function runOperation(
  { config, server, accessToken, token }: Record<string, unknown>,
  work: (administer: Administer) => Promise<void>,
  access: 'read' | 'write' = 'write',
  load: typeof loadForDatabase = loadForDatabase,
): Promise<number> {
  if ((config === undefined) === (server === undefined))
    throw new UsageError(
      'give either --config or --server. Example: --config cambio.yaml, or --server https://login.example.com',
    );
  refuseUnusedToken({ config, accessToken: accessToken ?? token });
  if (typeof server === 'string') {
    checkServer(server);
    const bearer = readToken(String(accessToken ?? token ?? process.env.CAMBIO_TOKEN ?? ''));
    if (bearer === '')
      throw new UsageError('there is no token for --server. Use --access-token @FILE, or set CAMBIO_TOKEN');
    await work(typed((id, input = {}) => requestOperation(find(id), input, { server, token: bearer })));
    return EXIT.done;
  }
  const { services, close } = await (access === 'read' ? openReader : openOperator)(await load(config));
  try {
    await work(local(services));
    return EXIT.done;
  } finally {
    await close();
  }
}

const find = (id: string): Operation => {
  const found = operations.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no operation ${id}`);
  return found;
};

const local = (services: Awaited<ReturnType<typeof openOperator>>['services']): Administer =>
  typed(async (id, input = {}) => {
    const event = beginEvent({
      time: services.clock(),
      requestId: newId(),
      address: 'command line',
      action: 'admin',
      configuration: services.configuration,
      by: describeProcess(),
    });
    event.operation = id;
    try {
      const { body, version } = await invoke(find(id), input, { services, event });
      return { body: (body ?? {}) as Done['body'], version: version && `"${version}"` };
    } catch (error) {
      throw error instanceof Refusal ? new Error(describeRefusal(error)) : error;
    }
  });

const describeRefusal = (refusal: Refusal): string =>
  refusal instanceof InvalidRequest
    ? refusal.errors
        .map(({ at, detail }) => asSentence(`${at.replace(/^(?:body|query|path)\./, '')}: ${detail}`))
        .join(' ')
    : (refusal.detail ?? reasons[refusal.reason].meaning);
