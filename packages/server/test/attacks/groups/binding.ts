// B: is a token that is bound to a key good without it, and is a proof believed that is none?
import { boundTokens } from '../binding/bound-tokens.ts';
import { proofs } from '../binding/proofs.ts';
import { openBindingWorld } from '../binding/world.ts';
import { group } from '../group.ts';

export const binding = group('B', 'binding.ts', openBindingWorld, { ...proofs, ...boundTokens });
