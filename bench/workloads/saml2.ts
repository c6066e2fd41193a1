import { exchange, type Workload } from './workload.ts';

export const saml2 = {
  name: 'saml2',
  title: 'SAML 2.0 assertions with an RSA signature, every one new',
  endpoint: 'token',
  expect: 200,
  forms: (count, { issuers, tokenEndpoint }) =>
    issuers.saml.tokens(count, tokenEndpoint).map((token) => exchange(token, 'saml2')),
} as const satisfies Workload;
