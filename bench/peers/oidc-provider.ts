// oidc-provider at its best: an exchange grant as its documentation describes, modelled after its own grants; JWT access tokens by
// resource indicators, no storage, no audit.
import { generateKeyPairSync } from 'node:crypto';
import { type CryptoKey, importJWK, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { errors, Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import { AUDIENCE } from '../issuers.ts';
import { CLIENT, EXCHANGE, RESOURCE, SCOPE } from '../request.ts';
import { readSetting } from './setting.ts';

const { port, jwk } = readSetting();
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const foreignKey = (await importJWK(jwk, 'ES256')) as CryptoKey;
const ownKey = (await importJWK(publicKey.export({ format: 'jwk' }), 'ES256')) as CryptoKey;

const resourceServer = {
  scope: SCOPE,
  audience: RESOURCE,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg: 'ES256' } },
} as const;

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
  clients: [
    {
      ...CLIENT,
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['client_credentials', EXCHANGE],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  scopes: [SCOPE],
  ttl: { AccessToken: 3600, ClientCredentials: 3600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => resourceServer,
    },
  },
});

interface Parameters {
  readonly subject_token?: string;
  readonly resource?: string;
  readonly scope?: string;
}

const keyOf: JWTVerifyGetKey = ({ typ }) => (typ === 'at+jwt' ? ownKey : foreignKey);

async function exchangeToken(ctx: TokenEndpointGrantContext): Promise<void> {
  const { client, params } = ctx.oidc;
  const { subject_token = '', resource = '', scope = '' } = params as Parameters;
  const audience = [AUDIENCE, RESOURCE];
  const { payload } = await jwtVerify(subject_token, keyOf, { audience, algorithms: ['ES256'] }).catch((error) => {
    throw new errors.InvalidGrant(error.message);
  });
  const token = new provider.AccessToken({ client, accountId: payload.sub ?? '', grantId: '', gty: EXCHANGE, scope });
  token.resourceServer = new provider.ResourceServer(resource, resourceServer);
  const value = await token.save();
  ctx.body = {
    access_token: value,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope,
  };
}

provider.registerGrantType(
  EXCHANGE,
  exchangeToken,
  ['subject_token', 'subject_token_type', 'resource', 'scope', 'requested_token_type'],
  ['resource'],
);
provider.listen(port, '127.0.0.1', () => console.log(`oidc-provider serves on port ${port}`));
