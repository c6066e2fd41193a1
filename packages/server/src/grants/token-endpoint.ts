// Handles a token request: the steps that all grants share, in order. A grant cannot skip one.
import type { AuditEvent } from '../audit/event.ts';
import { type AuthenticatedClient, authenticateClient } from '../client-auth/authenticate.ts';
import { clientParameters } from '../client-auth/index.ts';
import type { AuthenticationContext, AuthenticationRequest } from '../client-auth/method.ts';
import { refuseGrant } from '../client-auth/refuse-grant.ts';
import { hideFromStrangers } from '../client-auth/stranger.ts';
import { bindTo } from '../issuing/authorization.ts';
import { type IssuedToken, issue } from '../issuing/issue.ts';
import type { TokenSigner } from '../issuing/signer.ts';
import { refuseSuspendedClient } from '../issuing/suspensions.ts';
import type { ClientDirectory } from '../model/client.ts';
import { seconds } from '../primitives/clock.ts';
import { refuseRepeated } from '../primitives/parameters.ts';
import { recordKnown } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type Holder, type HolderContext, type KeyEvidence, proveHolder } from '../proof/holder.ts';
import type { Grant, GrantServices } from './grant.ts';
import { grants } from './index.ts';

/** What a token request needs: one version of the configuration, and state of the process. */
export interface TokenServices
  extends TokenSigner,
    AuthenticationContext,
    GrantServices,
    Pick<HolderContext, 'nonces' | 'isUsed'> {
  readonly clients: ClientDirectory;
}

export interface TokenRequest extends AuthenticationRequest, KeyEvidence {}

/** RFC 6749 section 5.1, RFC 8693 section 2.2.1. */
export interface TokenResponse {
  readonly access_token: string;
  readonly issued_token_type?: string;
  readonly token_type: IssuedToken['tokenType'];
  readonly expires_in: number;
  readonly scope?: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
}

/** @param event filled as facts become known @throws Refusal */
export async function answerTokenRequest(
  request: TokenRequest,
  event: AuditEvent,
  services: TokenServices,
): Promise<TokenResponse> {
  const { parameters } = request;
  const epoch = services.revocations.epoch();
  refuseRepeated(parameters, knownParameters);
  const grantType = parameters.get('grant_type');
  if (grantType === undefined) throw new Refusal('parameter_missing', { parameter: 'grant_type' });
  const known = byType.get(grantType);
  const subjectToken = parameters.get(known?.grant.standsForClient ?? '');
  const { client, method } = noteClient(
    event,
    await authenticateClient({ ...request, subjectToken, grants: known?.names ?? [] }, services),
  );
  if (known === undefined) throw new Refusal('grant_type_unsupported', { sent: { grant_type: grantType } });
  return await answerClient({ request, known, client, method, epoch }, event, services);
}

interface ClientRequest extends AuthenticatedClient {
  readonly request: TokenRequest;
  readonly known: KnownGrant;
  /** The latest bulk revocation when the request began. */
  readonly epoch: number;
}

async function answerClient(
  { request, known, client, method, epoch }: ClientRequest,
  event: AuditEvent,
  services: TokenServices,
): Promise<TokenResponse> {
  const { parameters } = request;
  const { grant, names } = known;
  event.grant = grant.name;
  const now = seconds(services.clock);
  const identified = method === 'workload' ? 'by the token' : 'by credentials';
  const admit = (): Promise<Holder> => {
    if (!names.some((name) => client.grants.has(name))) throw refuseGrant(client, grant.name);
    refuseSuspendedClient(client.id, services);
    const { publicClients: open } = grant;
    if (method === 'none' && (open === 'never' || (open === 'publicExchange' && !client.publicExchange)))
      throw new Refusal('public_client_not_allowed');
    const { nonces, isUsed, tokenEndpoint: url } = services;
    return proveHolder(request, client, { nonces, isUsed, now, method: 'POST', url });
  };
  const holder = await (grant.standsForClient === 'assertion' ? hideFromStrangers(identified, admit) : admit());
  const { confirmation } = holder;
  event.confirmation = confirmation;
  const decided = await grant.authorize({ parameters, client, identified, event, now, confirmation }, services);
  const authorization = bindTo(decided, holder);
  const issued = await issue(authorization, event, services, { now, epoch });
  return {
    access_token: issued.text,
    ...grant.answer?.(authorization),
    token_type: issued.tokenType,
    expires_in: issued.expiresIn,
    ...(issued.scope !== '' && { scope: issued.scope }),
    ...(issued.refreshToken !== undefined && { refresh_token: issued.refreshToken }),
    ...(issued.idToken !== undefined && { id_token: issued.idToken }),
  };
}

interface KnownGrant {
  readonly grant: Grant;
  /** A client may use the grant with one of these in `grants`. */
  readonly names: readonly string[];
}

const byType: ReadonlyMap<string, KnownGrant> = new Map(
  grants.map((grant: Grant) => [
    grant.grantType,
    { grant, names: grant.impliedBy === undefined ? [grant.name] : [grant.name, grant.impliedBy] },
  ]),
);

const knownParameters = new Set([
  'grant_type',
  ...clientParameters,
  ...grants.flatMap((grant): readonly string[] => grant.parameters),
]);

function noteClient(event: AuditEvent, authenticated: AuthenticatedClient): AuthenticatedClient {
  const { client, method } = authenticated;
  // The client is named by the subject token, which is not verified yet.
  if (method === 'workload') event.clientClaimed = recordKnown(client.id);
  else {
    event.client = client.id;
    event.clientAuthentication = method;
  }
  return authenticated;
}
