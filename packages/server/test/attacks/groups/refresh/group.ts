// R: is a token accepted after its use, its owner or its end; and who learns what about it?
import { group } from '../../group.ts';
import { introspection } from './introspection.ts';
import { rotation } from './rotation.ts';
import { open } from './world.ts';

export const refreshing = group('R', 'refresh', open, { ...rotation, ...introspection });
