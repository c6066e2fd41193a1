// cambio clients: who may call, and with which secret? Those of the file are shown, those registered at run time are changed.
import type { Command } from 'commander';
import { parse } from 'yaml';
import { readTextFile } from '../primitives/utf8.ts';
import { type Administer, describeWhere, runOperation } from './administration.ts';
import type { CliCommand } from './command.ts';
import { print } from './print.ts';

interface ShownClient {
  readonly id: string;
  readonly source: string;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly secrets?: readonly { readonly id: string; readonly createdAt: string }[];
}

const withId = (command: Command): Command => describeWhere(command).argument('<id>', 'the client');

export const clientsList: CliCommand = {
  describe: (command) => describeWhere(command.description('list the clients of the file and the registered ones')),
  run: (options) =>
    runOperation(options, async (call) => {
      let cursor: unknown;
      do {
        const { body } = await call('list-clients', { query: { limit: 200, cursor } });
        for (const client of body.items as readonly ShownClient[]) print(tell(client));
        cursor = body.next;
      } while (cursor !== undefined);
    }),
};

function tell({ id, source, entry, secrets = [] }: ShownClient): string {
  const { auth, grants, disabled } = entry;
  const parts = [id, source, auth, [grants].flat().join(','), ...(disabled === true ? ['disabled'] : [])];
  return [...parts, ...secrets.map((secret) => `secret ${secret.id} of ${secret.createdAt}`)].join('  ');
}

export const clientsAdd: CliCommand = {
  describe: (command) =>
    withId(command.description('register a client; prints its secret, once, where it has one')).requiredOption(
      '--entry <file>',
      'YAML or JSON: what a client of the configuration file says, without id and secret',
    ),
  run: (options, [id = '']) =>
    runOperation(options, async (call) => {
      const entry = parse(readTextFile(String(options.entry)));
      const { body } = await call('create-client', { body: { ...entry, id } });
      print(String(body.secret ?? `registered ${id}`));
    }),
};

export const clientsRotate: CliCommand = {
  describe: (command) =>
    withId(command.description('print a new secret, once; the one before goes on working until the next rotation')),
  run: (options, [id = '']) =>
    runOperation(options, async (call) => {
      const { body } = await call('add-client-secret', { path: { id }, body: {} });
      print(String(body.secret));
    }),
};

export const clientsDisable: CliCommand = {
  describe: (command) =>
    withId(command.description('refuse a registered client, and its tokens, at once')).option(
      '--undo',
      'let it in again',
    ),
  run: (options, [id = '']) =>
    runOperation(options, async (call) => {
      await replace(call, id, { disabled: options.undo !== true });
      print(`${id} is ${options.undo === true ? 'let in again' : 'disabled'}; every node knows within a second`);
    }),
};

export const clientsDelete: CliCommand = {
  describe: (command) => withId(command.description('delete a registered client that no rule names')),
  run: (options, [id = '']) =>
    runOperation(options, async (call) => {
      const { version } = await call('get-client', { path: { id } });
      await call('delete-client', { path: { id }, ifMatch: version });
      print(`${id} is deleted, and its tokens are dead; every node knows within a second`);
    }),
};

async function replace(call: Administer, id: string, changes: object): Promise<void> {
  const { body, version } = await call('get-client', { path: { id } });
  await call('replace-client', { path: { id }, body: { ...(body.entry as object), ...changes }, ifMatch: version });
}
