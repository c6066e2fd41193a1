// B: is a token that is bound to a key good without it, and is a proof believed that is none?

import { group } from '../../group.ts';
import { boundTokens } from './bound-tokens.ts';
import { proofs } from './proofs.ts';
import { openBindingWorld } from './world.ts';

export const binding = group('B', 'binding', openBindingWorld, { ...proofs, ...boundTokens });
