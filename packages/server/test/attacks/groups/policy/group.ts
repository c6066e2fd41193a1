// P: can a caller get a wider scope, or another target, type or subject than a rule grants?
import { group } from '../../group.ts';
import { denials } from './denials.ts';
import { discovery } from './discovery.ts';
import { rules } from './rules.ts';
import { targets } from './targets.ts';
import { teams } from './teams.ts';
import { open } from './world.ts';

export const policy = group('P', 'policy', open, { ...targets, ...rules, ...denials, ...teams, ...discovery });
