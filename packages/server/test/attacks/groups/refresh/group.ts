// R: may a token live on after its use, its owner or its end; and who is told what of it?
import { group } from '../../group.ts';
import { introspection } from './introspection.ts';
import { rotation } from './rotation.ts';
import { open } from './world.ts';

export const refreshing = group('R', 'refresh', open, { ...rotation, ...introspection });
