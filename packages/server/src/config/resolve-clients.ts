// Resolves the clients of the file, and checks that the keys of each entry fit together.
import { grants, SIGN_IN_GRANTS } from '../grants/index.ts';
import type { Client } from '../model/client.ts';
import type { Resource } from '../model/resource.ts';
import { indexAudiences, type Targeting } from '../narrowing/targets.ts';
import type { Complain, Path } from './fault.ts';
import { readLogo } from './logo.ts';
import { checkRedirects } from './redirects.ts';
import { createNameDescriber } from './references.ts';
import { readLimits } from './resolve-actors.ts';
import { checkIndexed, resolveAuthentication } from './resolve-authentication.ts';
import { readWebsite } from './resolve-branding.ts';
import type { ClientSource, ConfigurationFile } from './schema.ts';
import { elsewhere, type Surroundings } from './source.ts';
import { createTeams } from './team.ts';

/** An API that only introspects needs no grant. */
const NO_GRANTS = `is an empty list, and only the client of an API needs no grant. Write resource, or a list of one or more of ${grants.map(({ name }) => name).join(', ')}.`;

export function resolveClients(
  file: ConfigurationFile,
  resources: readonly Resource[],
  around: Surroundings,
): ReadonlyMap<string, Client> {
  const byAudience = indexAudiences(resources);
  const describeUnknownAudience = createNameDescriber(
    'resource',
    resources.map(({ audience }) => audience),
  );
  const teamOf = createTeams(file, around.originOf);
  const clients = new Map<string, Client>();
  for (const [index, entry] of file.clients.entries()) {
    const path: Path = ['clients', index];
    const mayMean = teamOf('clients', index)?.mayMean.resource;
    const twin: Path = ['clients', file.clients.findIndex(({ id }) => id === entry.id)];
    if (clients.has(entry.id))
      around.complain(
        [...path, 'id'],
        `another client${elsewhere(path, twin, around)} has the id ${JSON.stringify(entry.id)}. Give each client its own.`,
        'fault',
        'value',
        [...twin, 'id'],
      );
    if (entry.id.includes('*') && around.originOf(path).limits === undefined)
      around.complain(
        [...path, 'id'],
        `${JSON.stringify(entry.id)} has a *, which stands for any text in the actors of a rule and in limits. Give the client an id without it.`,
        'warning',
      );
    const checkAudience = (name: string, at: Path): void => {
      if (byAudience(name) === undefined && !around.unsure.name('resources', name))
        around.complain([...path, ...at], describeUnknownAudience(name, mayMean), 'fault', 'value', 'resources');
    };
    for (const [place, audience] of entry.audiences.entries()) checkAudience(audience, ['audiences', place]);
    if (entry.resource !== undefined) checkAudience(entry.resource, ['resource']);
    const resource = entry.resource === undefined ? undefined : byAudience(entry.resource)?.audience;
    if (entry.grants.length === 0 && entry.resource === undefined) around.complain([...path, 'grants'], NO_GRANTS);
    checkRedirects(entry, path, around.complain);
    checkAudienceOfIdTokens(entry, byAudience, [...path, 'id'], around.complain);
    clients.set(entry.id, {
      id: entry.id,
      name: entry.name,
      logo: entry.logo === undefined ? undefined : readLogo(entry.logo, [...path, 'logo'], around),
      uri: readWebsite(entry.uri, [...path, 'uri'], around.complain),
      auth: entry.auth,
      ...resolveAuthentication(entry, path, file, around),
      grants: new Set(entry.grants),
      audiences: entry.audiences,
      scopes: entry.scopes === undefined ? 'unbounded' : new Set(entry.scopes),
      resource,
      saml: entry.saml,
      subProfile: entry.subProfile,
      dpopBoundAccessTokens: entry.dpopBoundAccessTokens,
      certificateBoundAccessTokens: entry.certificateBoundAccessTokens,
      redirectUris: entry.redirectUris,
      anyLocalhostPort: entry.anyLocalhostPort,
      pkce: entry.pkce,
      postLogoutRedirectUris: entry.postLogoutRedirectUris,
      refreshLifetime: entry.refreshLifetime,
      disabled: entry.disabled,
      limits: entry.limits === undefined ? 'unbounded' : readLimits(entry.limits),
    });
  }
  checkIndexed(clients.values(), around.complain);
  return clients;
}

/** A verifier that knows no `typ` but JWT tells an ID token from an access token by `aud` alone. */
function checkAudienceOfIdTokens(
  { id, grants }: ClientSource,
  byAudience: Targeting['byAudience'],
  path: Path,
  complain: Complain,
): void {
  if (byAudience(id)?.token.typ === undefined || !grants.some((grant) => SIGN_IN_GRANTS.has(grant))) return;
  complain(
    path,
    `${JSON.stringify(id)} is also the audience of a resource with typ: JWT, whose API would accept ID tokens of this client as access tokens. Give the client another id, or remove typ.`,
  );
}
