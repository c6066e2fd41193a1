// The table of pages, in the order of the navigation. A page is a folder here and one line.
import type { PageDefinition } from '../frame/define-page.ts';
import { page as audit } from './audit/page.ts';
import { page as chain } from './chain/page.ts';
import { page as directory } from './directory/page.ts';
import { page as keys } from './keys/page.ts';
import { page as overview } from './overview/page.ts';
import { page as playground } from './playground/page.ts';
import { page as policy } from './policy/page.ts';
import { page as replay } from './replay/page.ts';
import { page as settings } from './settings/page.ts';

export const pages = [
  overview,
  audit,
  chain,
  playground,
  policy,
  replay,
  directory,
  keys,
  settings,
] as unknown as readonly PageDefinition[];
