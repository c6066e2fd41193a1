import { CLIENT, clientCredentials, type Workload } from './workload.ts';

export const introspection = {
  name: 'introspection',
  title: 'introspection of JWT access tokens, every one new: no token goes out',
  endpoint: 'introspection',
  expect: 200,
  forms: async (count, { obtain }) => {
    const tokens = await obtain(Array(count).fill(clientCredentials), 'access_token');
    return tokens.map((token) => ({ ...CLIENT, token }));
  },
} as const satisfies Workload;
