// cambio init: writes a first configuration file from answers or options, with a secret and the schema for editors beside it.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigurationError, type Fault } from '../config/fault.ts';
import { parseConfiguration } from '../config/load.ts';
import { isClientId } from '../model/client.ts';
import { describeFailure } from '../primitives/failure.ts';
import { hasTerminal, openQuestions, type Questions } from './ask.ts';
import { type CliCommand, EXIT } from './command.ts';
import { confirm } from './confirm.ts';
import { type Choices, SCHEMA_FILE, writeFileText } from './init-file.ts';
import { nextCommands } from './init-next.ts';
import { ANSWER_WORDS, OPTION_WORDS, type Provider, readProvider } from './init-provider.ts';
import { print } from './print.ts';
import { schemaText } from './schema.ts';
import { UsageError } from './usage.ts';

const DEFAULTS = { issuer: 'http://127.0.0.1:8080', idp: '', audience: 'https://api.example.com', client: 'gateway' };

export const init: CliCommand = {
  examples: [
    ['cambio init', 'asks for everything, at a terminal'],
    ['cambio init --yes', 'a server on this machine that trusts no other issuer'],
    [
      'cambio init --issuer https://login.example.com --idp https://keycloak.example.com/realms/shop --audience https://orders.example.com --client gateway --out cambio.yaml',
      'trusts an identity provider, which is recognised by its discovery document',
    ],
  ],
  describe: (command) =>
    command
      .description('Write a first configuration file, from questions or from options.')
      .option('--issuer <url>', `the URL of this server (default: ${DEFAULTS.issuer})`)
      .option('--idp <url>', 'the issuer of an identity provider whose tokens are exchanged (default: none)')
      .option('--idp-audience <name>', '`aud` of the tokens of the provider (default: the issuer)')
      .option('--allow-private-network', 'the provider is on loopback or in a private network')
      .option('--audience <name>', `the API that tokens are for (default: ${DEFAULTS.audience})`)
      .option('--client <id>', `the client that exchanges tokens (default: ${DEFAULTS.client})`)
      .option('--out <file>', 'the file to write', 'cambio.yaml')
      .option('--yes', 'ask nothing, and use the defaults'),
  run: async (options) => {
    const out = String(options.out);
    if (!existsSync(dirname(out)))
      throw new UsageError(`there is no folder ${dirname(out)}. Make it, or name another file with --out`);
    const exists = await mayReplace(out);
    const choices = await choose(options, dirname(out));
    const text = writeFileText(choices);
    await checkFile(text, out);
    const made = write(out, text, choices, exists);
    // npx says so to the program that it runs, which is not installed as `cambio` then.
    const program = process.env.npm_command === 'exec' ? 'npx @cambio/server' : 'cambio';
    print(`Wrote ${made.join(', ')}.\n\n${nextCommands(out, choices, program)}`);
    return EXIT.done;
  },
};

/** A file is never replaced without a yes at the terminal, not even with `--yes`. */
async function mayReplace(out: string): Promise<boolean> {
  if (!existsSync(out)) return false;
  if (!hasTerminal())
    throw new UsageError(`${out} exists, and init replaces no file without asking. Name another one with --out`);
  await confirm({}, `${out} exists, and this replaces it.`);
  return true;
}

async function choose(options: Record<string, unknown>, folder: string): Promise<Choices> {
  const given = Object.keys(DEFAULTS).some((name) => options[name] !== undefined);
  if (options.yes === true || !hasTerminal()) {
    if (given || options.yes === true) return await readChoices(options, folder);
    throw new UsageError(
      'there is no terminal to ask at. Use --yes for the defaults, or options: cambio init --help shows examples',
    );
  }
  const questions = openQuestions();
  try {
    return await readChoices(options, folder, questions);
  } finally {
    questions.close();
  }
}

/** @param questions undefined: the defaults are used */
async function readChoices(options: Record<string, unknown>, folder: string, questions?: Questions): Promise<Choices> {
  /** @param check gets the value, and the words for its place: `--issuer `, or nothing for an answer */
  const read = async <T>(
    { key, option = key, question, otherwise }: Question,
    check: (value: string, name: string) => T | Promise<T>,
  ): Promise<T> => {
    const typed = options[key];
    if (typed !== undefined || questions === undefined)
      return check(typed === undefined ? otherwise : String(typed).trim(), `--${option} `);
    return questions.askUntil(question, otherwise, async (answer) => check(answer, ''));
  };
  const issuer = await read(
    { key: 'issuer', question: 'URL of this server, the issuer of its tokens', otherwise: DEFAULTS.issuer },
    checkIssuer,
  );
  const provider = await read(
    {
      key: 'idp',
      question: 'Issuer of an identity provider whose tokens are exchanged; empty for none',
      otherwise: DEFAULTS.idp,
    },
    (idp, name) => (idp === '' ? undefined : readProviderOf(idp, name, options, questions)),
  );
  const unused = ['idpAudience', 'allowPrivateNetwork'].find((key) => options[key] !== undefined);
  if (provider === undefined && unused !== undefined)
    throw new UsageError(
      `${unused === 'idpAudience' ? '--idp-audience' : '--allow-private-network'} goes with --idp. Example: --idp https://idp.example.com`,
    );
  const providerAudience =
    provider === undefined
      ? issuer
      : await read(
          {
            key: 'idpAudience',
            option: 'idp-audience',
            question: `aud of the tokens of ${provider.kind.label}`,
            otherwise: issuer,
          },
          checkText,
        );
  const audience = await read(
    { key: 'audience', question: 'API that tokens are for, the aud of its tokens', otherwise: DEFAULTS.audience },
    checkText,
  );
  const client = await read(
    { key: 'client', question: 'Id of the client that exchanges tokens', otherwise: DEFAULTS.client },
    checkClient,
  );
  const secretFile = `${client.replace(/[^\w.-]/g, '-').slice(0, 100)}.secret`;
  if (existsSync(join(folder, secretFile)) && readFileSync(join(folder, secretFile)).length === 0)
    throw new Error(`${join(folder, secretFile)} is empty. Remove it, and init makes a secret`);
  return { issuer, audience, client, secretFile, provider, providerAudience };
}

interface Question {
  readonly key: string;
  /** The name of the option, if it is not the key. */
  readonly option?: string;
  readonly question: string;
  readonly otherwise: string;
}

/** Asks whether a provider in a private network is the person's own. */
async function readProviderOf(
  idp: string,
  name: string,
  { allowPrivateNetwork }: Record<string, unknown>,
  questions: Questions | undefined,
): Promise<Provider> {
  if (allowPrivateNetwork === true) return readProvider(idp, 'private', name === '' ? ANSWER_WORDS : OPTION_WORDS);
  if (name !== '' || questions === undefined) return readProvider(idp, 'public');
  try {
    return await readProvider(idp, 'public', ANSWER_WORDS);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.endsWith(ANSWER_WORDS.isPrivate)) throw error;
    const answer = await questions.ask(`${idp} is on loopback or in a private network. Is it yours, yes or no?`, 'no');
    if (!/^y(?:es)?$/i.test(answer)) throw error;
    return readProvider(idp, 'private', ANSWER_WORDS);
  }
}

/** @throws UsageError for a text that YAML or the file would read as something else */
function checkText(text: string, name: string): string {
  const what = name === '' ? 'the answer ' : name;
  if (/\p{Cc}/u.test(text)) throw new UsageError(`${what}holds a control character`);
  if (text.includes('${')) throw new UsageError(`${what}holds ${'${'}, which the file would take for a variable`);
  return text;
}

function checkClient(text: string, name: string): string {
  if (isClientId(checkText(text, name))) return text;
  throw new UsageError(`${name === '' ? 'the id ' : name}is not 1 to 256 printable ASCII characters`);
}

/** An answer is checked at once as the file would be, and an option with the whole file. */
async function checkIssuer(text: string, name: string): Promise<string> {
  if (!URL.canParse(checkText(text, name)))
    throw new UsageError(`${name}${text} is not a URL. Example: ${name}https://login.example.com`);
  const issuer = text.replace(/^(https?:\/\/[^/]+)\/$/, '$1');
  const others = { ...DEFAULTS, secretFile: 'gateway.secret', provider: undefined, providerAudience: '' };
  const fault = name === '' ? await findFault(writeFileText({ ...others, issuer }), 'cambio.yaml') : undefined;
  if (fault !== undefined) throw new UsageError(fault.message);
  return issuer;
}

/** Checks the file before anything is written. @throws UsageError with the first fault */
async function checkFile(text: string, out: string): Promise<void> {
  const fault = await findFault(text, out);
  if (fault !== undefined)
    throw new UsageError(`the file would have a fault: ${fault.path}: ${fault.message.replace(/\.$/, '')}`);
}

/** The secret does not exist yet. */
async function findFault(text: string, out: string): Promise<Fault | undefined> {
  const checked = text.replace(/^ {4}secret: .*$/m, '    secret: { plain: "a secret that is generated" }');
  try {
    (await parseConfiguration(checked, { file: out, environment: {} })).examine();
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.faults[0];
  }
}

/** @returns the files that were written */
function write(out: string, text: string, { secretFile }: Choices, replaces: boolean): readonly string[] {
  const folder = dirname(out);
  const made: string[] = [];
  const make = (
    file: string,
    content: string,
    options: { readonly flag: 'w' | 'wx'; readonly mode?: number },
  ): void => {
    try {
      writeFileSync(file, content, options);
    } catch (error) {
      for (const one of made) rmSync(one);
      throw new Error(`cannot write ${file}: ${describeFailure(error)}`);
    }
    if (options.flag === 'wx') made.push(file);
  };
  const secret = join(folder, secretFile);
  // A secret that is there is in use.
  if (!existsSync(secret)) make(secret, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 });
  const schema = join(folder, SCHEMA_FILE);
  if (!existsSync(schema)) make(schema, schemaText(), { flag: 'wx' });
  make(out, text, { flag: replaces ? 'w' : 'wx' });
  const notes: Readonly<Record<string, string>> = {
    [secretFile]: ' (readable by you alone)',
    [SCHEMA_FILE]: ' (for your editor)',
  };
  return [...new Set([out, ...made])].map((file) => `${file}${notes[basename(file)] ?? ''}`);
}
