// D: may anybody act who may not, act as nobody, or wash off who acted?

import { group } from '../../group.ts';
import { actors } from './actors.ts';
import { consequences } from './consequences.ts';
import { openDelegationWorld } from './world.ts';

export const delegation = group('D', 'delegation', openDelegationWorld, { ...actors, ...consequences });
