import type { Contender } from './contender.ts';
import { commandOf } from './peer.ts';

export const oidcProvider = {
  name: 'oidc-provider',
  title: 'oidc-provider with an exchange grant of fifty lines; JWT access tokens, kept in memory, no audit',
  offers: ['hot', 'cold', 'own', 'credentials', 'refused'],
  paths: { token: '/token', introspection: '' },
  command: commandOf('oidc-provider.ts'),
} as const satisfies Contender;
