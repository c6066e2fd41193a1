// Describes the page that tries an exchange without issuing anything.
import { FlaskConical } from 'lucide-react';
import { definePage, oneOf, text } from '../../frame/define-page.ts';
import { readFacts, readKind, readList } from './readers.ts';

export const page = definePage({
  path: 'playground',
  title: 'Playground',
  about: 'Try an exchange: the server decides it as its token endpoint does, and issues nothing.',
  icon: FlaskConical,
  letter: 'p',
  readers: {
    client: text,
    /** Where the subject comes from. Absent in a link that has only `row`: the row fills the form. */
    subject: readKind,
    /** The type of a pasted token; by default, the server guesses it. */
    subjectType: text,
    subjectFacts: readFacts,
    /** The id of a past exchange. */
    row: text,
    actor: readKind,
    actorType: text,
    actorFacts: readFacts,
    actorRow: text,
    audience: readList,
    resource: readList,
    scope: text,
    type: text,
    tab: oneOf('request', 'response', 'token', 'code'),
    language: oneOf('curl', 'TypeScript', 'Python', 'Go', 'Java', 'agentgateway'),
    /** What is open beside the form. */
    open: oneOf('', 'test', 'draft'),
  },
  load: () => import('./PlaygroundPage.tsx'),
});
