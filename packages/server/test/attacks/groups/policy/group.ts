// P: may anybody get a wider scope, another target, another type or another subject than a rule grants?
import { group } from '../../group.ts';
import { rules } from './rules.ts';
import { targets } from './targets.ts';
import { open } from './world.ts';

export const policy = group('P', 'policy', open, { ...targets, ...rules });
