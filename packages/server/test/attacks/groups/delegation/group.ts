// D: can someone act without permission, act without a name, or remove an actor from the chain?

import { group } from '../../group.ts';
import { actors } from './actors.ts';
import { consequences } from './consequences.ts';
import { leash } from './leash.ts';
import { openDelegationWorld } from './world.ts';

export const delegation = group('D', 'delegation', openDelegationWorld, { ...actors, ...consequences, ...leash });
