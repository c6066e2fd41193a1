import { cold } from './cold.ts';
import { credentials } from './credentials.ts';
import { delegation } from './delegation.ts';
import { external } from './external.ts';
import { hot } from './hot.ts';
import { introspection } from './introspection.ts';
import { own } from './own.ts';
import { refresh } from './refresh.ts';
import { refused } from './refused.ts';
import { saml2 } from './saml2.ts';
import type { Workload } from './workload.ts';

export const workloads = [
  hot,
  cold,
  own,
  delegation,
  external,
  saml2,
  credentials,
  introspection,
  refresh,
  refused,
] as const satisfies readonly Workload[];
