// G: can an assertion of another server be redeemed by the wrong party, twice, for more than it grants, or as something else?
import { group } from '../../group.ts';
import { assertions } from './assertions.ts';
import { consequences } from './consequences.ts';
import { doors } from './doors.ts';
import { open } from './world.ts';

export const redeeming = group('G', 'redeeming', open, { ...assertions, ...consequences, ...doors });
