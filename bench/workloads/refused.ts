import { exchange, type Workload } from './workload.ts';

/** Another signature of the same length. */
const spoil = (token: string): string => {
  const signature = token.lastIndexOf('.') + 1;
  return `${token.slice(0, signature)}${token[signature] === 'A' ? 'B' : 'A'}${token.slice(signature + 1)}`;
};

export const refused = {
  name: 'refused',
  title: 'the same with a bad signature',
  endpoint: 'token',
  expect: 400,
  forms: (count, { issuers }) => issuers.people.tokens(count).map((token) => exchange(spoil(token))),
} as const satisfies Workload;
