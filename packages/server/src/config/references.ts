// Words a name that no entry of the file has, with the nearest one that some entry has.
import { didYouMean } from '../primitives/nearest.ts';

const KINDS = {
  client: { what: 'client', add: 'Add it to clients.' },
  resource: { what: 'resource with the audience', add: 'Add it to resources.' },
  issuer: { what: 'issuer', add: 'Write self, or the issuer, the trustDomain or the name of an entry of issuers.' },
  trustDomain: { what: 'issuer with the trustDomain', add: 'Add it to issuers.' },
} as const;

/** More names that are not known have a cause that no suggestion mends, and each is compared with every known name. */
const MAX_SUGGESTIONS = 100;

/** @returns words a name that is none of the known ones */
export function createNameWording(kind: keyof typeof KINDS, known: readonly string[]): (name: string) => string {
  let count = 0;
  return (name) => wordUnknownName(kind, name, ++count > MAX_SUGGESTIONS ? [] : known);
}

export function wordUnknownName(kind: keyof typeof KINDS, name: string, known: Iterable<string>): string {
  const { what, add } = KINDS[kind];
  return `there is no ${what} ${JSON.stringify(name)}.${didYouMean(name, known) || ` ${add}`}`;
}
