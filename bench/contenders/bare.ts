import type { Contender } from './contender.ts';
import { commandOf } from './peer.ts';

export const bare = {
  name: 'bare',
  title: 'node:http that finds the token in the form, verifies it and signs another: nothing else',
  offers: ['hot', 'cold', 'refused'],
  paths: { token: '/oauth/token', introspection: '' },
  command: commandOf('bare.ts'),
} as const satisfies Contender;
