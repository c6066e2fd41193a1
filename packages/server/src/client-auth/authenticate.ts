// Is the caller who it says? Exactly one method in the request, the one that the client is registered for, and proof.

import { newSecret } from '../primitives/random.ts';
import { type Reason, Refusal } from '../primitives/refusal.ts';
import { SecretDigest } from '../primitives/secret.ts';
import type { Client, Clients } from './client.ts';
import type { FailureLimit } from './failure-limit.ts';
import { clientAuthMethods } from './index.ts';
import type { AuthenticationRequest } from './method.ts';

export interface AuthenticatedClient {
  readonly client: Client;
  readonly method: string;
}

/** Compared when the client is unknown, so that unknown and wrong take the same time. */
const nobody: Client = {
  id: '',
  auth: '',
  secrets: [new SecretDigest(newSecret())],
  grants: new Set(),
  audiences: [],
  scopes: undefined,
  resource: undefined,
  saml: undefined,
  disabled: true,
};

/**
 * RFC 6749 sections 2.3 and 3.2.1.
 * @throws Refusal of the `client` and `client_…` answers, authentication_rate
 */
export function authenticateClient(
  request: AuthenticationRequest,
  { clients, failures }: { clients: Clients; failures: FailureLimit },
): AuthenticatedClient {
  const found = clientAuthMethods.flatMap((method) => {
    const credentials = method.read(request);
    return credentials === undefined ? [] : [{ method: method.name, credentials }];
  });
  const [presented] = found;
  if (found.length > 1) throw new Refusal('client_authentication_doubled');
  if (presented === undefined) {
    const bearer = /^Bearer\b/i.test(request.authorization ?? '');
    throw new Refusal(bearer ? 'client_authentication_bearer' : 'client_authentication_missing');
  }
  const { method, credentials } = presented;
  const client = credentials.clientIds.map((id) => clients.get(id)).find((entry) => entry !== undefined);
  const name = client?.id ?? credentials.clientIds[0] ?? '';
  failures.check(name, request.address);
  const proven = credentials.prove(client ?? nobody);
  const reason = whyNot(client, method, proven);
  if (client === undefined || reason !== undefined) {
    failures.failed(name, request.address);
    throw new Refusal(reason ?? 'client_unknown', {
      clientClaimed: name,
      detail: client && `registered for ${client.auth}, sent ${method}`,
    });
  }
  const stated = request.parameters.get('client_id');
  if (stated !== undefined && stated !== client.id) {
    throw new Refusal('client_id_mismatch', { parameter: 'client_id' });
  }
  return { client, method };
}

function whyNot(client: Client | undefined, method: string, proven: boolean): Reason | undefined {
  if (client === undefined) return 'client_unknown';
  if (client.auth !== method) return 'client_method';
  if (!proven) return 'client_credentials';
  return client.disabled ? 'client_disabled' : undefined;
}
