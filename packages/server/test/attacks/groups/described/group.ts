// M: can a document that a stranger publishes make the server fetch, trust or redirect where it must not?
import { group } from '../../group.ts';
import { documents } from './documents.ts';
import { identifiers } from './identifiers.ts';
import { registrations } from './registrations.ts';
import { open } from './world.ts';

export const described = group('M', 'described', open, { ...identifiers, ...documents, ...registrations });
