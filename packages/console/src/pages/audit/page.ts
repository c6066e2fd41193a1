// Describes the page of the audit log.
import { ScrollText } from 'lucide-react';
import { definePage, oneOf, text } from '../../frame/define-page.ts';

export const page = definePage({
  path: 'audit',
  title: 'Audit',
  about: 'Every token that was issued, every refusal and every change, newest first.',
  icon: ScrollText,
  letter: 'a',
  readers: {
    /** The row that is open, by the id of its request. */
    request: text,
    client: text,
    subject: text,
    actor: text,
    /** A party at any position: the subject, an actor or the client. */
    chain: text,
    issuer: text,
    target: text,
    outcome: text,
    reason: text,
    rule: text,
    token: text,
    /** ISO times. */
    since: text,
    until: text,
    live: oneOf('off', 'on'),
  },
  load: () => import('./AuditPage.tsx'),
});
