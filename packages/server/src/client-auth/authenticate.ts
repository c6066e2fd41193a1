// Authenticates a client: the request must use exactly one method, the one that the client is registered for, with valid
// credentials.

import { presentedClaims } from '../keys/presented.ts';
import { type Client, isClientId, isPublic } from '../model/client.ts';
import { newSecret } from '../primitives/random.ts';
import { REDACTED, type Recordable, recordKnown, recordName } from '../primitives/redact.ts';
import { Refusal, reasons, TokenRefusal } from '../primitives/refusal.ts';
import { SecretDigest } from '../primitives/secret.ts';
import { step } from '../primitives/tracing.ts';
import { clientAuthMethods } from './index.ts';
import type {
  AuthenticationContext,
  AuthenticationRequest,
  ClientAuthMethod,
  ClientProof,
  Credentials,
} from './method.ts';
import { whyNoWorkload } from './workloads.ts';

export interface AuthenticatedClient {
  readonly client: Client;
  /** The method as the audit row records it: its name, or `workload`. */
  readonly method: string;
}

/** Stands in for an unknown client, so that an unknown client and a wrong secret take the same time. */
export const decoyClient: Client = {
  id: '',
  auth: [],
  secrets: [new SecretDigest(newSecret())],
  grants: new Set(),
  audiences: [],
  scopes: new Set(),
  resource: undefined,
  saml: undefined,
  limits: 'unbounded',
  dpopBoundAccessTokens: false,
  certificateBoundAccessTokens: false,
  redirectUris: [],
  pkce: 'required',
  postLogoutRedirectUris: [],
  refreshLifetime: 0,
  disabled: true,
};

/**
 * Implements RFC 6749 sections 2.3 and 3.2.1. A single-use assertion is used up here, even if the request fails later.
 * @throws Refusal of the `client` and `client_…` answers, authentication_rate, client_rate, store_unavailable, issuer_unavailable
 */
export const authenticateClient = (
  request: AuthenticationRequest,
  context: AuthenticationContext,
): Promise<AuthenticatedClient> => step('authenticate', () => authenticate(request, context));

async function authenticate(
  request: AuthenticationRequest,
  context: AuthenticationContext,
): Promise<AuthenticatedClient> {
  context.freshness.check();
  const describe = context.clients.describeThemselves;
  // Without credentials, the client that the request names says how it authenticates.
  if (describe) await readDescription([request.parameters.get('client_id') ?? ''], request, context);
  const { method, credentials } = readCredentials(request, context);
  if (describe) await readDescription(credentials.clientIds, request, context);
  const { clients, failures } = context;
  // All texts that are not valid client ids share one count, and none is recorded.
  const ids = credentials.clientIds.filter(isClientId);
  const client = ids.map((id) => clients.get(id)).find((entry) => entry !== undefined);
  const name = client?.id ?? ids[0] ?? '';
  /** An unknown id may be a misplaced secret, which must not be recorded. */
  const claimed = (): Recordable | undefined => {
    if (client !== undefined) return recordKnown(client.id);
    const isSwapped = credentials.secrets?.some((secret) => clients.has(secret));
    return isSwapped ? REDACTED : name === '' ? undefined : recordName(name);
  };
  failures.check(name, request.address, claimed);
  try {
    const { singleUse, as = method } = await prove(client, method, credentials, context);
    if (client === undefined) throw new Refusal('client_unknown');
    if (client.disabled) throw new Refusal(isPublic(client) ? 'public_client_disabled' : 'client_disabled');
    const stated = request.parameters.get('client_id');
    if (stated !== undefined && stated !== client.id)
      throw new Refusal('client_id_mismatch', {
        parameter: 'client_id',
        detail: `${client.id} authenticated`,
        // An unknown id may be a misplaced secret.
        sent: { client_id: context.clients.has(stated) ? stated : undefined },
      });
    context.requests.ofClient(client, request.address);
    if (singleUse !== undefined && !(await context.useOnce(singleUse.id, singleUse.expiresAt)))
      throw new Refusal('client_assertion_replayed');
    return { client, method: as };
  } catch (thrown) {
    // Read the assertion for every reason: the time that it takes must not show which clients exist.
    const presented = presentedClaims(request.parameters.get('client_assertion') ?? '');
    const error = thrown instanceof TokenRefusal ? thrown.asAssertion(presented) : thrown;
    if (!(error instanceof Refusal) || reasons[error.reason].answer !== 'client') throw error;
    failures.failed(name, request.address);
    throw new Refusal(error.reason, {
      clientClaimed: claimed(),
      detail: error.detail,
      sent: { ...presented, ...error.sent },
      cause: error,
    });
  }
}

/** Reads the descriptions of clients without an entry. @throws Refusal client_document_…, authentication_rate, store_unavailable */
async function readDescription(
  ids: readonly string[],
  { address }: AuthenticationRequest,
  { clients, failures }: AuthenticationContext,
): Promise<void> {
  for (const id of ids) {
    if (!clients.isDescribed(id)) continue;
    failures.check(id, address, () => recordName(id));
    try {
      await clients.find(id);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      failures.failed(id, address);
      throw new Refusal(error.reason, { clientClaimed: recordName(id), detail: error.detail, cause: error });
    }
  }
}

const methods: readonly ClientAuthMethod[] = clientAuthMethods;
const byCredentials = methods.filter(({ recognizedBy }) => recognizedBy === 'credentials');
const overTls = methods.find(({ over }) => over === 'tls');
const byEntry = methods.filter(({ recognizedBy }) => recognizedBy === 'entry');

interface Presented {
  readonly method: string;
  readonly credentials: Credentials;
}

function readCredentials(request: AuthenticationRequest, context: AuthenticationContext): Presented {
  let shown: Presented | undefined;
  let isDoubled = false;
  for (const method of byCredentials) {
    const credentials = method.read(request, context);
    if (credentials === undefined) continue;
    isDoubled ||= shown !== undefined;
    shown = { method: method.name, credentials };
  }
  if (isDoubled) throw new Refusal('client_authentication_doubled');
  if (shown !== undefined) return shown;
  if (/^Bearer\b/i.test(request.authorization ?? '')) throw new Refusal('client_authentication_bearer');
  // Without credentials: the method of the named client, or of a client that need not be named.
  const id = request.parameters.get('client_id');
  const auth = id === undefined ? ['none'] : context.clients.get(id)?.auth;
  const method = byEntry.find(({ name }) => auth?.includes(name));
  // A certificate is verified whichever client is named, so that the answer does not show which clients have one.
  const byCertificate = id !== undefined && request.certificate !== undefined ? overTls : undefined;
  const chosen = method ?? byCertificate;
  const credentials = chosen?.read(request, context);
  if (chosen === undefined || credentials === undefined) {
    const { subjectToken } = request;
    // The token of a workload can identify a client that is not named.
    if (id !== undefined || subjectToken === undefined)
      throw new Refusal('client_authentication_missing', { detail: context.clients.whyNotDescribed(id ?? '') });
    const detail = whyNoWorkload(subjectToken, context);
    throw new Refusal('client_authentication_missing', { detail, sent: presentedClaims(subjectToken) });
  }
  return { method: chosen.name, credentials };
}

/** Credentials for another method than the client's prove nothing. */
function prove(
  client: Client | undefined,
  method: string,
  credentials: Credentials,
  context: AuthenticationContext,
): ClientProof | Promise<ClientProof> {
  if (client?.auth.includes(method)) return credentials.prove(client, context);
  return proveNothing(client, method, credentials, context);
}

/** Verifies the credentials against a decoy, so that they take as long. */
async function proveNothing(
  client: Client | undefined,
  method: string,
  credentials: Credentials,
  context: AuthenticationContext,
): Promise<never> {
  try {
    await credentials.prove(decoyClient, context);
  } catch {}
  if (client === undefined) throw new Refusal('client_unknown');
  throw new Refusal('client_method', { detail: `registered for ${client.auth.join(' and ')}, sent ${method}` });
}
