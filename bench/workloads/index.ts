import { cold } from './cold.ts';
import { hot } from './hot.ts';
import { own } from './own.ts';
import { refused } from './refused.ts';
import type { Workload } from './workload.ts';

export const workloads = [hot, cold, own, refused] as const satisfies readonly Workload[];
