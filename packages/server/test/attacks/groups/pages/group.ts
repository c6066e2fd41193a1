// W: may another site, or a name, make a person's browser do or show what the person did not mean?
import { group } from '../../group.ts';
import { names } from './names.ts';
import { requests } from './requests.ts';
import { open } from './world.ts';

export const pages = group('W', 'pages', open, { ...names, ...requests });
