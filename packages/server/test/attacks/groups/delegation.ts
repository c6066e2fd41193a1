// D: may anybody act who may not, act as nobody, or wash off who acted?
import { actors } from '../delegation/actors.ts';
import { consequences } from '../delegation/consequences.ts';
import { openDelegationWorld } from '../delegation/world.ts';
import { group } from '../group.ts';

export const delegation = group('D', 'delegation.ts', openDelegationWorld, { ...actors, ...consequences });
