// What do people sign in with? The library, set up for one reading of the configuration.
import type { Provider } from 'oidc-provider';
import { type Library, openLibrary } from './library.ts';
import { createProvider, type ProviderContext } from './provider.ts';

export interface SignIn {
  readonly context: ProviderContext;
  readonly provider: Provider;
  readonly library: Library;
}

export async function openSignIn(context: ProviderContext): Promise<SignIn> {
  const provider = await createProvider(context);
  return { context, provider, library: openLibrary(provider) };
}
