import { bare } from './bare.ts';
import { cambio } from './cambio.ts';
import { cambioPostgres } from './cambio-postgres.ts';
import { cambioUnaudited } from './cambio-unaudited.ts';
import type { Contender } from './contender.ts';
import { oidcProvider } from './oidc-provider.ts';

export const contenders = [
  cambio,
  cambioPostgres,
  cambioUnaudited,
  bare,
  oidcProvider,
] as const satisfies readonly Contender[];
