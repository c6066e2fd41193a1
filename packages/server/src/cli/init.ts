// cambio init: writes a first configuration file from answers or options, with a secret and the schema for editors beside it.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigurationError } from '../config/fault.ts';
import { parseConfiguration } from '../config/load.ts';
import { isClientId } from '../model/client.ts';
import { describeFailure } from '../primitives/failure.ts';
import { hasTerminal, openQuestions, type Questions } from './ask.ts';
import { type CliCommand, EXIT } from './command.ts';
import { confirm } from './confirm.ts';
import { type Choices, SCHEMA_FILE, writeFileText } from './init-file.ts';
import { nextCommands } from './init-next.ts';
import { readProvider } from './init-provider.ts';
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
    const exists = await mayReplace(out);
    const choices = await choose(options, dirname(out));
    const text = writeFileText(choices);
    await checkText(text, out);
    const made = write(out, text, choices, exists);
    print(`Wrote ${made.join(', ')}.\n\n${nextCommands(out, choices)}`);
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
  const read = async (option: string, question: string, otherwise: string): Promise<string> => {
    const typed = options[option];
    if (typed !== undefined) return String(typed).trim();
    return questions === undefined ? otherwise : await questions.ask(question, otherwise);
  };
  const issuer = checkIssuer(await read('issuer', 'URL of this server, the issuer of its tokens', DEFAULTS.issuer));
  const idp = await read(
    'idp',
    'Issuer of an identity provider whose tokens are exchanged; empty for none',
    DEFAULTS.idp,
  );
  const provider =
    idp === '' ? undefined : await readProvider(idp, options.allowPrivateNetwork === true ? 'private' : 'public');
  const providerAudience =
    provider === undefined ? issuer : await read('idpAudience', `aud of the tokens of ${provider.kind.label}`, issuer);
  const audience = await read('audience', 'API that tokens are for, the aud of its tokens', DEFAULTS.audience);
  const client = await read('client', 'Id of the client that exchanges tokens', DEFAULTS.client);
  checkTexts({ issuer, audience, client, 'idp-audience': providerAudience });
  if (!isClientId(client)) throw new UsageError('--client is not 1 to 256 printable ASCII characters');
  const secretFile = `${client.replace(/[^\w.-]/g, '-').slice(0, 100)}.secret`;
  if (existsSync(join(folder, secretFile)) && readFileSync(join(folder, secretFile)).length === 0)
    throw new Error(`${join(folder, secretFile)} is empty. Remove it, and init makes a secret`);
  return { issuer, audience, client, secretFile, provider, providerAudience };
}

/** @throws UsageError for a text that YAML or the file would read as something else */
function checkTexts(texts: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(texts)) {
    if (/\p{Cc}/u.test(text)) throw new UsageError(`--${name} holds a control character`);
    if (text.includes('${')) throw new UsageError(`--${name} holds ${'${'}, which the file would take for a variable`);
  }
}

function checkIssuer(text: string): string {
  if (URL.canParse(text)) return text.replace(/^(https?:\/\/[^/]+)\/$/, '$1');
  throw new UsageError(`--issuer ${text} is not a URL. Example: --issuer https://login.example.com`);
}

/** Checks the file before anything is written. The secret does not exist yet. @throws UsageError with the faults */
async function checkText(text: string, out: string): Promise<void> {
  const checked = text.replace(/^ {4}secret: .*$/m, '    secret: { plain: "a secret that is generated" }');
  try {
    (await parseConfiguration(checked, { file: out, environment: {} })).examine();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const [first] = error.faults;
    throw new UsageError(`the file would have a fault: ${first?.path}: ${first?.message.replace(/\.$/, '')}`);
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
