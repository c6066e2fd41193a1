// The ways in which a client authenticates at the token endpoint. Secrets stay in closures, so that no inspection shows them.
import * as oauth from 'oauth4webapi';
import { checkText } from './check.ts';
import { algorithmOf, importJwk, type Key, type PrivateJwk } from './jwk.ts';
import { resolveToken, type TokenSource } from './source.ts';

type Fetch = typeof globalThis.fetch;

export interface Credentials {
  /** Adds the credentials to a form or to its headers. */
  readonly authenticate: oauth.ClientAuth;
  /** Whether another authorization server may see them: what they prove is for one server alone, or is not a secret. */
  readonly portable: boolean;
  /** Whether requests name no client: the subject token does. */
  readonly isNamedBySubject?: boolean;
  /** Sends every request, with the certificate of the client. */
  readonly fetch?: Fetch;
}

/** A secret, by HTTP Basic, or in the form. */
export function clientSecret(secret: string, method: 'basic' | 'post' = 'basic'): Credentials {
  checkText('the client secret', secret);
  // It is not shown: with the arguments in the wrong order it is the secret.
  if (method !== 'basic' && method !== 'post')
    throw new TypeError("the method of clientSecret(secret, method) is not known: it must be 'basic' or 'post'");
  return {
    authenticate: method === 'basic' ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret),
    portable: false,
  };
}

export type SigningKey = Key | { readonly key: Key; readonly kid?: string } | PrivateJwk;

/** An assertion that the client signs for one server and one request (RFC 7523). */
export function privateKeyJwt(key: SigningKey): Credentials {
  // A text is never shown: it is the private key itself.
  if (!isSigningKey(key)) throw new TypeError(NO_KEY);
  const isJwk = 'kty' in key;
  if (isJwk) algorithmOf(key.alg);
  let ready = isJwk ? undefined : Promise.resolve(oauth.PrivateKeyJwt(key as oauth.PrivateKey));
  // Workers have no Web Crypto before the first request.
  const open = async (jwk: PrivateJwk): Promise<oauth.ClientAuth> => {
    const { kid } = jwk;
    return oauth.PrivateKeyJwt({ key: await importJwk(jwk), ...(kid !== undefined && { kid }) });
  };
  return {
    authenticate: async (...request) => {
      ready ??= open(key as PrivateJwk);
      await (await ready)(...request);
    },
    portable: true,
  };
}

const NO_KEY =
  'the key must be a CryptoKey, { key: CryptoKey, kid }, or a private JWK with alg. Of a PEM: { ...createPrivateKey(pem).export({ format: "jwk" }), alg: "ES256" }';

/** A `KeyObject` of Node has no algorithm. */
const isPrivate = (key: unknown): boolean => Object(key).type === 'private' && 'algorithm' in Object(key);

const isSigningKey = (key: unknown): boolean =>
  typeof key === 'object' && key !== null && ('kty' in key || isPrivate('key' in key ? key.key : key));

/** No secret: the program is public. */
export const none = (): Credentials => ({ authenticate: oauth.None(), portable: true });

/** Nothing: the subject token is that of a workload, and names the client. */
export const workload = (): Credentials => ({
  authenticate: () => undefined,
  portable: true,
  isNamedBySubject: true,
});

/** The JWT-SVID of a workload. @param read returns the current one, whose audience is the issuer of the server */
export const spiffe = (read: TokenSource): Credentials => assertionOf('jwt-spiffe', read);

/** A token of the platform as the client assertion (RFC 7523), for servers that trust the platform for that. */
export const platformAssertion = (read: TokenSource): Credentials => assertionOf('jwt-bearer', read);

function assertionOf(type: string, read: TokenSource): Credentials {
  return {
    authenticate: async (_server, client, body) => {
      body.set('client_id', client.client_id);
      body.set('client_assertion_type', `urn:ietf:params:oauth:client-assertion-type:${type}`);
      body.set('client_assertion', await resolveToken(read, 'client'));
    },
    portable: false,
  };
}

/** An undici `Agent`, or anything that `fetch` takes as its `dispatcher`. */
export interface Dispatcher {
  dispatch(...parameters: never[]): unknown;
}

/** The certificate of the client (RFC 8705). @param agent an undici `Agent`, or a `fetch` with the certificate */
export function mtls(agent: Fetch | Dispatcher): Credentials {
  // The fetch of a runtime ignores what it does not know, and connects without a certificate.
  if (typeof agent !== 'function' && typeof agent?.dispatch !== 'function')
    throw new TypeError('mtls(...) takes an undici Agent, tlsAgent(...), or a fetch. An https.Agent is none of them');
  const through: Fetch =
    typeof agent === 'function'
      ? agent
      : (input, init) => fetch(input, { ...init, dispatcher: agent } as Parameters<Fetch>[1]);
  return { authenticate: oauth.TlsClientAuth(), portable: true, fetch: through };
}
