// B: is a bound token accepted without its key, or an invalid proof accepted?

import { group } from '../../group.ts';
import { boundTokens } from './bound-tokens.ts';
import { proofs } from './proofs.ts';
import { openBindingWorld } from './world.ts';

export const binding = group('B', 'binding', openBindingWorld, { ...proofs, ...boundTokens });
