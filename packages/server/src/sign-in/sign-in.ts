// Opens sign-in for one version of the configuration.
import type { Provider } from 'oidc-provider';
import { type Cookies, createCookies } from './cookies.ts';
import { type Library, openLibrary } from './library.ts';
import { createProvider, type ProviderContext } from './provider.ts';

export interface SignIn {
  readonly context: ProviderContext;
  readonly provider: Provider;
  readonly library: Library;
  readonly cookies: Cookies;
}

export async function openSignIn(context: ProviderContext): Promise<SignIn> {
  const cookies = createCookies(context.issuer);
  const provider = await createProvider(context, cookies);
  return { context, provider, cookies, library: openLibrary(provider, cookies) };
}
