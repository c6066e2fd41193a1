// Wrong usage of commands: exit code 2, and one line with the fault, what was expected, and an example.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from '../../src/cli/index.ts';
import { createProgram } from '../../src/cli/program.ts';
import { cambio } from '../support/command.ts';

const FILE = ['--config', 'cambio.yaml'];

const wrong: readonly (readonly [typed: readonly string[], said: string])[] = [
  [['chekc'], 'chekc is not a command. Did you mean check?'],
  [['quark'], 'quark is not a command. cambio --help lists the commands'],
  [['client', 'list'], 'client is not a command. Did you mean clients?'],
  [['clients', 'lst'], 'lst is not a command. Did you mean list?'],
  [['check', '--confg', 'x'], '--confg is not an option of cambio check. Did you mean --config?'],
  [['demo', '--quark'], '--quark is not an option of cambio demo. cambio demo --help lists the options'],
  [['check'], 'cambio check needs the option --config <file>. Example: --config cambio.yaml'],
  [
    ['init', '--audience', '--out', 't.yaml'],
    '--audience needs a value: --audience <name>. cambio init --help shows examples',
  ],
  [
    ['actors', 'suspend', 'agent', '--reason', '--config=cambio.yaml'],
    '--reason needs a value: --reason <text>. cambio actors suspend --help shows examples',
  ],
  [
    ['audit', 'tail', '-n', '-f', ...FILE],
    '--lines needs a value: -n, --lines <n>. cambio audit tail --help shows examples',
  ],
  [
    ['policy', 'diff', 'e51c', 'now', ...FILE],
    'e51c is too short for a digest, which needs 6 characters or more, and there is no such file. cambio policy history lists the digests',
  ],
  [
    ['init', '--yes', '--idp-audience', 'foo'],
    '--idp-audience goes with --idp. Example: --idp https://idp.example.com',
  ],
  [
    ['init', '--yes', '--allow-private-network'],
    '--allow-private-network goes with --idp. Example: --idp https://idp.example.com',
  ],
  [['check', '--config'], '--config needs a value: --config <file>. cambio check --help shows examples'],
  [
    ['keys', 'retire', ...FILE],
    'cambio keys retire needs the argument <kid>. cambio keys retire --help shows examples',
  ],
  [
    ['clients', 'list', 'x', ...FILE],
    'cambio clients list takes no argument, and more were given. Put the option before its value (--server, --access-token, --output), and a value with spaces into quotes; cambio clients list --help shows examples',
  ],
  [
    ['reach', 'nobody', ...FILE],
    'cambio reach takes no argument, and more were given. Put the option before its value (--server, --access-token, --output, --client, --subject, --issuer), and a value with spaces into quotes; cambio reach --help shows examples',
  ],
  [
    ['clients', 'list'],
    'give either --config or --server. Example: --config cambio.yaml, or --server https://login.example.com',
  ],
  [['serve', ...FILE, '--workers', 'two'], '--workers two is not a whole number from 1 to 256. Example: --workers 4'],
  [['serve', ...FILE, '--workers', '0'], '--workers 0 is not a whole number from 1 to 256. Example: --workers 4'],
  [['serve', ...FILE, '--wait', 'long'], '--wait long is not a duration of 0s to 60m. Example: --wait 30s'],
  [['serve', ...FILE, '--wait', '61m'], '--wait 61m is not a duration of 0s to 60m. Example: --wait 30s'],
  [['serve', ...FILE, '--wait', '1.5s'], '--wait 1.5s is not a duration of 0s to 60m. Example: --wait 30s'],
  [
    ['ready', '--server', 'localhost:8080'],
    '--server localhost:8080 is not a URL of a server. Example: --server http://127.0.0.1:8080',
  ],
  [['ready', '--timeout', '0s'], '--timeout 0s is not a duration of 1s to 60m. Example: --timeout 30s'],
  [
    ['audit', 'search', ...FILE, '--limit', 'many'],
    '--limit many is not a whole number of 1 or more, or all. Example: --limit 100',
  ],
  [
    ['audit', 'search', ...FILE, '--limit', '0'],
    '--limit 0 is not a whole number of 1 or more, or all. Example: --limit 100',
  ],
  [
    ['audit', 'tail', ...FILE, '-n', '1.5'],
    '--lines 1.5 is not a whole number of 0 or more, or all. Example: --lines 20',
  ],
  [
    ['audit', 'search', ...FILE, '--format', 'xml'],
    '--format xml is not a form of output; --output takes text, json and csv. Use one of: jsonl, csv',
  ],
  [['keys', 'list', ...FILE, '--output', 'xml'], '--output xml is not a form of output. Use one of: text, json, csv'],
  [
    ['audit', 'search', ...FILE, '--since', 'yesterday'],
    '--since yesterday is not a time. Use 2026-01-31T08:00:00Z, 2026-01-31, or 2h for two hours ago',
  ],
  [
    ['audit', 'search', ...FILE, '--since', '2h', '--until', '3h'],
    '--until 3h is not later than --since 2h. Example: --since 3h --until 2h',
  ],
  [['audit', 'search', ...FILE, '--outcome', 'isued'], '--outcome isued is not an outcome. Did you mean issued?'],
  [
    ['audit', 'search', ...FILE, '--reason', 'target_unknwon'],
    '--reason target_unknwon is not a reason of docs/reference/errors.md. Did you mean target_unknown?',
  ],
  [
    ['audit', 'search', ...FILE, '--lineage'],
    '--lineage goes with --token, --since and --until alone. Example: --token ID --lineage',
  ],
  [
    ['audit', 'search', ...FILE, '--token', 'a:a:b'],
    'the value of --token is neither a token nor the id of one: letters, digits, - and _, at most 64 characters. Give the text of the token, or the id that tokens inspect prints',
  ],
  [
    ['keys', 'rotate', ...FILE, '--alg', 'ES265'],
    '--alg ES265 is not an algorithm that cambio signs with. Did you mean ES256?',
  ],
  [['keys', 'list', '--server', 'foo'], '--server foo is not a URL. Use the issuer, such as https://foo'],
  [
    ['explain', ...FILE, '--client', 'a', '--subject-token', 'x', '--subject-token-type', 'access'],
    '--subject-token-type access is not a type of token. Did you mean access_token?',
  ],
  [
    ['targets', ...FILE, '--client', 'a', '--subject-token', 'x', '--actor-token-type', 'quark'],
    '--actor-token-type quark is not a type of token. Use one of: access_token, refresh_token, id_token, jwt, saml1, saml2',
  ],
  [['targets', ...FILE], '--client is missing. Example: --client gateway'],
  [
    ['targets', ...FILE, '--client', 'a', '--subject-token', 'x', '--actor-token-type', 'jwt'],
    '--actor-token-type goes with --actor-token. Example: --actor-token @actor.txt',
  ],
  [
    ['explain', ...FILE, '--request', 'ID', '--audience', 'x'],
    '--request goes without options of an exchange. Example: --request ID',
  ],
  [
    ['explain', ...FILE, '--request', 'ID', '--client', 'a'],
    '--request goes without options of an exchange. Example: --request ID',
  ],
  [
    ['explain', ...FILE, '--client', 'a', '--subject-token', 'x', '--requested-token-type', 'acess_token'],
    '--requested-token-type acess_token is not a type of token. Did you mean access_token?',
  ],
  ...[
    ['explain', '--request', 'ID'],
    ['audit', 'search'],
    ['keys', 'list'],
  ].map((command): [string[], string] => [
    [...command, ...FILE, '--access-token', 'x'],
    '--access-token goes with --server: a command with --config works on the database. Remove it',
  ]),
  [
    ['tokens', 'revoke', '--all', '--unknown', ...FILE],
    '--unknown goes with an id, --client or --issuer, not with --all. Example: --all',
  ],
  [['audit', 'verify'], 'give either an export or --config. Example: cambio audit verify audit.jsonl'],
  [
    ['tokens', 'revoke', 'x', '--client', 'y', ...FILE],
    'give one of a token or its id, --subject, --issuer, --client and --all; this has 2 of them. Example: cambio tokens revoke --client reports --config cambio.yaml',
  ],
  [
    ['tokens', 'revoke', '--client', 'x', '--issuer', 'y', ...FILE],
    '--issuer goes alone, with --subject, or with an id. Example: --subject ada --issuer https://idp.example.com',
  ],
];

test('wrong usage exits with 2 and one line: the fault, the value, what was expected, an example', async (t) => {
  for (const [typed, said] of wrong) {
    const { code, stdout, stderr } = await cambio(t, typed);
    assert.deepEqual([code, stdout, stderr], [2, '', `cambio: ${said}\n`], typed.join(' '));
  }
});

test('every command has examples, and each of them parses', async () => {
  for (const [name, load] of Object.entries(commands)) {
    const { examples } = await load();
    assert.notEqual(examples.length, 0, name);
    for (const [line] of examples) {
      const words = line.replace(/ [<>|].*/, '').split(' ');
      let ran = 0;
      const program = await createProgram(words.slice(1), async () => void ran++);
      await program.parseAsync(words.slice(1), { from: 'user' });
      assert.deepEqual([words[0], line.startsWith(`cambio ${name}`), ran], ['cambio', true, 1], line);
    }
  }
});

test('a command without its verb prints the verbs, and an older name prints the help of the new one', async (t) => {
  const bare = await cambio(t, ['clients']);
  assert.equal(bare.code, 2);
  assert.match(bare.stderr, /rotate-secret/);
  const older = await cambio(t, ['token', '--help']);
  assert.deepEqual([older.code, older.stderr], [0, '']);
  assert.match(older.stdout, /Usage: cambio tokens/);
});
