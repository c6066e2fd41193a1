// The forms of entries of the file that operations of the admin API take, too.
import { clientEntry } from './schema.ts';
import { testSubject, testToken } from './schema-tests.ts';

export const operationForms = { clientEntry, subjectFacts: testSubject, actorFacts: testToken };
