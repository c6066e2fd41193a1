// T: does the token endpoint read any request differently from other software?
import { group } from '../../group.ts';
import { forms } from './forms.ts';
import { transport } from './transport.ts';
import { open } from './world.ts';

export const tokenEndpoint = group('T', 'token-endpoint', open, { ...forms, ...transport });
