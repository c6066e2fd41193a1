import { exchange, type Workload } from './workload.ts';

export const cold = {
  name: 'cold',
  title: 'ES256 subject tokens of an issuer, every one new',
  endpoint: 'token',
  expect: 200,
  forms: (count, { issuers }) => issuers.people.tokens(count).map((token) => exchange(token)),
} as const satisfies Workload;
