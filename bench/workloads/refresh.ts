import { CLIENT, exchange, urn, type Workload } from './workload.ts';

export const refresh = {
  name: 'refresh',
  title: 'the refresh token grant: each token used once, rotation written in a transaction of its own',
  endpoint: 'token',
  expect: 200,
  slow: true,
  forms: async (count, { issuers, obtain }) => {
    const forms = issuers.people
      .tokens(count)
      .map((token) => ({ ...exchange(token), requested_token_type: urn('refresh_token') }));
    // RFC 8693 section 2.2.1: whatever was asked for is in `access_token`.
    const tokens = await obtain(forms, 'access_token');
    return tokens.map((token) => ({ grant_type: 'refresh_token', ...CLIENT, refresh_token: token }));
  },
} as const satisfies Workload;
