// J: may a token that nobody good signed, or that was signed for something else, pass as a subject or actor token?
import { group } from '../../group.ts';
import { claims } from './claims.ts';
import { form } from './form.ts';
import { keys } from './keys.ts';
import { open } from './world.ts';

export const tokens = group('J', 'tokens', open, { ...keys, ...form, ...claims });
