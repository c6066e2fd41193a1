// client_credentials (RFC 6749 section 4.4): a client asks for a token about itself.

import { authorize } from '../issuing/authorization.ts';
import type { Resource, Targets } from '../model/resource.ts';
import { checkTargetsAgree, limitsOf, narrowLifetime, narrowScope } from '../narrowing/narrow.ts';
import { noteWanted, readScope, readTargets, resolveTargets } from '../narrowing/wanted.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { Grant } from './grant.ts';

export const clientCredentials = {
  name: 'client_credentials',
  grantType: 'client_credentials',
  parameters: ['audience', 'resource', 'scope'],
  publicClients: 'never',
  authorize: async (parameters, client, event, { targeting, now }) => {
    const request = readTargets(parameters);
    const asked = readScope(parameters);
    noteWanted(event, { ...request, scope: asked }, targeting);
    const allowed = client.audiences.map(targeting.byAudience).filter((target) => target !== undefined);
    const targets = choose(resolveTargets(request, targeting), allowed);
    checkTargetsAgree(targets);
    const limits = limitsOf({ client: { scopes: client.scopes ?? new Set() }, targets, now });
    return authorize({
      type: 'access_token',
      clientId: client.id,
      sub: client.id,
      targets,
      scope: narrowScope(asked, limits, targets),
      lifetime: narrowLifetime(limits),
      chain: [],
      lineage: [],
      actorLineage: [],
      authentication: {},
      extraClaims: {},
      uses: [],
      refresh: undefined,
    });
  },
} as const satisfies Grant;

/** The first audience of the client's entry is the default (RFC 9068 section 3: a default resource is used). */
function choose(asked: readonly Resource[] | 'unknown', allowed: readonly Resource[]): Targets {
  if (asked === 'unknown') throw new Refusal('target_unknown');
  const [first, ...others] = asked.length === 0 ? allowed.slice(0, 1) : asked;
  if (first === undefined) throw new Refusal('target_missing');
  if (!asked.every((target) => allowed.includes(target))) throw new Refusal('target_not_granted');
  return [first, ...others];
}
