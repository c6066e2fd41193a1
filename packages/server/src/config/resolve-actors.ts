// Resolves the limits of clients and actors.
import type { LeashLimits } from '../model/leash.ts';
import type { ActorEntry } from '../narrowing/leashes.ts';
import { matchesPattern } from '../primitives/pattern.ts';
import { indexIssuerNames } from './issuer-name.ts';
import { createNameDescriber } from './references.ts';
import type { ConfigurationFile } from './schema.ts';
import type { LimitsSource } from './schema-actors.ts';
import type { Surroundings } from './source.ts';

export const readLimits = ({ perMinute, perDay, delegation, descendants }: LimitsSource): LeashLimits => ({
  perMinute: perMinute ?? 'unbounded',
  perDay: perDay ?? 'unbounded',
  delegation: delegation ?? 'unbounded',
  descendants: descendants ?? 'unbounded',
});

/** An unknown issuer is a fault here, because the limits would hold nobody. */
export function resolveActors(
  file: ConfigurationFile,
  issuers: readonly { readonly issuer: string; readonly name: string }[],
  { complain, unsure }: Pick<Surroundings, 'complain' | 'unsure'>,
): readonly ActorEntry[] {
  const known = indexIssuerNames(file.issuer, issuers);
  const describeIssuer = createNameDescriber('issuer', [...known.keys()]);
  const names = new Set<string>();
  return file.actors.map((entry, index) => {
    const { name, clients = [], issuer = [], subjects = [], each } = entry;
    const path = ['actors', index] as const;
    if (names.has(name))
      complain([...path, 'name'], `another actor has the name ${JSON.stringify(name)}. Give each actor its own.`);
    names.add(name);
    for (const one of issuer)
      if (!known.has(one) && !unsure.name('issuers', one))
        complain([...path, 'issuer'], describeIssuer(one), 'fault', 'value', 'issuers');
    warnOfStrangers(clients, file, (message) => complain([...path, 'clients'], message, 'warning'));
    return {
      name,
      clients,
      issuers: new Set(issuer.flatMap((one) => known.get(one) ?? one)),
      subjects,
      count: each ? 'each' : 'together',
      limits: readLimits(entry.limits),
    };
  });
}

/** Warns of patterns that match no client of the file. Others may be registered while the server runs. */
function warnOfStrangers(
  patterns: readonly string[],
  { clients }: Pick<ConfigurationFile, 'clients'>,
  warn: (message: string) => void,
): void {
  for (const pattern of patterns) {
    if (!clients.some(({ id }) => matchesPattern(pattern, id)))
      warn(`no client of the file is ${JSON.stringify(pattern)}. Add the client, or correct the pattern.`);
  }
}
