// Finds the owner of a name in tokens: a client, an account, or a subject of another issuer. A name has one owner.
import { CONSOLE_CLIENT } from '../model/console.ts';
import { prefixOf } from '../primitives/principal.ts';
import type { Path } from './fault.ts';
import { couldBeForeign, RESERVED_CLIENT } from './wording.ts';

export interface Taken {
  /** The place in the file that has the name. */
  readonly path: Path;
  readonly message: string;
}

export interface NamedPrincipal {
  readonly accounts: readonly { readonly username: string; readonly sub: string }[];
  /** The names of issuers, which are the prefixes of their subjects. */
  readonly issuers: readonly { readonly name: string }[];
  readonly upstream: { readonly name: string } | undefined;
}

/** @returns a function that finds the other principal that has, or could have, a client id */
export function findTaken({ accounts, issuers, upstream }: NamedPrincipal): (id: string) => Taken | undefined {
  const indexes = new Map(
    accounts.flatMap(({ username, sub }, index) => [[username, index] as const, [sub, index] as const]),
  );
  const prefixes = new Map<string, Path>(issuers.map(({ name }) => [name, ['issuers']]));
  if (upstream !== undefined) prefixes.set(upstream.name, ['upstream']);
  return (id) => {
    if (id === CONSOLE_CLIENT) return { path: ['console'], message: RESERVED_CLIENT };
    const index = indexes.get(id);
    if (index !== undefined)
      return {
        path: ['accounts', index],
        message: `an account has the name ${JSON.stringify(id)} too, and tokens could not tell them apart. Rename one of them.`,
      };
    const before = prefixOf(id);
    const path = prefixes.get(before);
    return path && { path, message: couldBeForeign(id, before) };
  };
}
