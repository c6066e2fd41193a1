// Describes the page of clients, resources, issuers, rules and people.
import { BookUser } from 'lucide-react';
import { definePage, oneOf, text } from '../../frame/define-page.ts';

export const page = definePage({
  path: 'directory',
  title: 'Directory',
  about: 'Clients, resources, issuers, rules and people, and what a client can reach.',
  icon: BookUser,
  letter: 'd',
  readers: {
    kind: oneOf('clients', 'resources', 'issuers', 'rules', 'people'),
    /** The entry that is shown. The list is shown without it. */
    name: text,
    /** Leaves out entries whose names do not contain it. */
    search: text,
    /** How the reach of a client is shown. */
    view: oneOf('matrix', 'graph'),
    /** Only what tokens about this subject can give to the client. */
    subject: text,
    /** The issuer of the subject. */
    issuer: text,
  },
  load: () => import('./DirectoryPage.tsx'),
});
