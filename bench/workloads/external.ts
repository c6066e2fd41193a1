import { exchange, type Workload } from './workload.ts';

export const external = {
  name: 'external',
  title: 'RS256 subject tokens of an issuer, every one new',
  endpoint: 'token',
  expect: 200,
  forms: (count, { issuers }) => issuers.elsewhere.tokens(count).map((token) => exchange(token)),
} as const satisfies Workload;
