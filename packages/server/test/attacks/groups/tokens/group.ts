// J: is a token accepted as subject or actor token that no trusted issuer signed, or that was signed for another purpose?
import { group } from '../../group.ts';
import { claims } from './claims.ts';
import { form } from './form.ts';
import { keys } from './keys.ts';
import { open } from './world.ts';

export const tokens = group('J', 'tokens', open, { ...keys, ...form, ...claims });
