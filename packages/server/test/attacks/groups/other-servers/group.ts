// V: grants for other authorization servers, as they are issued.
import { group } from '../../group.ts';
import { requests } from './requests.ts';
import { subjects } from './subjects.ts';
import { open } from './world.ts';

export const otherServers = group('V', 'other-servers', open, { ...requests, ...subjects });
