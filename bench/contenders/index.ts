import { bare } from './bare.ts';
import { cambio } from './cambio.ts';
import type { Contender } from './contender.ts';
import { oidcProvider } from './oidc-provider.ts';

export const contenders = [cambio, bare, oidcProvider] as const satisfies readonly Contender[];
