import { exchange, type Workload } from './workload.ts';

export const hot = {
  name: 'hot',
  title: 'one ES256 subject token, exchanged again and again',
  endpoint: 'token',
  expect: 200,
  forms: (count, { issuers }) => issuers.people.tokens(1).flatMap((token) => Array(count).fill(exchange(token))),
} as const satisfies Workload;
