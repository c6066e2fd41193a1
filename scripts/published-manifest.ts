// Makes the package.json of a package that people install from the one of the repository.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './manifests.ts';

export type PublishedManifest = Readonly<Record<string, unknown>> & {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
};

/** Only the repository has sources. */
const REPOSITORY_CONDITION = 'source';

/**
 * Leaves out the parts that only the repository needs, and `private`, which keeps npm from publishing sources. On GitHub, adds the repository, which a proof of provenance names.
 * @param version of the release; by default that of the repository
 */
export function publishedManifest(name: string, version?: string): PublishedManifest {
  const text = readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8');
  const { private: _, scripts, devDependencies, exports, imports, ...kept } = JSON.parse(text);
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  return {
    ...kept,
    version: version ?? kept.version,
    ...(imports === undefined ? {} : { imports: withoutSources(imports) }),
    exports: withoutSources(exports),
    ...(server === undefined || repository === undefined
      ? {}
      : { repository: { type: 'git', url: `git+${server}/${repository}.git`, directory: `packages/${name}` } }),
  };
}

function withoutSources(conditions: unknown): unknown {
  if (typeof conditions !== 'object' || conditions === null) return conditions;
  const kept = Object.entries(conditions).filter(([name]) => name !== REPOSITORY_CONDITION);
  return Object.fromEntries(kept.map(([name, target]) => [name, withoutSources(target)]));
}
