import { clientCredentials, type Workload } from './workload.ts';

export const credentials = {
  name: 'credentials',
  title: 'the client credentials grant: no token comes in',
  endpoint: 'token',
  expect: 200,
  forms: (count) => Array(count).fill(clientCredentials),
} as const satisfies Workload;
