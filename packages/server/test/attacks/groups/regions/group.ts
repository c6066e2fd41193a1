// Z: messages between regions, tried at the two paths where regions read and answer.
import { group } from '../../group.ts';
import { messages } from './messages.ts';
import { open } from './world.ts';

export const betweenRegions = group('Z', 'regions', open, messages);
