// The table of pages, in the order of the navigation. A page is a folder here and one line.
import type { PageDefinition } from '../frame/define-page.ts';
import { page as keys } from './keys/page.ts';
import { page as settings } from './settings/page.ts';

export const pages = [keys, settings] as unknown as readonly PageDefinition[];
