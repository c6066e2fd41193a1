// Describes the page of the configurations that came into force.
import { SlidersHorizontal } from 'lucide-react';
import { definePage, text } from '../../frame/define-page.ts';

export const page = definePage({
  path: 'settings',
  title: 'Settings',
  about: 'The nodes, the configuration that is in force on each, and what was in force before.',
  icon: SlidersHorizontal,
  letter: 's',
  readers: {
    /** The digest of the configuration whose changes are shown. */
    changes: text,
  },
  load: () => import('./SettingsPage.tsx'),
});
