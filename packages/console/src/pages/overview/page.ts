// Describes the first page: does the server work, and what fails most?
import { Activity } from 'lucide-react';
import { definePage, oneOf } from '../../frame/define-page.ts';

export const page = definePage({
  path: 'overview',
  title: 'Overview',
  about: 'Whether the server works, and what fails most and for whom.',
  icon: Activity,
  letter: 'o',
  readers: {
    /** How far back the numbers go. */
    period: oneOf('1h', '24h', '7d', '30d'),
  },
  load: () => import('./OverviewPage.tsx'),
});
