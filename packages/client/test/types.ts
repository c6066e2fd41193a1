// Expectations about the types of the package: what compiles, and what does not. The compiler is the test.
import {
  type Client,
  cambio,
  clientSecret,
  ExchangeError,
  mtls,
  none,
  privateKeyJwt,
  type Token,
  workload,
} from '../src/index.ts';
import { tlsAgent, tokenFile } from '../src/node.ts';
import { fakeCambio } from '../src/testing/index.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_equal: Equal<A, B>): void => undefined;

export async function expectations(client: Client, key: CryptoKeyPair): Promise<void> {
  const token = await client.exchange('subject', { audience: ['a'], as: 'jwt', subjectType: 'urn:example:type' });
  same<typeof token, Token>(true);
  same<typeof token.tokenType, 'Bearer' | 'DPoP' | 'N_A'>(true);
  same<typeof token.expiresAt, number | undefined>(true);
  same<typeof token.scope, readonly string[] | undefined>(true);
  // @ts-expect-error a token is shared by callers, so it is read only
  token.tokenType = 'DPoP';
  // @ts-expect-error neither a short name nor a URI
  await client.exchange('subject', { as: 'acess_token' });
  // @ts-expect-error a misspelled name
  await client.exchange('subject', { audeince: 'a' });
  // @ts-expect-error the subject is required
  await client.exchange();
  // @ts-expect-error an assertion is for one authorization server
  await client.identityAssertion('id', { resource: 'https://api.example' });
  const onBehalfOf = client.onBehalfOf({ audience: 'a' });
  same<Awaited<ReturnType<typeof onBehalfOf>>, Token>(true);
  same<Awaited<ReturnType<typeof onBehalfOf.fetch>>, Response>(true);
  await onBehalfOf.fetch(() => token, new URL('https://api.example'), { method: 'POST', body: 'x' });
  await client.redeem(await client.identityAssertion(async () => 'id', { audience: 'https://login.example' }));
  // @ts-expect-error a signal belongs to a call
  client.onBehalfOf({ audience: 'a', signal: AbortSignal.abort() });

  const issuer = 'https://login.example';
  cambio({ issuer, clientId: 'a', auth: clientSecret('s', 'post'), dpop: key, cache: { max: 1 }, timeout: 1 });
  cambio({
    issuer,
    auth: workload(),
    on: ({ type }) => same<typeof type, 'hit' | 'shared' | 'issued' | 'refused' | 'retry' | 'forgotten'>(true),
  });
  cambio({ issuer, clientId: 'a', auth: privateKeyJwt({ key: key.privateKey, kid: 'k' }) });
  cambio({ issuer, clientId: 'a', auth: mtls(tlsAgent({ cert: '', key: '' })) });
  // @ts-expect-error credentials are required: none() says that there are none
  cambio({ issuer, clientId: 'a' });
  // @ts-expect-error not a method
  clientSecret('s', 'jwt');
  cambio({ issuer, clientId: 'a', auth: none(), fetch: fakeCambio({ resources: [], clients: [], rules: [] }).fetch });
  await client.exchange(tokenFile('/token'));

  const error = new ExchangeError('invalid_target', 'target', 'text');
  same<typeof error.about, 'client' | 'subject' | 'actor' | 'target' | 'scope' | 'policy' | 'server'>(true);
  same<typeof error.retryAfter, number | undefined>(true);
}

type CryptoKeyPair = Awaited<ReturnType<typeof generate>>;
const generate = () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
