// POST /oauth/targets (draft-mcguinness-token-xchg-target-svc-disco): the targets that policy would grant this client now, with the
// subject token that it presents. Issues nothing.
import { authenticateClient } from '../../client-auth/authenticate.ts';
import { clientParameters } from '../../client-auth/index.ts';
import type { AuthenticationRequest } from '../../client-auth/method.ts';
import { refuseGrant } from '../../client-auth/refuse-grant.ts';
import { presentTokens } from '../../exchange/exchange.ts';
import type { RequestedTokenType } from '../../exchange/request.ts';
import { findTargets, type PossibleTarget } from '../../explain/targets.ts';
import { refuseSuspendedClient } from '../../issuing/suspensions.ts';
import type { Client } from '../../model/client.ts';
import { seconds } from '../../primitives/clock.ts';
import { type Parameters, parametersOf, refuseRepeated } from '../../primitives/parameters.ts';
import { recordKnown } from '../../primitives/redact.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { tokenTypeUri } from '../../primitives/token-type.ts';
import { proveHolder } from '../../proof/holder.ts';
import { readAuthenticationRequest } from '../authentication-request.ts';
import { type Endpoint, type Exchange, urlOf } from '../endpoint.ts';

/** The parameters that are read. Others, such as `audience`, are ignored: the answer is about every target. */
const PARAMETERS = ['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type'] as const;
const known = new Set<string>([...PARAMETERS, ...clientParameters]);

/** The types that a target of ours may be asked for. */
const TYPES: readonly RequestedTokenType[] = ['access_token', 'jwt', 'refresh_token'];

export const targetDiscovery = {
  place: 'below',
  path: '/oauth/targets',
  methods: ['POST'],
  face: 'json',
  cors: false,
  nonces: true,
  audit: 'targets',
  metadata: 'token_exchange_target_service_discovery_endpoint',
  answer: async ({ request, services, event }) => {
    const asked = readAuthenticationRequest(request, services);
    refuseRepeated(asked.parameters, known);
    const subjectToken = asked.parameters.get('subject_token');
    const grants = ['token_exchange'];
    const { client, method } = await authenticateClient({ ...asked, subjectToken, grants }, services);
    // The client is named by the subject token, which is not verified yet.
    if (method === 'workload') event.clientClaimed = recordKnown(client.id);
    else Object.assign(event, { client: client.id, clientAuthentication: method });
    if (!client.grants.has('token_exchange')) throw refuseGrant(client, 'token_exchange');
    refuseSuspendedClient(client.id, services);
    if (method === 'none' && !client.publicExchange) throw new Refusal('public_client_not_allowed');
    const now = seconds(services.clock);
    const confirmation = await provenKey({ request, services }, { ...asked, client, now });
    const context = { ...services, now, confirmation };
    const presented = await presentTokens(parametersRead(asked.parameters), client, event, context);
    // A request that is refused costs and shows no more than a refused exchange.
    services.requests.ofDiscovery(client, request.address);
    const found = await findTargets({ ...presented, client }, TYPES, context);
    event.outcome = 'accepted';
    event.targets = [...new Set(found.map(({ audience }) => audience))];
    event.duration = services.clock() - event.time;
    await services.audit.append(event);
    return { status: 200, body: describe(found) };
  },
} as const satisfies Endpoint;

const parametersRead = (parameters: Parameters): Parameters =>
  parametersOf(
    PARAMETERS.flatMap((name) => {
      const value = parameters.get(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );

/** The key that new tokens would be bound to. A proof is for this URL, and is used up: no token is issued with it. */
async function provenKey(
  { request, services }: Pick<Exchange, 'request' | 'services'>,
  {
    client,
    certificate,
    now,
  }: Pick<AuthenticationRequest, 'certificate'> & { readonly client: Client; readonly now: number },
) {
  const { nonces, isUsed, useOnce, issuer } = services;
  const evidence = { dpop: request.headers.dpop?.toString(), certificate };
  const url = urlOf(targetDiscovery, issuer);
  const { confirmation, uses } = await proveHolder(evidence, client, { nonces, isUsed, now, method: 'POST', url });
  for (const { id, expiresAt, replayed } of uses) if (!(await useOnce(id, expiresAt))) throw new Refusal(replayed);
  return confirmation;
}

/** One entry for each target and scope, with the types that it may be asked for. */
function describe(found: readonly PossibleTarget[]) {
  const entries = Map.groupBy(found, ({ audience, server, scope }) => JSON.stringify([server, audience, scope]));
  return [...entries.values()].map(([first, ...more]) => {
    const { audience, server, scope } = first as PossibleTarget;
    return {
      audience: server ?? audience,
      ...(server !== undefined && audience !== server && { resource: audience }),
      ...(scope !== '' && { scope }),
      supported_token_types: [first as PossibleTarget, ...more].map(({ requestedType }) => tokenTypeUri(requestedType)),
    };
  });
}
