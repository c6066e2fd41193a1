// Do the pages say what is? Links lead somewhere, samples are good files, and no key and no command is missing.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { commands } from '../src/cli/index.ts';
import { ConfigurationError } from '../src/config/fault.ts';
import { parseConfiguration } from '../src/config/load.ts';
import { configurationFile } from '../src/config/schema.ts';
import { repository, temporaryFolder } from './program.ts';
import { selfSigned } from './saml-certificate.ts';
import { selfIssued } from './tls-client.ts';

const read = (page: string): string => readFileSync(join(repository, page), 'utf8');
const pages = [...globSync('*.md', { cwd: repository }), ...globSync('docs/**/*.md', { cwd: repository })];

/** The headings of a page, as the anchors that they get. */
const anchors = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .trim()
      .replaceAll(' ', '-'),
  );

test('every link of a page to a file or a heading leads somewhere', () => {
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

test('every configuration that a page shows is good, with every test in it passed', async (t) => {
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
  };
  let tests = 0;
  let samples = 0;
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

test('docs/configure.md names every key of the file', () => {
  const page = read('docs/configure.md');
  const schema = z.toJSONSchema(configurationFile, { io: 'input', unrepresentable: 'any' });
  const missing = [...keysOf(schema)].filter((key) => !new RegExp(`\\b${key}\\b`).test(page));
  assert.deepEqual(missing, []);
  assert.equal(keysOf(schema).has('audience'), true);
});

test('README.md names every command', () => {
  const page = read('README.md');
  assert.deepEqual(
    Object.keys(commands).filter((name) => !page.includes(`cambio ${name}`)),
    [],
  );
});

/** The names of all members, however deep. */
function keysOf(schema: unknown): Set<string> {
  if (typeof schema !== 'object' || schema === null) return new Set();
  const keys = new Set<string>();
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'properties') for (const key of Object.keys(value)) keys.add(key);
    for (const key of keysOf(value)) keys.add(key);
  }
  return keys;
}
