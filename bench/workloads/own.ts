import { clientCredentials, exchange, type Workload } from './workload.ts';

export const own = {
  name: 'own',
  title: 'access tokens that the server issued itself, every one new',
  endpoint: 'token',
  expect: 200,
  forms: async (count, { obtain }) => {
    const tokens = await obtain(Array(count).fill(clientCredentials), 'access_token');
    return tokens.map((token) => exchange(token, 'access_token'));
  },
} as const satisfies Workload;
