// W: can another site, or a name, make a browser do or show something that the person did not intend?
import { group } from '../../group.ts';
import { codes } from './codes.ts';
import { names } from './names.ts';
import { requests } from './requests.ts';
import { open } from './world.ts';

export const pages = group('W', 'pages', open, { ...names, ...requests, ...codes });
