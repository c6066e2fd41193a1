// Reads what a client says about itself: in the document at its id (draft-ietf-oauth-client-id-metadata-document section 4), or when it
// registers (RFC 7591 section 2). Unknown members are ignored, as are a logo and the scopes that it wishes for.
import type { Client, ClientKeys } from '../model/client.ts';
import { type ClientDocumentSettings, isDocumentId, type SelfDescribed } from '../model/client-document.ts';
import { redirectProblem } from '../model/redirect-uri.ts';
import { hasInvisibleCharacters } from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import { type SecretDigest, sha256 } from '../primitives/secret.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { readKeySet } from '../trust/key-set.ts';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** A member of the description that cannot be used. */
export class MetadataFault {
  readonly member: string;
  readonly why: string;

  constructor(member: string, why: string) {
    this.member = member;
    this.why = why;
  }
}

/** How the client authenticates. */
export interface DescribedCredentials {
  readonly auth: string;
  readonly keys?: ClientKeys;
  readonly secrets: readonly SecretDigest[];
}

/** @returns the client, or the reason why the document cannot be used */
export function readClientDocument(
  id: string,
  document: JsonObject,
  settings: ClientDocumentSettings,
): Client | string {
  const { client_id: named } = document;
  if (named !== id) return `its client_id is ${JSON.stringify(redactValue(named ?? null))}, and must be its own URL`;
  if (Object.keys(document).some((member) => member.startsWith('client_secret')))
    return 'it has a client_secret, which a public document cannot keep';
  const keys = readKeys(document, settings);
  if (typeof keys === 'string') return keys;
  const auth = keys === undefined ? 'none' : 'private_key_jwt';
  const credentials = { auth, secrets: [], ...(keys !== undefined && { keys }) };
  const client = readDescription(document, settings, { id, host: new URL(id).host, ...credentials });
  return client instanceof MetadataFault ? client.why : client;
}

/** @param about `host`: where the description was published, if anywhere */
export function readDescription(
  metadata: JsonObject,
  { audiences, scopes, refreshLifetime }: SelfDescribed,
  { id, host, auth, secrets, keys }: DescribedCredentials & { readonly id: string; readonly host: string | undefined },
): Client | MetadataFault {
  const { grant_types: grants, redirect_uris: uris, response_types: responses } = metadata;
  const asked = grants === undefined ? ['authorization_code'] : textsOf(grants);
  if (!asked?.includes('authorization_code'))
    return new MetadataFault('grant_types', 'its grant_types lack authorization_code');
  const types = responses === undefined ? ['code'] : textsOf(responses);
  if (!types?.includes('code')) return new MetadataFault('response_types', 'its response_types lack code');
  // An unsafe one is left out, so that nobody is sent there.
  const redirectUris = textsOf(uris)?.filter((uri) => redirectProblem(uri) === undefined) ?? [];
  if (redirectUris.length === 0)
    return new MetadataFault('redirect_uris', 'it has no redirect_uris that are https, loopback, or of an app');
  const name = isDisplayName(metadata.client_name) ? metadata.client_name : undefined;
  return {
    id,
    name,
    uri: isOfHost(metadata.client_uri, host) ? metadata.client_uri : undefined,
    auth: [auth],
    secrets,
    ...(keys !== undefined && { keys }),
    grants: new Set([
      'authorization_code',
      ...(asked.includes('refresh_token') ? ['refresh_token'] : []),
      // A rule must name the client, too.
      ...(asked.includes(TOKEN_EXCHANGE) && keys !== undefined ? ['token_exchange'] : []),
    ]),
    audiences,
    scopes,
    resource: undefined,
    saml: undefined,
    dpopBoundAccessTokens: metadata.dpop_bound_access_tokens === true,
    certificateBoundAccessTokens: false,
    redirectUris,
    anyLocalhostPort: true,
    pkce: 'required',
    postLogoutRedirectUris: [],
    refreshLifetime,
    disabled: false,
    document: {
      host,
      digest: sha256(JSON.stringify([auth, keys ?? null, redirectUris, name ?? null])),
    },
    limits: 'unbounded',
  };
}

const isOfHost = (uri: unknown, host: string | undefined): uri is string =>
  typeof uri === 'string' && /^https?:/.test(uri) && URL.canParse(uri) && new URL(uri).host === host;

/** @returns the keys of private_key_jwt, undefined for none, or the fault */
function readKeys(
  { token_endpoint_auth_method: method, jwks, jwks_uri: uri }: JsonObject,
  { domains, network }: ClientDocumentSettings,
): ClientKeys | string | undefined {
  const hasKeys = jwks !== undefined || uri !== undefined;
  if (method === 'none' || (method === undefined && !hasKeys)) return undefined;
  if (method !== 'private_key_jwt')
    return `its token_endpoint_auth_method is ${JSON.stringify(redactValue(method ?? null))}, and must be none or private_key_jwt`;
  if (!hasKeys || (jwks !== undefined && uri !== undefined)) return 'private_key_jwt needs either jwks or jwks_uri';
  if (jwks !== undefined) return readKeysByValue(jwks);
  const isAllowed = typeof uri === 'string' && isDocumentId(uri, domains);
  return isAllowed ? { jwksUri: uri, network } : 'its jwks_uri is not a URL in clientDocuments.domains';
}

/** @returns the keys, or the fault */
export function readKeysByValue(jwks: unknown): ClientKeys | string {
  if (typeof jwks !== 'object' || jwks === null || Array.isArray(jwks)) return 'its jwks is not a JWK Set';
  const set = readKeySet(jwks as JsonObject);
  return typeof set === 'string' ? `its jwks is not valid: ${set}` : { jwks: jwks as JsonObject };
}

const textsOf = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;

const isDisplayName = (name: unknown): name is string =>
  typeof name === 'string' &&
  /^[^\s\p{C}](?:[^\p{C}]{0,98}[^\s\p{C}])?$/u.test(name) &&
  /[\p{L}\p{N}]/u.test(name) &&
  !hasInvisibleCharacters(name);
