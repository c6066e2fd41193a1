// The tokens that users bring, as the pages of their issuers show them, and the files in examples/issuers.
import type { Claims } from './issuer.ts';
import { type Shape, shown } from './issuer-pages.ts';
import { workloadShapes } from './workload-shapes.ts';

export const AUDIENCE = 'https://login.example.com';

const TENANT = '11111111-2222-4333-8444-555555555555';
const OTHER = 'dddddddd-eeee-4fff-8000-111111111111';

/** Members that turn the access token of a page into an ID token of the same issuer. */
const idToken: Claims = { scope: undefined, scp: undefined, nonce: '0394852', at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q' };
const entraIdToken: Claims = { scp: undefined, azp: undefined, azpacr: undefined, nonce: '0394852' };
const oktaIdToken: Claims = { ...idToken, aud: '0oabucvyc38HLL1ef0h7', cid: undefined, uid: undefined, jti: 'ID.x' };
/** Entra leaves out more than 200 groups, and says where they are. */
const entraOverage: Claims = {
  groups: undefined,
  _claim_names: { groups: 'src1' },
  _claim_sources: { src1: { endpoint: `https://graph.windows.net/${TENANT}/users/x/getMemberObjects` } },
};

export const shapes: readonly Shape[] = [
  ...workloadShapes,
  ...['jwt', 'access_token'].map(
    (declared): Shape => ({
      name: 'keycloak',
      real: [['https://keycloak.example.com', '']],
      path: '/realms/shop',
      client: 'gateway',
      declared,
      claims: shown('keycloak'),
      becomes: {
        sub: 'shop:f:e0c7c2b8:ada',
        email: 'ada@example.com',
        roles: ['customer', 'offline_access'],
        acr: '1',
      },
      others: [
        [{ azp: 'other' }, 'no_rule_for_subject'],
        [{ iss: 'https://keycloak.example.com/realms/other' }, 'subject_token_unknown_issuer'],
        [{ aud: 'account' }, 'subject_token_audience'],
        [{ typ: 'Refresh', scope: undefined }, 'subject_token_wrong_type'],
        ...(declared === 'access_token' ? ([[{ typ: 'ID' }, 'subject_token_wrong_type']] as const) : []),
      ],
    }),
  ),
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
    name: 'entra',
    real: [['https://login.microsoftonline.com', '']],
    path: `/${TENANT}/v2.0`,
    client: 'gateway',
    declared: 'access_token',
    claims: shown('entra'),
    becomes: { sub: 'entra:HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ', tenant: TENANT },
    others: [
      [{ iss: `https://login.microsoftonline.com/${OTHER}/v2.0`, tid: OTHER }, 'subject_token_unknown_issuer'],
      [{ iss: `https://sts.windows.net/${TENANT}/` }, 'subject_token_unknown_issuer'],
      [{ aud: '00000003-0000-0000-c000-000000000000' }, 'subject_token_audience'],
      [entraIdToken, 'subject_token_wrong_type'],
      [entraOverage, 'subject_claims_elsewhere'],
      [{ groups: [OTHER] }, 'no_rule_for_subject'],
      [{ scp: 'User.Read' }, 'no_rule_for_subject'],
    ],
  },
  {
    name: 'entra',
    token: 'entra-app',
    real: [['https://login.microsoftonline.com', '']],
    path: `/${TENANT}/v2.0`,
    client: 'gateway',
    declared: 'access_token',
    claims: shown('entra-app'),
    becomes: { sub: 'entra:99999999-aaaa-4bbb-8ccc-dddddddddddd' },
    others: [
      [{ roles: undefined }, 'no_rule_for_subject'],
      [{ azp: OTHER }, 'no_rule_for_subject'],
      [{ scp: 'access_as_user' }, 'no_rule_for_subject'],
      [{ ...entraIdToken, roles: undefined }, 'subject_token_wrong_type'],
    ],
  },
  {
    name: 'entra',
    real: [['https://login.microsoftonline.com', '']],
    path: `/${TENANT}/v2.0`,
    client: 'gateway',
    declared: 'jwt',
    claims: shown('entra'),
    becomes: { tenant: TENANT },
    others: [[entraIdToken, 'no_rule_for_subject']],
  },
  {
    name: 'entra-v1',
    real: [
      ['https://sts.windows.net', ''],
      [`https://login.microsoftonline.com/${TENANT}/discovery/keys`, `/${TENANT}/jwks`],
    ],
    path: `/${TENANT}/`,
    client: 'gateway',
    declared: 'access_token',
    claims: shown('entra-v1'),
    becomes: { person: '44444444-5555-4666-8777-888888888888', acr: '1' },
    others: [
      [{ iss: `https://sts.windows.net/${OTHER}/`, tid: OTHER }, 'subject_token_unknown_issuer'],
      [{ iss: `https://sts.windows.net/${TENANT}` }, 'subject_token_unknown_issuer'],
      [{ aud: 'https://graph.microsoft.com' }, 'subject_token_audience'],
      [{ appid: OTHER }, 'no_rule_for_subject'],
    ],
  },
  {
    name: 'okta',
    real: [['https://example.okta.com', '']],
    path: '/oauth2/default',
    client: 'gateway',
    declared: 'access_token',
    header: { typ: undefined },
    claims: shown('okta'),
    becomes: { sub: 'okta:ada@example.com', person: '00uhas6q2V6jUnl4R0h7' },
    others: [
      [{ iss: 'https://example.okta.com' }, 'subject_token_unknown_issuer'],
      [{ aud: 'api://default' }, 'subject_token_audience'],
      [oktaIdToken, 'subject_token_wrong_type'],
      [{ cid: 'other' }, 'no_rule_for_subject'],
      [{ groups: ['Everyone'] }, 'no_rule_for_subject'],
    ],
  },
  {
    name: 'auth0',
    real: [['https://example.eu.auth0.com', '']],
    path: '/',
    client: 'gateway',
    declared: 'access_token',
    claims: shown('auth0'),
    becomes: { sub: 'auth0:auth0|507f1f77bcf86cd799439020', permissions: ['read:orders'] },
    others: [
      [{ iss: 'https://example.eu.auth0.com' }, 'subject_token_unknown_issuer'],
      [{ iss: 'https://other.eu.auth0.com/' }, 'subject_token_unknown_issuer'],
      [{ aud: ['https://example.eu.auth0.com/userinfo'] }, 'subject_token_audience'],
      [{ ...idToken, aud: 'my_client_id', azp: undefined, permissions: undefined }, 'subject_token_wrong_type'],
      [{ gty: 'client-credentials', sub: 'my_client_id@clients' }, 'no_rule_for_subject'],
      [{ permissions: [] }, 'no_rule_for_subject'],
    ],
  },
  {
    name: 'google',
    real: [['https://www.googleapis.com/oauth2/v3/certs', '/jwks']],
    client: 'app',
    declared: 'id_token',
    claims: shown('google'),
    becomes: { sub: 'google:110169484474386276334', email: 'ada@example.com' },
    others: [
      [{ hd: undefined }, 'no_rule_for_subject'],
      [{ email_verified: false }, 'no_rule_for_subject'],
      [{ aud: 'app-of-somebody-else', azp: 'app-of-somebody-else' }, 'subject_token_audience'],
    ],
  },
];
