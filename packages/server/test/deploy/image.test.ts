// Builds the image, reads it as an engine would, and runs its files in namespaces of their own.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { settings } from '../../../../scripts/image/settings.ts';
import { freePort } from '../support/harness.ts';
import { eventually } from '../support/node.ts';
import { path, repository, runProgram } from '../support/program.ts';

const isMissing = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args).status !== 0;
const skip = isMissing('dpkg-query', '--version') && 'the image is built on Debian and Ubuntu';
const cannotEnter =
  skip || (isMissing('unshare', '--mount', '--pid', '--fork', 'true') && 'this user may not make namespaces');

const BUILD = join(repository, 'scripts/build-image.ts');
let folder = '';
const build = (out: string) =>
  // Half of the time of a build is compression.
  execFileSync(process.execPath, [BUILD, '--level', '1', '--out', join(folder, out)], { encoding: 'utf8' });

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-image-test-'));
  if (skip === false) build('one');
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}
interface Parts {
  readonly manifest: { readonly config: Descriptor; readonly layers: readonly Descriptor[] };
  readonly config: {
    readonly config: typeof settings & { readonly Labels: Readonly<Record<string, string>> };
    readonly rootfs: { readonly diff_ids: readonly string[] };
  };
  readonly layers: readonly Buffer[];
}

const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

function readBlob({ digest, size }: Descriptor): Buffer {
  const content = readFileSync(join(folder, 'one/image/blobs', digest.replace(':', '/')));
  assert.deepEqual([digestOf(content), content.length], [digest, size]);
  return content;
}
const json = (content: Buffer) => JSON.parse(content.toString());

function readImage(): Parts {
  const [described, ...more] = json(readFileSync(join(folder, 'one/image/index.json'))).manifests;
  assert.equal(more.length, 0);
  const manifest = json(readBlob(described));
  const layers = manifest.layers.map((layer: Descriptor) => gunzipSync(readBlob(layer)));
  return { manifest, config: json(readBlob(manifest.config)), layers };
}

test('two builds are equal byte for byte, and docker load reads the files of the layout', { skip }, (t) => {
  build('two');
  for (const file of ['cambio-image.tar', 'cambio-image.cdx.json', 'image/index.json'])
    assert.ok(readFileSync(join(folder, 'one', file)).equals(readFileSync(join(folder, 'two', file))), file);
  rmSync(join(folder, 'two'), { recursive: true });
  const { manifest, config, layers } = readImage();
  assert.deepEqual(layers.map(digestOf), config.rootfs.diff_ids);
  const archive = join(folder, 'one/cambio-image.tar');
  const list = json(execFileSync('tar', ['-xOf', archive, 'manifest.json']));
  const place = ({ digest }: Descriptor): string => `blobs/${digest.replace(':', '/')}`;
  assert.deepEqual([list[0].Config, list[0].Layers], [place(manifest.config), manifest.layers.map(place)]);
  const listed = execFileSync('tar', ['-tf', archive], { encoding: 'utf8' });
  for (const file of [list[0].Config, ...list[0].Layers]) assert.ok(listed.split('\n').includes(file), file);
  if (isMissing('skopeo', '--version')) return t.diagnostic('skopeo is not on this machine');
  for (const image of [`oci:${join(folder, 'one/image')}`, `docker-archive:${archive}`]) {
    const copy = spawnSync('skopeo', ['--insecure-policy', 'copy', image, `dir:${join(folder, 'copy')}`], {
      encoding: 'utf8',
    });
    assert.equal(copy.status, 0, copy.stderr);
  }
});

test('the Dockerfile makes the same of the same files', { skip }, () => {
  const text = readFileSync(join(repository, 'deploy/docker/Dockerfile'), 'utf8').split('\nFROM scratch\n')[1] ?? '';
  const wordOf = (word: string): string => new RegExp(`^${word} (.*)$`, 'm').exec(text)?.[1] ?? '';
  const { config } = readImage();
  const { Labels, ...own } = config.config;
  assert.deepEqual(own, settings);
  assert.deepEqual(wordOf('ENV').split(' '), own.Env);
  assert.equal(wordOf('USER'), own.User);
  assert.equal(wordOf('WORKDIR'), own.WorkingDir);
  assert.equal(wordOf('STOPSIGNAL'), own.StopSignal);
  assert.deepEqual(
    wordOf('EXPOSE')
      .split(' ')
      .map((port) => `${port}/tcp`),
    Object.keys(own.ExposedPorts),
  );
  assert.deepEqual(JSON.parse(wordOf('ENTRYPOINT')), own.Entrypoint);
  assert.deepEqual(JSON.parse(wordOf('CMD')), own.Cmd);
  const [, flags = '', command = ''] = /^(.*) CMD (.*)$/.exec(wordOf('HEALTHCHECK')) ?? [];
  assert.deepEqual(['CMD', ...JSON.parse(command)], own.Healthcheck.Test);
  const seconds = [...flags.matchAll(/--([\w-]+)=(\d+)s/g)].map(([, name, count]) => [name, Number(count) * 1e9]);
  const { Interval, Timeout, StartPeriod } = own.Healthcheck;
  assert.deepEqual(Object.fromEntries(seconds), {
    interval: Interval,
    timeout: Timeout,
    'start-period': StartPeriod,
  });
});

test('the bill of materials and the labels name Node, the packages of the distribution, and those in the bundle', {
  skip,
}, () => {
  const { metadata, components } = json(readFileSync(join(folder, 'one/cambio-image.cdx.json')));
  const [described] = json(readFileSync(join(folder, 'one/image/index.json'))).manifests;
  assert.equal(metadata.component['bom-ref'], described.digest);
  const purls: readonly string[] = components.map(({ purl }: { purl: string }) => purl);
  assert.equal(new Set(purls).size, purls.length);
  for (const part of [
    /^pkg:npm\/node-linux-\w+@/,
    /^pkg:npm\/kysely@/,
    /^pkg:deb\/\w+\/libc6@/,
    /^pkg:deb\/\w+\/ca-certificates@/,
  ])
    assert.ok(
      purls.some((purl) => part.test(purl)),
      String(part),
    );
  const { Labels } = readImage().config.config;
  assert.match(Labels['io.cambio.packages'] ?? '', /^\w+ [\d.]+: .*\blibc6=\S+/);
  assert.equal(Labels['org.opencontainers.image.version'], metadata.component.version);
});

test('without the tools of the distribution the build says where to run it', { skip }, async (t) => {
  const bare = join(folder, 'bare');
  mkdirSync(bare);
  const { code, stderr } = await runProgram(t, [process.execPath, BUILD, '--out', join(folder, 'none')], {
    env: { PATH: bare },
  });
  assert.equal(code, 1);
  assert.equal(
    stderr,
    'build:image: there is no ldd here. The image is built on Debian or Ubuntu, or in a container: docker build --file deploy/docker/Dockerfile .\n',
  );
  assert.equal(existsSync(join(folder, 'none')), false);
  const wrong = { PATH: path, SOURCE_DATE_EPOCH: 'yesterday' };
  const dated = await runProgram(t, [process.execPath, BUILD, '--out', join(folder, 'none')], { env: wrong });
  const leveled = await runProgram(t, [process.execPath, BUILD, '--level', '10', '--out', join(folder, 'none')]);
  assert.equal(leveled.stderr, 'build:image: --level 10 is not a level of gzip. Write 1 to 9\n');
  assert.equal(dated.stderr, 'build:image: SOURCE_DATE_EPOCH yesterday is not a number of seconds since 1970\n');
});

/** Runs a command as an engine does: its own mounts and process ids, a read-only root, the user of the image. */
const ENTER = `root=$1 data=$2; shift 2
mount --bind "$root" "$root"
mount --bind "$data" "$root/data"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
exec chroot --userspec=${settings.User} "$root" "$@"`;

const configurationOf = (port: number): string => `
issuer: http://127.0.0.1:${port}
server: { port: ${port}, metrics: off }
store: sqlite:/data/cambio.db
resources: [{ audience: https://api.example, scopes: [read] }]
clients:
  - { id: gateway, auth: client_secret_basic, secret: { env: GATEWAY_SECRET }, grants: [client_credentials, token_exchange], audiences: [https://api.example], scopes: [read] }
rules:
  - { client: gateway, subject: { issuer: self }, grant: { audiences: [https://api.example], scopes: [read] } }
`;

test('its files serve tokens as the first process, without a right, on a read-only root', {
  skip: cannotEnter,
}, async (t) => {
  const [root, data] = [join(folder, 'root'), join(folder, 'data')];
  mkdirSync(root);
  mkdirSync(data);
  const { layers, config } = readImage();
  for (const layer of layers) execFileSync('tar', ['-xpf', '-', '-C', root], { input: layer });
  // A volume takes the owner of the folder of the image.
  assert.equal(execFileSync('stat', ['-c', '%u:%g %a', join(root, 'data')], { encoding: 'utf8' }), '1000:1000 700\n');
  chownSync(data, 1000, 1000);
  const port = await freePort();
  writeFileSync(join(data, 'cambio.yaml'), configurationOf(port));
  const surroundings = Object.fromEntries(config.config.Env.map((line) => line.split('=', 2)));
  const env = {
    ...surroundings,
    // Of this machine, for unshare, mount and chroot.
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    CAMBIO_ISSUER: 'https://login.example.com',
    CAMBIO_STORE: 'sqlite:/data/cambio.db',
    CAMBIO_SEALING_KEY: Buffer.alloc(32, 7).toString('base64'),
    GATEWAY_SECRET: 'gateway-secret',
  };
  const enter = (...command: readonly string[]): ChildProcess =>
    spawn('/usr/bin/unshare', ['--mount', '--pid', '--fork', '/bin/sh', '-ec', ENTER, 'sh', root, data, ...command], {
      env,
      detached: true,
    });
  const run = async (...command: readonly string[]): Promise<readonly [unknown, string]> => {
    const child = enter(...command);
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text) => (printed += text));
    const [code] = await once(child, 'close');
    return [code, printed];
  };
  const [entry = '', serve = ''] = [config.config.Entrypoint[0], config.config.Cmd[0]];
  const server = enter(entry, serve, '--config', '/data/cambio.yaml');
  let printed = '';
  for (const stream of [server.stdout, server.stderr])
    stream?.setEncoding('utf8').on('data', (text) => (printed += text));
  t.after(() => {
    if (server.exitCode === null) process.kill(-(server.pid ?? 0), 'SIGKILL');
  });
  await eventually(
    async () => (server.exitCode === null ? printed : assert.fail(printed)),
    (text) => text.includes('cambio serves'),
  );
  const url = `http://127.0.0.1:${port}`;
  assert.deepEqual(await run(entry, 'ready', '--server', url), [0, `${url} is ready\n`]);
  const authorization = `Basic ${Buffer.from('gateway:gateway-secret').toString('base64')}`;
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body, headers: { authorization } });
  assert.equal(answer.status, 200);
  assert.match((await run(entry, 'keys', 'list', '--config', '/data/cambio.yaml'))[1], /ES256/);
  const [code] = await run('/usr/bin/node', '-e', "require('node:fs').writeFileSync('/etc/cambio/x', '')");
  assert.equal(code, 1, 'nothing but /data can be written');
  const [, file = ''] = config.config.Cmd.slice(1);
  assert.match((await run(entry, 'check', '--config', file))[1], /cambio\.yaml: good/);
  // The first process of a container gets a signal only if it handles it.
  const inner = Number(readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim());
  process.kill(inner, 'SIGTERM');
  const [ended] = await once(server, 'exit');
  assert.equal(ended, 0, printed);
});
