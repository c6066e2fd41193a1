// Resolves `console`: its client, and who may use it. No other party may have the name of that client.
import type { Clients } from '../model/client.ts';
import { CONSOLE_CLIENT, consoleClient } from '../model/console.ts';
import { adminAudience, type Resource } from '../model/resource.ts';
import type { OperatorEntry } from '../sign-in/operators.ts';
import { readOperatorCondition } from './expressions.ts';
import { createNameDescriber } from './references.ts';
import type { ConfigurationFile } from './schema.ts';
import type { Surroundings } from './source.ts';
import { RESERVED_CLIENT } from './wording.ts';

/** Checks the reserved name, with the section or without. @returns the clients, with the console if the file has the section */
export function addConsole(
  clients: Clients,
  { console: section, clients: entries, accounts, issuer }: ConfigurationFile,
  { complain }: Pick<Surroundings, 'complain'>,
): Clients {
  for (const [index, { id }] of entries.entries())
    if (id === CONSOLE_CLIENT) complain(['clients', index, 'id'], RESERVED_CLIENT);
  for (const [index, { username, sub = username }] of accounts.entries())
    if ([username, sub].includes(CONSOLE_CLIENT)) complain(['accounts', index, 'username'], RESERVED_CLIENT);
  if (section === undefined) return clients;
  return new Map([...clients, [CONSOLE_CLIENT, consoleClient(issuer)]]);
}

/** @returns undefined without the section: then there is no console */
export function resolveConsole(
  file: ConfigurationFile,
  resources: readonly Resource[],
  upstream: { readonly name: string } | undefined,
  { complain, unsure }: Pick<Surroundings, 'complain' | 'unsure'>,
): readonly OperatorEntry[] | undefined {
  const { console: section, issuer, accounts } = file;
  if (section === undefined) return undefined;
  const audience = adminAudience(issuer);
  const resource = resources.find((one) => one.audience === audience);
  if (resource === undefined && !unsure.name('resources', audience))
    complain(
      ['console'],
      `the console uses the admin API, and resources has no ${audience}. Add { audience: ${audience}, scopes: [admin:read, admin:write] } to resources.`,
      'fault',
      'key',
      'resources',
    );
  if (accounts.length === 0 && upstream === undefined && !unsure.key('accounts') && !unsure.key('upstream'))
    complain(['console'], 'nobody can sign in: there are no accounts and no upstream. Add one.', 'fault', 'key');
  const describeUnknown = createNameDescriber(
    'account',
    accounts.map(({ username }) => username),
  );
  return section.operators.map(({ account, when, scopes }, index) => {
    const path = ['console', 'operators', index] as const;
    for (const [place, scope] of scopes.entries())
      if (resource !== undefined && !resource.scopes.has(scope))
        complain(
          [...path, 'scopes', place],
          `the resource ${audience} has no scope ${scope}. Add it to its scopes, or remove it here.`,
        );
    const given = new Set<string>(scopes);
    if (when !== undefined) return { who: readOperatorCondition(when, [...path, 'when'], complain), scopes: given };
    const name = account ?? '';
    const [found, another] = accounts.filter(({ username, sub = username }) => name === username || name === sub);
    if (another !== undefined)
      complain(
        [...path, 'account'],
        `${JSON.stringify(name)} is the username of one account and the subject of another. Write the other name of the account that you mean.`,
      );
    const isUpstream = upstream !== undefined && name.startsWith(`${upstream.name}:`);
    if (found === undefined && !isUpstream && !unsure.key('accounts') && !unsure.key('upstream'))
      complain([...path, 'account'], describeUnknown(name));
    return { who: found?.sub ?? found?.username ?? name, scopes: given };
  });
}
