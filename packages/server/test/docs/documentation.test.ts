// Checks the pages: links have targets, samples are valid, and every key and command is documented.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { commands } from '../../src/cli/index.ts';
import { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { configurationFile } from '../../src/config/schema.ts';
import { blocksOf } from '../support/pages-of-docs.ts';
import { repository, temporaryFolder } from '../support/program.ts';
import { selfSigned } from '../support/saml-certificate.ts';
import { selfIssued } from '../support/tls-client.ts';

const read = (page: string): string => readFileSync(join(repository, page), 'utf8');
const pages = ['*.md', 'docs/**/*.md', 'packages/*/README.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: repository }),
);

/** The anchors of the headings of a page. */
const anchors = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .trim()
      .replaceAll(' ', '-'),
  );

test('every link to a file or a heading has a target', () => {
  let count = 0;
  for (const page of pages) {
    const prose = read(page).replace(/```[\s\S]*?```/g, '');
    for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      count++;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      assert.equal(existsSync(join(repository, file)), true, `${page} links to ${target}`);
      if (anchor !== undefined) assert.equal(anchors(read(file)).includes(anchor), true, `${page} links to ${target}`);
    }
  }
  assert.notEqual(count, 0);
});

test('every configuration on a page is valid, and its tests pass', async (t) => {
  const folder = temporaryFolder(t);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const now = Date.now() / 1000;
  const certificate = selfSigned(privateKey, { from: now - 60, to: now + 3600 }).toString();
  for (const file of ['cert.pem', 'idp.pem']) writeFileSync(join(folder, file), certificate);
  writeFileSync(join(folder, 'ca.pem'), (await selfIssued({ name: 'CN=Clients', authority: true })).cert);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  for (const file of ['key.pem', 'our-key.pem']) writeFileSync(join(folder, file), pem);
  const environment = {
    GATEWAY_SECRET: 'secret',
    WEB_SECRET: 'secret',
    CAMBIO_SEALING_KEY: randomBytes(32).toString('base64'),
    CAMBIO_REGIONS_SECRET: randomBytes(32).toString('base64'),
  };
  let tests = 0;
  let samples = 0;
  for (const included of ['shared', 'teams/search']) {
    mkdirSync(join(folder, included), { recursive: true });
    writeFileSync(join(folder, included, 'none.yaml'), 'rules: []\n');
  }
  // A file that another block includes begins with its path.
  for (const page of pages) {
    for (const [, path = '', yaml = ''] of read(page).matchAll(
      /```yaml team\n(?:# yaml-language.*\n)?# (\S+)\n([\s\S]*?)```/g,
    )) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), yaml);
    }
  }
  for (const page of pages) {
    for (const [, yaml = ''] of read(page).matchAll(/```yaml\n([\s\S]*?)```/g)) {
      samples++;
      const told: string[] = [];
      try {
        const { warnings, examine } = await parseConfiguration(yaml, {
          file: join(folder, 'cambio.yaml'),
          environment,
        });
        told.push(...warnings.map(({ line, message }) => `line ${line}: ${message}`));
        tests += examine();
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        told.push(error.message);
      }
      assert.deepEqual(told, [], `${page}:\n${yaml}`);
    }
  }
  assert.notEqual(samples * tests, 0);
});

/** The test that runs the commands of each page. */
const RUN_BY: Readonly<Record<string, string>> = {
  'packages/server/README.md': 'packages/server/test/bin/package.test.ts',
  'README.md': 'examples/quickstart/quickstart.test.ts',
  'docs/start/quickstart.md': 'examples/quickstart/quickstart.test.ts',
  'docs/start/call-an-exchange.md': 'examples/quickstart/quickstart.test.ts',
  'docs/start/protect-an-api.md': 'examples/quickstart/quickstart.test.ts',
  'docs/start/developer.md': 'examples/quickstart/quickstart.test.ts',
  'docs/start/platform-engineer.md': 'examples/quickstart/quickstart.test.ts',
  'docs/start/auditor.md': 'examples/quickstart/quickstart.test.ts',
  'docs/start/agent-builder.md': 'examples/quickstart/quickstart.test.ts',
  'docs/start/first-server.md': 'packages/server/test/docs/policy-page.test.ts',
  'docs/guides/across-domains.md': 'examples/across-domains/across-domains.test.ts',
  'docs/guides/mcp.md': 'examples/mcp/mcp.test.ts',
  'docs/guides/policy.md': 'packages/server/test/docs/policy-page.test.ts',
  'docs/guides/why-refused.md': 'packages/server/test/docs/policy-page.test.ts',
  'docs/guides/clients.md': 'packages/server/test/docs/clients-page.test.ts',
  'docs/guides/migrate-from-keycloak.md': 'packages/server/test/docs/clients-page.test.ts',
  'docs/guides/operate.md': 'packages/server/test/docs/operate-page.test.ts',
  'docs/guides/saml.md': 'packages/server/test/docs/saml-page.test.ts',
  'docs/guides/sign-in.md': 'examples/quickstart/quickstart.test.ts',
  'docs/reference/admin-api.md': 'examples/quickstart/quickstart.test.ts',
  'docs/reference/audit-log.md': 'packages/server/test/docs/operate-page.test.ts',
  'docs/reference/token-types.md': 'packages/server/test/docs/token-types-page.test.ts',
};
/** Pages whose commands are examples of the commands themselves, which a test parses. */
const PARSED = 'docs/reference/cli.md';
const SHELL = ['sh', 'bash', 'shell', 'console', ''];

test('every command of every page is run by a test, or the page says why not', (t) => {
  const forgotten: string[] = [];
  let count = 0;
  for (const page of pages.filter((one) => one !== PARSED)) {
    const test = RUN_BY[page];
    if (test !== undefined) assert.ok(readFileSync(join(repository, test), 'utf8').includes(page), `${test}: ${page}`);
    for (const { kind, text, notRun } of blocksOf(read(page))) {
      if (!SHELL.includes(kind)) continue;
      count++;
      if (notRun !== undefined) t.diagnostic(`not run: ${page}: ${text.split('\n')[0]}: ${notRun}`);
      else if (test === undefined || kind === '') forgotten.push(`${page}: ${text.split('\n')[0]}`);
    }
  }
  assert.deepEqual(forgotten, []);
  assert.ok(count > 80);
});

/** The path in the schema of the table under each heading. `*` is any element of a list; a number is one of several forms. */
const tables: Readonly<Record<string, readonly string[]>> = {
  'The top': [],
  server: ['server'],
  keys: ['keys'],
  audit: ['audit'],
  sinks: ['audit', 'stream', '*', '1'],
  branding: ['branding'],
  resources: ['resources', '*'],
  clients: ['clients', '*'],
  accounts: ['accounts', '*'],
  upstream: ['upstream'],
  issuers: ['issuers', '*', '0'],
  'SAML identity providers': ['issuers', '*', '1'],
  rules: ['rules', '*', '0'],
  'Rules that deny': ['rules', '*', '1'],
  'subject, actor': ['rules', '*', '0', 'actor'],
  grant: ['rules', '*', '0', 'grant'],
  tests: ['rules', '*', '0', 'tests', '*'],
  'tokens of tests': ['rules', '*', '0', 'tests', '*', 'subject'],
};

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly pattern?: string;
  readonly default?: unknown;
  readonly not?: unknown;
}

const below = (node: Node | undefined, step: string): Node | undefined =>
  step === '*' ? node?.items : (node?.properties?.[step] ?? (node?.anyOf ?? node?.oneOf)?.[Number(step)]);

/** As in the file. */
function sayDefault({ default: value, pattern }: Node): string | undefined {
  if (
    value === undefined ||
    (typeof value === 'object' && Object.keys(value as object).length > 0 && !Array.isArray(value))
  )
    return undefined;
  if (Array.isArray(value)) return value.length === 0 ? '[]' : value.join(', ');
  if (typeof value === 'object') return undefined;
  if (typeof value !== 'number' || !pattern?.endsWith('[smhd]$')) return String(value);
  const [unit, size] = (
    [
      ['d', 86_400],
      ['h', 3600],
      ['m', 60],
      ['s', 1],
    ] as const
  ).find(([, each]) => value % each === 0 && value > each) ?? ['s', 1];
  return `${value / size}${unit}`;
}

test('docs/reference/configuration.md has a row for every key of the file, with its default', () => {
  const schema = z.toJSONSchema(configurationFile, { io: 'input', unrepresentable: 'any' }) as Node;
  const page = read('docs/reference/configuration.md');
  let compared = 0;
  const wrong: string[] = [];
  for (const [title, path] of Object.entries(tables)) {
    const node = path.reduce<Node | undefined>(below, schema);
    assert.ok(node?.properties, title);
    const section = new RegExp(`^##+ ${title}$([\\s\\S]*?)(?=^##|$(?![\\s\\S]))`, 'm').exec(page)?.[1] ?? '';
    for (const [key, { not, ...property }] of Object.entries(node.properties)) {
      if (not !== undefined) continue;
      const row = new RegExp(`^\\| [^|]*\`${key}(?:\\.\\w+)?\`[^|]*\\| ?([^|]*?) ?\\|`, 'm').exec(section);
      const said = row?.[1]?.replaceAll('`', '').replace(/^\[(.+)\]$/, '$1');
      const expected = sayDefault(property) ?? said;
      if (said === undefined || said !== expected)
        wrong.push(`${title}: ${key} is ${expected}, and the page says ${said}`);
      compared++;
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(compared > 100);
});

test('no page and no program names `npx cambio`, which is a package of a stranger', () => {
  const programs = globSync(['{packages,examples}/**/*.{ts,tsx}', 'scripts/*.ts'], {
    cwd: repository,
    exclude: ['**/node_modules/**', '**/documentation.test.ts'],
  });
  const naming = [...pages, ...programs].filter((file) => /\bnpx (?:--?\S+ )*cambio\b/.test(read(file)));
  assert.deepEqual(naming, []);
});

test('every command on a page exists under its current name', () => {
  const names = Object.keys(commands).flatMap((name) => [name, name.split(' ')[0]]);
  const shown = pages.flatMap((page) =>
    [...read(page).matchAll(/(?:`|^)(?:npx @cambio\/server|cambio) ((?:[a-z]+)(?: [a-z-]+)?)/gm)].map(
      ([text, name = '']) => ({
        page,
        text,
        isThere: names.includes(name) || names.includes(name.split(' ')[0] ?? ''),
        isOlder: /^(?:token|account) |^clients (?:add|rotate)$/.test(name),
      }),
    ),
  );
  assert.deepEqual(
    shown.filter(({ isThere, isOlder, page }) => (!isThere || isOlder) && page !== 'CHANGELOG.md'),
    [],
  );
  assert.ok(shown.length > 100);
});
