// The tokens of workloads and CI jobs, and their files in examples/issuers.
import { type Shape, shown } from './issuer-pages.ts';

const TENANT = '11111111-2222-4333-8444-555555555555';
const OTHER = 'dddddddd-eeee-4fff-8000-111111111111';

const clouds = [
  [
    'gke',
    'https://container.googleapis.com/v1/projects/example/locations/europe-west3/clusters/shop',
    '/v1/projects/example/locations/europe-west3/clusters/shop',
  ],
  [
    'aks',
    `https://germanywestcentral.oic.prod-aks.azure.com/${TENANT}/66666666-7777-4888-8999-aaaaaaaaaaaa/`,
    `/${TENANT}/66666666-7777-4888-8999-aaaaaaaaaaaa/`,
  ],
] as const;

export const workloadShapes: readonly Shape[] = [
  {
    name: 'kubernetes',
    real: [['https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE', '']],
    client: 'shop',
    declared: 'jwt',
    header: { typ: undefined },
    claims: shown('kubernetes'),
    becomes: { sub: 'cluster:system:serviceaccount:shop:checkout', namespace: 'shop', pod: 'checkout-7c9d8b6f5-x2x7q' },
    others: [
      [{ 'kubernetes.io': { namespace: 'default' } }, 'no_rule_for_subject'],
      [{ 'kubernetes.io': undefined }, 'no_rule_for_subject'],
      [{ aud: ['https://kubernetes.default.svc'] }, 'subject_token_audience'],
    ],
  },
  {
    name: 'github-actions',
    real: [['https://token.actions.githubusercontent.com', '']],
    client: 'ci',
    declared: 'jwt',
    header: { x5t: 'eBKrFnxrzH1mSvg3TZYTPDQbVfc' },
    claims: shown('github-actions'),
    becomes: {
      sub: 'github:repo:octo-org/shop:environment:production',
      repository: 'octo-org/shop',
      run: '8231570419',
    },
    others: [
      [{}, 'subject_token_replayed'],
      [{ jti: '2', ref: 'refs/heads/evil' }, 'no_rule_for_subject'],
      [{ jti: '3', repository_id: '75' }, 'no_rule_for_subject'],
      [{ jti: '4', environment: undefined }, 'no_rule_for_subject'],
      [{ jti: '5', aud: 'https://github.com/octo-org' }, 'subject_token_audience'],
    ],
  },
  {
    name: 'spiffe',
    real: [['https://spire.example.com/bundle', '/jwks']],
    client: 'mesh',
    declared: 'jwt',
    claims: shown('spiffe'),
    becomes: { sub: 'prod:spiffe://prod.example.com/ns/shop/sa/checkout' },
    others: [
      [{ sub: 'spiffe://prod.example.com/ns/bank/sa/vault' }, 'no_rule_for_subject'],
      [{ sub: 'spiffe://dev.example.com/ns/shop/sa/checkout' }, 'subject_token_unknown_issuer'],
      [{ sub: 'spiffe://prod.example.com/ns/shop/../bank' }, 'subject_token_unknown_issuer'],
      [{ sub: 'spiffe://prod.example.com/ns/shop/' }, 'subject_token_unknown_issuer'],
      [{ sub: 'spiffe://PROD.example.com/ns/shop/sa/checkout' }, 'subject_token_unknown_issuer'],
      [{ sub: 'spiffe://prod.example.com' }, 'subject_token_unknown_issuer'],
      [{ sub: 'checkout' }, 'subject_token_unknown_issuer'],
      [{ iss: 'spiffe://prod.example.com', sub: 'checkout' }, 'subject_token_unknown_issuer'],
      [{ aud: ['spiffe://prod.example.com/ns/shop/sa/orders'] }, 'subject_token_audience'],
      [{ exp: undefined }, 'subject_token_claims'],
    ],
  },
  {
    name: 'gitlab',
    real: [['https://gitlab.com', '']],
    client: 'ci',
    declared: 'jwt',
    claims: shown('gitlab'),
    becomes: { sub: 'gitlab:project_path:my-group/shop:ref_type:branch:ref:main', project: 'my-group/shop' },
    others: [
      [{ project_id: '75' }, 'no_rule_for_subject'],
      [{ ref: 'evil', ref_path: 'refs/heads/evil' }, 'no_rule_for_subject'],
      [{ ref_protected: 'false', pipeline_source: 'merge_request_event' }, 'no_rule_for_subject'],
      [{ environment: undefined }, 'no_rule_for_subject'],
      [{ aud: 'https://vault.example.com' }, 'subject_token_audience'],
      [{ iss: 'https://gitlab.example.com' }, 'subject_token_unknown_issuer'],
    ],
  },
  ...clouds.map(
    ([name, iss, path]): Shape => ({
      name,
      token: 'kubernetes',
      real: [[new URL(iss).origin, '']],
      path,
      client: 'shop',
      declared: 'jwt',
      header: { typ: undefined },
      claims: (_iss, now) => ({ ...shown('kubernetes')(_iss, now), iss }),
      becomes: { sub: 'cluster:system:serviceaccount:shop:checkout', namespace: 'shop' },
      others: [
        [{ iss: `${iss}x` }, 'subject_token_unknown_issuer'],
        [{ iss: 'kubernetes/serviceaccount', aud: undefined, exp: undefined }, 'subject_token_unknown_issuer'],
        [{ aud: [iss] }, 'subject_token_audience'],
        [{ 'kubernetes.io': { namespace: 'default' } }, 'no_rule_for_subject'],
      ],
    }),
  ),
  {
    name: 'vault',
    real: [['https://vault.example.com', '']],
    path: '/v1/identity/oidc',
    client: 'batch',
    declared: 'jwt',
    header: { typ: undefined },
    claims: shown('vault'),
    becomes: { sub: 'vault:6fae5b3a-3ed6-4b57-a1ba-5b0f2a3c9d11', groups: ['batch'] },
    others: [
      [{ aud: 'another-role' }, 'subject_token_audience'],
      [{ groups: ['readers'] }, 'no_rule_for_subject'],
      [{ namespace: 'team-a/' }, 'no_rule_for_subject'],
      [{ iat: 1_790_000_000 }, 'subject_token_too_old'],
      [{ iss: 'https://vault.example.com/v1/team-a/identity/oidc' }, 'subject_token_unknown_issuer'],
    ],
  },
  {
    name: 'buildkite',
    real: [['https://agent.buildkite.com', '']],
    client: 'ci',
    declared: 'jwt',
    claims: shown('buildkite'),
    becomes: { sub: 'buildkite:acme-inc/shop', commit: '9f3182061f1e2cca4702c368cbc039b7dc9d4485' },
    others: [
      [{ organization_slug: 'other' }, 'no_rule_for_subject'],
      [{ pipeline_slug: 'bank' }, 'no_rule_for_subject'],
      [{ build_branch: 'evil' }, 'no_rule_for_subject'],
      [{ build_source: 'ui' }, 'no_rule_for_subject'],
      [{ aud: 'https://buildkite.com/acme-inc' }, 'subject_token_audience'],
      [{ iat: 1_790_000_000 }, 'subject_token_too_old'],
    ],
  },
  {
    name: 'circleci',
    real: [['https://oidc.circleci.com', '']],
    path: '/org/aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb',
    client: 'ci',
    declared: 'jwt',
    claims: shown('circleci'),
    becomes: { project: 'cccccccc-4444-4555-8666-dddddddddddd' },
    others: [
      [{ iss: `https://oidc.circleci.com/org/${OTHER}` }, 'subject_token_unknown_issuer'],
      [{ aud: 'aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb' }, 'subject_token_audience'],
      [{ 'oidc.circleci.com/project-id': OTHER }, 'no_rule_for_subject'],
      [{ 'oidc.circleci.com/vcs-ref': 'refs/heads/evil' }, 'no_rule_for_subject'],
      [{ 'oidc.circleci.com/ssh-rerun': true }, 'no_rule_for_subject'],
    ],
  },
];
