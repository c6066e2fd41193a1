// Describes the page that decides recorded exchanges again.
import { History } from 'lucide-react';
import { definePage, oneOf, text } from '../../frame/define-page.ts';

export const page = definePage({
  path: 'replay',
  title: 'Replay',
  about: 'Recorded exchanges, decided again by the draft or by the files in force. Nothing is issued.',
  icon: History,
  letter: 'r',
  readers: {
    period: oneOf('7d', '1d', '30d', '90d', 'all'),
    client: text,
    /** The time of the last row, which the button sets: the same link reads the same rows. */
    until: text,
    change: oneOf('all', 'newly allowed', 'newly refused', 'allowed otherwise', 'refused otherwise'),
    /** The client and the reason of a group. */
    of: text,
    reason: text,
    /** The row that is open, by the id of its request. */
    request: text,
  },
  load: () => import('./ReplayPage.tsx'),
});
