// J: may a token that nobody good signed, or that was signed for something else, pass as a subject or actor token?
import { group } from '../group.ts';
import { claims } from '../tokens/claims.ts';
import { form } from '../tokens/form.ts';
import { keys } from '../tokens/keys.ts';
import { open } from '../tokens/world.ts';

export const tokens = group('J', 'tokens.ts', open, { ...keys, ...form, ...claims });
