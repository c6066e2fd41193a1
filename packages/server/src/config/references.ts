// Describes a name that no entry of the file has, with the nearest existing one.
import { didYouMean } from '../primitives/nearest.ts';

const KINDS = {
  client: { what: 'client', add: 'Add it to clients.' },
  resource: { what: 'resource with the audience', add: 'Add it to resources.' },
  account: { what: 'account', add: 'Add it to accounts, or write NAME:SUB for a person of upstream.' },
  issuer: { what: 'issuer', add: 'Write self, or the issuer, the trustDomain or the name of an entry of issuers.' },
  trustDomain: { what: 'issuer with the trustDomain', add: 'Add it to issuers.' },
} as const;

/** Further unknown names get no suggestion: each costs a comparison with all names, and they probably have one cause. */
const MAX_SUGGESTIONS = 100;

/** Describes an unknown name. `mayMean` limits the suggestions to the names that the file with the name can use. */
export type DescribeName = (name: string, mayMean?: (known: string) => boolean) => string;

export function createNameDescriber(kind: keyof typeof KINDS, known: readonly string[]): DescribeName {
  let count = 0;
  return (name, mayMean = () => true) =>
    describeUnknownName(kind, name, ++count > MAX_SUGGESTIONS ? [] : known.filter(mayMean));
}

export function describeUnknownName(kind: keyof typeof KINDS, name: string, known: Iterable<string>): string {
  const { what, add } = KINDS[kind];
  return `there is no ${what} ${JSON.stringify(name)}.${didYouMean(name, known) || ` ${add}`}`;
}
