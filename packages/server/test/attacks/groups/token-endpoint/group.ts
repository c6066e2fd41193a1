// T: may anything be smuggled past the way in which the token endpoint reads a request?
import { group } from '../../group.ts';
import { forms } from './forms.ts';
import { transport } from './transport.ts';
import { open } from './world.ts';

export const tokenEndpoint = group('T', 'token-endpoint', open, { ...forms, ...transport });
