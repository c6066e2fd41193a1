// Implements the client_credentials grant (RFC 6749 section 4.4): a client gets a token about itself.

import { authorize } from '../issuing/authorization.ts';
import type { Resource, Targets } from '../model/resource.ts';
import { limitsOf, listedScopes, NOT_AGREED, narrow } from '../narrowing/narrow.ts';
import type { Targeting } from '../narrowing/targets.ts';
import { noteWanted, readScope, readTargets, resolveTargets } from '../narrowing/wanted.ts';
import { Refusal } from '../primitives/refusal.ts';
import { formatProfile } from '../primitives/sub-profile.ts';
import type { Grant, GrantRequest } from './grant.ts';

export const clientCredentials = {
  name: 'client_credentials',
  grantType: 'client_credentials',
  parameters: ['audience', 'resource', 'scope'],
  publicClients: 'never',
  authorize: async (
    { parameters, client, event, now, confirmation }: GrantRequest,
    { targeting }: { readonly targeting: Targeting },
  ) => {
    const wanted = { ...readTargets(parameters), scope: readScope(parameters) };
    noteWanted(event, wanted, targeting);
    const allowed = client.audiences.map(targeting.byAudience).filter((target) => target !== undefined);
    const targets = choose(resolveTargets(wanted, targeting), allowed);
    const bounds = {
      subject: 'unbounded',
      actor: 'unbounded',
      rule: 'unbounded',
      family: 'unbounded',
      delegation: 'unbounded',
      ...NOT_AGREED,
      client: listedScopes(client),
    } as const;
    const limits = limitsOf({ ...bounds, targets, now });
    return authorize({
      // No person signed in, so a target that requires authentication of a person is refused.
      ...narrow({ targets, asked: wanted.scope, limits, authentication: {}, confirmation }),
      type: 'access_token',
      clientId: client.id,
      sub: client.id,
      origin: undefined,
      chain: [],
      mayAct: undefined,
      lineage: [],
      actorLineage: [],
      extraClaims: formatProfile(client.subProfile),
      // Its own token delegates nothing: it counts when it is exchanged.
      leashes: [],
      delegation: undefined,
      rebound: undefined,
      uses: [],
      refresh: undefined,
    });
  },
} as const satisfies Grant;

/** The client's first audience is the default resource (RFC 9068 section 3). */
function choose(asked: readonly Resource[] | 'unknown', allowed: readonly Resource[]): Targets {
  if (asked === 'unknown') throw new Refusal('target_unknown');
  const [first, ...others] = asked.length === 0 ? allowed.slice(0, 1) : asked;
  if (first === undefined) throw new Refusal('target_missing');
  if (!asked.every((target) => allowed.includes(target))) throw new Refusal('target_not_granted');
  return [first, ...others];
}
