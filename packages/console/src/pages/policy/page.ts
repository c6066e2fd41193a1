// Describes the page of the rules: in words, as YAML, with their tests.
import { Scale } from 'lucide-react';
import { definePage, oneOf, text } from '../../frame/define-page.ts';

export const page = definePage({
  path: 'policy',
  title: 'Policy',
  about: 'The rules in the order in which they decide. An edit is a draft, which ends in a patch.',
  icon: Scale,
  letter: 'l',
  readers: {
    /** The name of the rule that is shown first, in words and in the editor. */
    rule: text,
    /** The file in the editor. */
    file: text,
    find: text,
    show: oneOf('all', 'failing', 'untested', 'unused'),
    /** On a narrow screen, one of the two. */
    view: oneOf('words', 'yaml'),
    open: oneOf('', 'patch'),
  },
  load: () => import('./PolicyPage.tsx'),
});
