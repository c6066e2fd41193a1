// Writes an image as an OCI layout (https://github.com/opencontainers/image-spec), and as one file that `docker load` reads.
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Entry, tarOf } from './tar.ts';

export interface Image {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** As in `docker inspect`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Of gzip, 1 to 9. */
  readonly level: number;
  readonly layers: readonly { readonly what: string; readonly entries: readonly Entry[] }[];
}

const TYPE = 'application/vnd.oci.image';
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** @param folder is replaced by the layout @param archive the file for `docker load` @returns the digest of the image */
export function writeImage(image: Image, { folder, archive }: { readonly folder: string; readonly archive: string }) {
  const { name, version, architecture, created, level } = image;
  const blobs = new Map<string, Buffer>();
  const add = (mediaType: string, content: Buffer) => {
    const digest = sha256(content);
    blobs.set(`blobs/sha256/${digest}`, content);
    return { mediaType: `${TYPE}.${mediaType}`, digest: `sha256:${digest}`, size: content.length };
  };
  const time = new Date(created * 1000).toISOString().replace('.000Z', 'Z');
  const layers = image.layers.map(({ what, entries }) => {
    const tar = tarOf(entries, created);
    return { what, diffId: `sha256:${sha256(tar)}`, ...add('layer.v1.tar+gzip', gzipSync(tar, { level })) };
  });
  const config = add(
    'config.v1+json',
    json({
      created: time,
      architecture,
      os: 'linux',
      config: image.config,
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(({ what }) => ({ created: time, created_by: `npm run build:image: ${what}` })),
    }),
  );
  const descriptors = layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  const manifest = add(
    'manifest.v1+json',
    json({ schemaVersion: 2, mediaType: `${TYPE}.manifest.v1+json`, config, layers: descriptors }),
  );
  const annotations = {
    'org.opencontainers.image.ref.name': version,
    'io.containerd.image.name': `docker.io/library/${name}:${version}`,
  };
  const index = { ...manifest, platform: { architecture, os: 'linux' }, annotations };
  const place = ({ digest }: { readonly digest: string }): string => `blobs/${digest.replace(':', '/')}`;
  const files = new Map<string, Buffer>([
    ...blobs,
    ['oci-layout', json({ imageLayoutVersion: '1.0.0' })],
    ['index.json', json({ schemaVersion: 2, mediaType: `${TYPE}.index.v1+json`, manifests: [index] })],
  ]);
  // The list of `docker save`, for versions of Docker that do not read the layout.
  const list = [{ Config: place(config), RepoTags: [`${name}:${version}`], Layers: layers.map(place) }];
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  for (const [file, content] of files) writeFileSync(join(folder, file), content);
  const entries = [...files, ['manifest.json', json(list)] as const].map(([path, content]) => ({ path, content }));
  writeFileSync(archive, tarOf(entries, created));
  return { digest: manifest.digest };
}
