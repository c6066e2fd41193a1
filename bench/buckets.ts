// Assigns the time of a profile to parts of the server. A sample counts for the innermost frame that a bucket matches, so that
// libraries and Node count for their caller unless a bucket names them.
import type { Profiler } from 'node:inspector';

interface Bucket {
  readonly name: string;
  /** Matches frames as `function file`; the file is a path in the repository, in node_modules or `node:`. */
  readonly frames: RegExp;
}

/** The first match counts. */
const buckets = [
  { name: 'nothing to do', frames: /^\(idle\)/ },
  { name: 'garbage collection', frames: /^\(garbage collector\)/ },
  { name: 'the profile itself', frames: /node:inspector|bench\/meter\.ts/ },
  { name: 'crypto: sign', frames: /^(writeCompact|signWith|mac) .*keys\/jws\.ts/ },
  { name: 'crypto: verify', frames: /^(verifyWith|verifyMac) .*keys\/jws\.ts/ },
  { name: 'JSON', frames: /primitives\/strict-json\.ts|fast-json-stringify/ },
  {
    name: 'reading tokens',
    frames: /src\/(subject-tokens|keys|trust|saml|proof)\/|primitives\/(base64url|claims)\.ts/,
  },
  { name: 'audit: row and chain', frames: /src\/audit(-retention)?\/|store\/audit/ },
  { name: 'store: statement and disk', frames: /src\/store\/|kysely|node:sqlite|\/pg(-\w+)?\// },
  { name: 'policy', frames: /src\/policy\/|cel-js|exchange\/(judge|narrow|delegation|targets|binding)/ },
  { name: 'client authentication', frames: /src\/client-auth\// },
  { name: 'form', frames: /http\/form\.ts|primitives\/parameters\.ts/ },
  {
    name: 'metrics and traces',
    frames: /src\/metrics\/|prom-client|opentelemetry|primitives\/step\.ts|http\/trace\.ts/,
  },
  { name: 'exchange and issuing', frames: /src\/(exchange|grants|issuing)\// },
  { name: 'HTTP: our handler', frames: /src\/http\/|src\/primitives\// },
  { name: 'HTTP: router', frames: /node_modules\/path-to-regexp/ },
  { name: 'HTTP: Node', frames: /node:(_http|net|internal\/(stream|http|url|timers)|events|stream|internal\/streams)/ },
] as const satisfies readonly Bucket[];

const REST = 'Node: event loop and the rest';

/** @returns microseconds by bucket, and by frame as `function file`, in descending order */
export function sortProfile({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile, root: string) {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const frames = new Map(
    nodes.map(({ id, callFrame }) => [
      id,
      `${callFrame.functionName || '(anonymous)'} ${callFrame.url.replace(`file://${root}/`, '')}`,
    ]),
  );
  const known = new Map<number, string>();
  const bucketOf = (id: number): string => {
    let found = known.get(id);
    if (found === undefined) {
      const parent = parents.get(id);
      const bucket = buckets.find((one) => one.frames.test(frames.get(id) ?? ''));
      found = bucket?.name ?? (parent === undefined ? REST : bucketOf(parent));
      known.set(id, found);
    }
    return found;
  };
  const byBucket = new Map<string, number>();
  const byFrame = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const spent = timeDeltas[index] ?? 0;
    add(byBucket, bucketOf(id), spent);
    add(byFrame, frames.get(id) ?? '', spent);
  }
  return { byBucket: mostFirst(byBucket), byFrame: mostFirst(byFrame) };
}

const add = (sums: Map<string, number>, name: string, value: number): unknown =>
  sums.set(name, (sums.get(name) ?? 0) + value);

const mostFirst = (sums: ReadonlyMap<string, number>): readonly (readonly [string, number])[] =>
  [...sums].sort(([, one], [, other]) => other - one);
