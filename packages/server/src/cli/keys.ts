// cambio keys: which keys sign, and how is one replaced?
import { describeWhere, runOperation } from './administration.ts';
import type { CliCommand } from './command.ts';
import { print } from './print.ts';

type Key = Readonly<Record<'kid' | 'alg' | 'state' | 'createdAt' | 'activatesAt', string>>;

export const keysList: CliCommand = {
  describe: (command) => describeWhere(command.description('list the signing keys')),
  run: (options) =>
    runOperation(options, async (call) => {
      const { body } = await call('list-keys');
      for (const { kid, alg, state, createdAt, activatesAt } of body.items as readonly Key[]) {
        print(`${kid}  ${alg}  ${state}  made ${createdAt}  signs from ${activatesAt}`);
      }
    }),
};

export const keysRotate: CliCommand = {
  describe: (command) =>
    describeWhere(
      command.description('make the next signing key: published now, signing once verifiers have had time to see it'),
    ).option('--alg <name>', 'of which algorithm; the default of the file where nothing is said'),
  run: (options) =>
    runOperation(options, async (call) => {
      const { body } = await call('rotate-key', { body: { alg: options.alg } });
      print(`the next ${body.alg} key is published, and signs from ${body.activatesAt}`);
    }),
};

export const keysRetire: CliCommand = {
  describe: (command) =>
    describeWhere(
      command
        .description('take a key away at once, as after a theft: nothing that it signed verifies any more')
        .argument('<kid>', 'the key'),
    ),
  run: (options, [kid = '']) =>
    runOperation(options, async (call) => {
      await call('retire-key', { path: { kid }, query: { replace: 'now' } });
      print(`${kid} is gone; every node knows within a second, verifiers when they fetch the keys again`);
    }),
};
