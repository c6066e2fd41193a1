// The tokens that users bring, with the claims that their issuers write, and their files in examples/issuers.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Claims } from './issuer.ts';
import { repository } from './program.ts';

export const AUDIENCE = 'https://login.example.com';

export interface Shape {
  /** Name of the file in examples/issuers. */
  readonly name: string;
  /** URLs in the file that the fake issuer replaces. */
  readonly real: readonly (readonly [url: string, path: string])[];
  /** The path of the issuer's URL. */
  readonly path?: string;
  /** The name of the token on its page, if it is not that of the file. */
  readonly token?: string;
  readonly client: string;
  readonly declared: string;
  readonly header?: Claims;
  readonly claims: (issuer: string, now: number) => Claims;
  /** Claims of the new token. */
  readonly becomes: Claims;
  /** Claims that another token has instead, and the reason that it is refused for. */
  readonly others: readonly (readonly [Claims, string])[];
}

/** The pages about issuers, by path. */
export const issuerPages: ReadonlyMap<string, string> = new Map(
  globSync('docs/guides/issuers/*.md', { cwd: repository }).map((page) => [
    page,
    readFileSync(join(repository, page), 'utf8'),
  ]),
);

/** The blocks of a kind on those pages, such as `json cognito`. */
export const blocksOfIssuers = (kind: 'json' | 'yaml') =>
  [...issuerPages].flatMap(([page, text]) =>
    [...text.matchAll(new RegExp(`^\`\`\`${kind} (\\S+)\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
      ([, name = '', block = '']) => ({
        page,
        name,
        block,
      }),
    ),
  );

const TIMES = ['iat', 'nbf', 'exp', 'auth_time'];

/** The token that a page shows under this name, with its times moved so that it is issued now. */
const shown =
  (name: string) =>
  (_iss: string, now: number): Claims => {
    const { block } = blocksOfIssuers('json').find((one) => one.name === name) ?? {};
    if (block === undefined) throw new Error(`no page shows a token ${name}`);
    const claims = JSON.parse(block) as Record<string, number>;
    const { iat = 0 } = claims;
    return Object.fromEntries(
      Object.entries(claims).map(([member, value]) => [member, TIMES.includes(member) ? value - iat + now : value]),
    );
  };

export const shapes: readonly Shape[] = [
  {
    name: 'kubernetes',
    real: [['https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE', '']],
    client: 'shop',
    declared: 'jwt',
    header: { typ: undefined },
    claims: (iss, now) => ({
      aud: [AUDIENCE],
      exp: now + 600,
      iat: now,
      iss,
      jti: '5b1a7f3e-6d0f-4c62-8f6e-0f5f3b9e7a11',
      'kubernetes.io': {
        namespace: 'shop',
        node: { name: 'ip-10-0-3-17.eu-central-1.compute.internal', uid: '1ef4f3c2-8a51-4f0e-a3c5-7f0a6b7b2a90' },
        pod: { name: 'checkout-7c9d8b6f5-x2x7q', uid: 'a4a2e1a0-62b3-4e55-b3c1-3a1f1f9ddc34' },
        serviceaccount: { name: 'checkout', uid: '0a7b2a3f-6a5d-44d5-8d10-9f0f1f7f5a61' },
        warnafter: now + 300,
      },
      nbf: now,
      sub: 'system:serviceaccount:shop:checkout',
    }),
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
    claims: (iss, now) => ({
      jti: '2c1f0b1e-93fa-4a47-96ae-7c1e8e8d0e0a',
      sub: 'repo:octo-org/shop:environment:production',
      aud: AUDIENCE,
      ref: 'refs/heads/main',
      sha: 'c3ab8ff13720e8ad9047dd39466b3c8974e592c2',
      repository: 'octo-org/shop',
      repository_owner: 'octo-org',
      repository_owner_id: '65',
      run_id: '8231570419',
      run_number: '10',
      run_attempt: '2',
      repository_visibility: 'private',
      repository_id: '74',
      actor_id: '12',
      actor: 'octocat',
      workflow: 'deploy',
      head_ref: '',
      base_ref: '',
      event_name: 'push',
      ref_protected: 'true',
      ref_type: 'branch',
      workflow_ref: 'octo-org/shop/.github/workflows/deploy.yml@refs/heads/main',
      workflow_sha: 'c3ab8ff13720e8ad9047dd39466b3c8974e592c2',
      job_workflow_ref: 'octo-org/shop/.github/workflows/deploy.yml@refs/heads/main',
      job_workflow_sha: 'c3ab8ff13720e8ad9047dd39466b3c8974e592c2',
      runner_environment: 'github-hosted',
      environment: 'production',
      iss,
      nbf: now - 600,
      exp: now + 300,
      iat: now,
    }),
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
  ...['jwt', 'access_token'].map(
    (declared): Shape => ({
      name: 'keycloak',
      real: [['https://keycloak.example.com', '']],
      path: '/realms/shop',
      client: 'gateway',
      declared,
      claims: (iss, now) => ({
        exp: now + 300,
        iat: now,
        auth_time: now - 60,
        jti: 'onrtac:7d2a2d3a-3e6f-4f0d-9d0b-5d9f7f7c7b11',
        iss: `${iss}/realms/shop`,
        aud: [AUDIENCE, 'account'],
        sub: 'f:e0c7c2b8:ada',
        typ: 'Bearer',
        azp: 'web',
        sid: 'b1f9f0a0-1b9a-4f2a-8b0e-6a3e0d5b7c55',
        acr: '1',
        'allowed-origins': ['https://shop.example.com'],
        realm_access: { roles: ['customer', 'offline_access'] },
        resource_access: { account: { roles: ['manage-account'] } },
        scope: 'openid profile email',
        email_verified: true,
        name: 'Ada Lovelace',
        preferred_username: 'ada',
        email: 'ada@example.com',
      }),
      becomes: {
        sub: 'shop:f:e0c7c2b8:ada',
        email: 'ada@example.com',
        roles: ['customer', 'offline_access'],
        acr: '1',
      },
      others: [
        [{ azp: 'other' }, 'no_rule_for_subject'],
        [{ aud: 'account' }, 'subject_token_audience'],
        [{ typ: 'Refresh', scope: undefined }, 'subject_token_wrong_type'],
        ...(declared === 'access_token' ? ([[{ typ: 'ID' }, 'subject_token_wrong_type']] as const) : []),
      ],
    }),
  ),
  {
    name: 'spiffe',
    real: [['https://spire.example.com/bundle', '/jwks']],
    client: 'mesh',
    declared: 'jwt',
    claims: (_iss, now) => ({
      aud: [AUDIENCE],
      exp: now + 300,
      iat: now,
      sub: 'spiffe://prod.example.com/ns/shop/sa/checkout',
    }),
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
    name: 'cognito',
    real: [['https://cognito-idp.eu-central-1.amazonaws.com', '']],
    path: '/eu-central-1_EXAMPLE',
    client: 'gateway',
    declared: 'access_token',
    header: { typ: undefined },
    claims: shown('cognito'),
    becomes: { sub: 'cognito:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', username: 'ada' },
    others: [
      [{ client_id: 'other' }, 'subject_token_audience'],
      [{ aud: 'https://other.example.com' }, 'subject_token_audience'],
      [{ aud: null }, 'subject_token_audience'],
      [{ token_use: 'id', aud: '1example23456789', client_id: undefined }, 'subject_token_wrong_type'],
      [{ iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_OTHER' }, 'subject_token_unknown_issuer'],
      [{ 'cognito:groups': undefined }, 'no_rule_for_subject'],
      [{ 'cognito:groups': ['readers'] }, 'no_rule_for_subject'],
    ],
  },
  {
    name: 'google',
    real: [['https://www.googleapis.com/oauth2/v3/certs', '/jwks']],
    client: 'app',
    declared: 'id_token',
    claims: (_iss, now) => ({
      iss: 'https://accounts.google.com',
      azp: '407408718192.apps.googleusercontent.com',
      aud: '407408718192.apps.googleusercontent.com',
      sub: '110169484474386276334',
      hd: 'example.com',
      email: 'ada@example.com',
      email_verified: true,
      at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q',
      nonce: '0394852-3190485-2490358',
      name: 'Ada Lovelace',
      picture: 'https://lh3.googleusercontent.com/a/x',
      given_name: 'Ada',
      family_name: 'Lovelace',
      iat: now,
      exp: now + 3600,
    }),
    becomes: { sub: 'google:110169484474386276334', email: 'ada@example.com' },
    others: [
      [{ hd: undefined }, 'no_rule_for_subject'],
      [{ email_verified: false }, 'no_rule_for_subject'],
      [{ aud: 'app-of-somebody-else', azp: 'app-of-somebody-else' }, 'subject_token_audience'],
    ],
  },
];
