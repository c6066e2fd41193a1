// POST /oauth/par (RFC 9126) and /oauth/device_authorization (RFC 8628 section 3.1): requests of a client without a browser.
import type { AuditEvent } from '../../audit/event.ts';
import { authenticateClient } from '../../client-auth/authenticate.ts';
import { clientParameters } from '../../client-auth/index.ts';
import type { Client } from '../../model/client.ts';
import { seconds } from '../../primitives/clock.ts';
import { type Parameters, refuseRepeated } from '../../primitives/parameters.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { useProof } from '../../proof/holder.ts';
import { authorizationParameters, authorizeDevice, pushAuthorization } from '../../sign-in/authorization.ts';
import type { SignIn } from '../../sign-in/sign-in.ts';
import { readAuthenticationRequest } from '../authentication-request.ts';
import { type Endpoint, type Exchange, urlOf } from '../endpoint.ts';

const known = new Set([...authorizationParameters, ...clientParameters]);

type Push = (parameters: Parameters, client: Client, event: AuditEvent, signIn: SignIn) => Promise<unknown>;

const pushEndpoint = (path: string, audit: Endpoint['audit'], metadata: string, status: number, push: Push) =>
  ({
    place: 'below',
    path,
    methods: ['POST'],
    isThere: ({ people }) => people !== undefined,
    face: 'json',
    cors: false,
    nonces: true,
    audit,
    metadata,
    answer: async ({ request, services, event }) => {
      const { people, clock } = services;
      if (people === undefined) throw new Refusal('path_unknown');
      const asked = readAuthenticationRequest(request, services);
      refuseRepeated(asked.parameters, known);
      const { client, method } = await authenticateClient(asked, services);
      event.client = client.id;
      event.clientAuthentication = method;
      const parameters = await withProvenKey(asked.parameters, path, { request, services });
      const body = await push(parameters, client, event, people);
      event.duration = clock() - event.time;
      await services.audit.append(event);
      return { status, body };
    },
  }) as const satisfies Endpoint;

/** RFC 9449 section 10.1: a proof has the same effect as dpop_jkt. If both are present, they must agree. */
async function withProvenKey(
  parameters: Parameters,
  path: string,
  { request, services }: Pick<Exchange, 'request' | 'services'>,
): Promise<Parameters> {
  const proof = request.headers.dpop?.toString();
  if (proof === undefined) return parameters;
  const { issuer, clock, nonces, useOnce } = services;
  const url = urlOf({ place: 'below', path }, issuer);
  const { jkt } = await useProof(proof, { method: 'POST', url, now: seconds(clock), nonces, useOnce });
  if ((parameters.get('dpop_jkt') ?? jkt) !== jkt) throw new Refusal('dpop_other_key');
  const { get, all } = parameters;
  return {
    ...parameters,
    get: (name) => (name === 'dpop_jkt' ? jkt : get(name)),
    all: (name) => (name === 'dpop_jkt' ? [jkt] : all(name)),
  };
}

export const par = pushEndpoint('/oauth/par', 'par', 'pushed_authorization_request_endpoint', 201, pushAuthorization);

export const deviceAuthorization = pushEndpoint(
  '/oauth/device_authorization',
  'device_authorization',
  'device_authorization_endpoint',
  200,
  authorizeDevice,
);
