// npm run bench -- --profile: prints the time of one workload by part of the server, and writes the profile for tools that draw it.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { sortProfile } from './buckets.ts';
import type { Issuers } from './issuers.ts';
import { runClosedLoop } from './load.ts';
import { CONNECTIONS } from './rounds.ts';
import type { Served } from './served.ts';
import { table } from './table.ts';
import type { Workload } from './workloads.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** Number of frames that are listed. */
const FRAMES = 25;

/** @param file where the profile is written */
export async function printProfile(
  workload: Workload,
  served: Served,
  issuers: Issuers,
  { requests, file }: { readonly requests: number; readonly file: string },
): Promise<void> {
  const prepare = async (): Promise<() => Promise<unknown>> => {
    issuers.nextRound();
    const loop = { port: served.port, requests: await served.prepare(workload, requests), expect: workload.expect };
    return () => runClosedLoop({ ...loop, connections: CONNECTIONS, within: 30 });
  };
  await (await prepare())();
  const work = await prepare();
  const before = await served.usage();
  const profile = await served.profile(work);
  const { cpu } = await served.usage();
  writeFileSync(file, JSON.stringify(profile));
  const { byBucket, byFrame } = sortProfile(profile, ROOT);
  const each = ([name, time]: readonly [string, number]): string[] => [name, (time / requests).toFixed(1)];
  console.log(`${served.contender.name}, ${workload.name}: microseconds a request, of time that passes`);
  console.log(`(${((cpu - before.cpu) / requests).toFixed(0)} µs of CPU, all threads, the profile itself included)\n`);
  console.log(table([['part', 'µs'], ...byBucket.map(each)]));
  console.log(`\n${table([['frame', 'µs'], ...byFrame.slice(0, FRAMES).map(each)])}\n\n${file}`);
}
