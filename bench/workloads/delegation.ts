import { exchange, urn, type Workload } from './workload.ts';

export const delegation = {
  name: 'delegation',
  title: 'an ES256 subject token and an ES256 actor token, every one new',
  endpoint: 'token',
  expect: 200,
  forms: (count, { issuers }) => {
    const actors = issuers.agents.tokens(count);
    return issuers.people.tokens(count).map((token, index) => ({
      ...exchange(token),
      actor_token: actors[index] ?? '',
      actor_token_type: urn('jwt'),
    }));
  },
} as const satisfies Workload;
