// Checks, as far as the text of a mapping shows, that it gives no subject the name of another principal. The rest is checked with each
// token (trust/subject-names.ts).
import type { LiteralStart } from '../expression/literal.ts';
import { prefixOf } from '../primitives/principal.ts';
import { compileValue } from './expressions.ts';
import type { Complain, Path } from './fault.ts';
import { nameOf } from './issuer-name.ts';
import { assertionVariables } from './resolve-saml.ts';
import type { ConfigurationFile } from './schema.ts';

interface MappedIssuer {
  readonly index: number;
  readonly name: string;
  readonly start: LiteralStart;
  /** The people that the issuer shares with other issuers. */
  readonly people: string | undefined;
}

/** @param upstream the name of the upstream provider */
export function checkMappedSubjects(file: ConfigurationFile, upstream: string | undefined, complain: Complain): void {
  const mapped = file.issuers.flatMap((source, index): MappedIssuer[] => {
    const { subject, people } = source;
    const sharesName = file.issuers.some((other) => other !== source && nameOf(other) === nameOf(source));
    if (people !== undefined && subject === undefined && !sharesName)
      complain(
        ['issuers', index, 'people'],
        'people has no effect without subject. Add subject, or remove people.',
        'warning',
      );
    if (subject === undefined) return [];
    const variables = source.saml === undefined ? { claims: 'map' as const } : assertionVariables;
    // A faulty expression is reported elsewhere.
    const { starts } = compileValue(subject, variables, [], () => undefined);
    return [{ index, name: nameOf(source), start: starts, people }];
  });
  const names = new Set([...file.issuers.map(nameOf), ...(upstream === undefined ? [] : [upstream])]);
  for (const one of mapped) checkOwner(one, names, file, complain);
  checkApart(mapped, complain);
}

const pathOf = ({ index }: MappedIssuer): Path => ['issuers', index, 'subject'];

function checkOwner(one: MappedIssuer, names: ReadonlySet<string>, file: ConfigurationFile, complain: Complain): void {
  const { text, whole } = one.start;
  const before = prefixOf(text);
  if (before !== one.name && names.has(before))
    complain(
      pathOf(one),
      `the mapping gives every subject a name of the issuer ${before}. Begin it with "${one.name}:".`,
    );
  if (!whole) return;
  const isTaken =
    file.clients.some(({ id }) => id === text) || file.accounts.some(({ username, sub = username }) => sub === text);
  if (!isTaken)
    complain(
      pathOf(one),
      'the mapping gives everybody of this issuer the same name, so that they are one subject. Add a claim, such as claims.sub.',
      'warning',
    );
  const client = file.clients.findIndex(({ id }) => id === text);
  if (client >= 0)
    complain(
      ['clients', client, 'id'],
      `${JSON.stringify(text)} is also the name that the issuer ${one.name} gives to its subjects. Change one of them.`,
    );
  if (file.accounts.some(({ username, sub = username }) => sub === text))
    complain(
      pathOf(one),
      `the mapping gives the name of the account ${JSON.stringify(text)}. Begin it with "${one.name}:".`,
    );
}

/** If two mappings could give the same name, each issuer could impersonate people of the other. */
function checkApart(mapped: readonly MappedIssuer[], complain: Complain): void {
  let open: MappedIssuer[] = [];
  for (const one of mapped.toSorted((a, b) => (a.start.text < b.start.text ? -1 : 1))) {
    const { text } = one.start;
    // The list is sorted: if this prefix does not match, no later one does.
    open = open.filter(({ start }) => text.startsWith(start.text) && (!start.whole || start.text === text));
    const other = open.find(({ people }) => people === undefined || people !== one.people);
    if (other !== undefined)
      complain(
        pathOf(one),
        `the mapping may give the same names as that of the issuer ${other.name}. Begin each with a text of its own, such as "staff:" + …; or write the same people in both, if both speak of the same people.`,
      );
    open.push(one);
  }
}
