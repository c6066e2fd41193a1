// Describes the page of the signing keys.
import { KeyRound } from 'lucide-react';
import { definePage } from '../../frame/define-page.ts';

export const page = definePage({
  path: 'keys',
  title: 'Keys',
  about: 'The keys that sign tokens: next, active, retired.',
  icon: KeyRound,
  letter: 'k',
  readers: {},
  load: () => import('./KeysPage.tsx'),
});
