// cambio keys: which keys sign, and how is one replaced?
import { openOperator } from '../app.ts';
import { loadConfiguration } from '../config/load.ts';
import { type SigningAlgorithm, signingAlgorithms } from '../keys/algorithms.ts';
import { type CliCommand, EXIT } from './command.ts';

type Operator = Awaited<ReturnType<typeof openOperator>>;

/** Opens what the configuration names, does the work, and closes it. */
async function operate(
  options: Record<string, unknown>,
  work: (operator: Operator, alg: SigningAlgorithm) => Promise<void>,
): Promise<number> {
  const configuration = await loadConfiguration(String(options.config), process.env);
  const alg = signingAlgorithms.find((name) => name === (options.alg ?? configuration.keys.algorithms[0]));
  if (alg === undefined) throw new Error(`${options.alg} is none of ${signingAlgorithms.join(', ')}`);
  const operator = await openOperator(configuration);
  try {
    await work(operator, alg);
    return EXIT.done;
  } finally {
    await operator.close();
  }
}

const date = (time: number): string => new Date(time).toISOString();

export const keysList: CliCommand = {
  describe: (command) =>
    command.description('list the signing keys').requiredOption('--config <file>', 'the configuration file'),
  run: (options) =>
    operate(options, async ({ keys }) => {
      for (const { kid, alg, state, createdAt, activatesAt } of await keys.list()) {
        console.log(`${kid}  ${alg}  ${state}  made ${date(createdAt)}  signs from ${date(activatesAt)}`);
      }
    }),
};

export const keysRotate: CliCommand = {
  describe: (command) =>
    command
      .description('make the next signing key: published now, signing once verifiers have had time to see it')
      .requiredOption('--config <file>', 'the configuration file')
      .option('--alg <name>', 'of which algorithm; the default of the file where nothing is said'),
  run: (options) =>
    operate(options, async ({ keys, commitKeys }, alg) => {
      const { activatesAt, write } = keys.rotate(alg);
      await commitKeys(`rotate ${alg}`)(write);
      console.log(`the next ${alg} key is published, and signs from ${date(activatesAt)}`);
    }),
};

export const keysRetire: CliCommand = {
  describe: (command) =>
    command
      .description('take a key away at once, as after a theft: nothing that it signed verifies any more')
      .argument('<kid>', 'the key')
      .requiredOption('--config <file>', 'the configuration file'),
  run: (options, [kid = '']) =>
    operate(options, async ({ keys, commitKeys }) => {
      await commitKeys(`retire ${kid}`)(await keys.retire(kid));
      console.log(`${kid} is gone; every node knows within a second, verifiers when they fetch the keys again`);
    }),
};
