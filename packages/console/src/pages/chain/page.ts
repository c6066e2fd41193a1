// Describes the page of the chain of one token.
import { Waypoints } from 'lucide-react';
import { definePage, text } from '../../frame/define-page.ts';

export const page = definePage({
  path: 'chain',
  title: 'Chain',
  about: 'Who acted for whom, hop by hop, and the tokens that derive from a token.',
  icon: Waypoints,
  letter: 'c',
  readers: {
    /** The id of the token. */
    token: text,
  },
  load: () => import('./ChainPage.tsx'),
});
