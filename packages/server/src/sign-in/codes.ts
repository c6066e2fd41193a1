// Reads authorization codes and device codes for the token endpoint, without the library.
import type { AdapterPayload } from 'oidc-provider';
import type { Agreement, AuthorizationCode, Code, DeviceCode, PersonRights, SignInCodes } from '../model/agreement.ts';
import { redactTokens } from '../primitives/redact.ts';
import { pollArtifact } from '../store/sign-in-artifacts.ts';
import { orUnavailable } from '../store/store.ts';
import { authenticationClaims } from '../subject-tokens/claims.ts';
import type { Accounts } from './accounts.ts';
import { type AgreedTo, agreedTo } from './agreed-to.ts';
import { type Artifact, type ArtifactContext, artifactId, readOwned, sessionHandle } from './artifacts.ts';
import { evaluateRequest, keyOf, type RequestContext, requireActor } from './authorization-request.ts';
import { CODE_SECONDS, DEVICE_CODE_SECONDS } from './lifetimes.ts';
import { shownClaims } from './person.ts';

export interface CodeContext extends ArtifactContext, RequestContext {
  readonly accounts: Accounts;
  readonly operators: PersonRights | undefined;
}

export function createCodes(context: CodeContext): SignInCodes {
  const { store, clock, own, accounts, operators } = context;
  const find = (kind: string, text: string) => readOwned('id', artifactId(kind, text), context);
  return {
    own,
    operators,
    findAuthorizationCode: async (text) => {
      const found = await find('AuthorizationCode', text);
      return found && readAuthorizationCode(found, context);
    },
    findDeviceCode: async (text) => {
      const found = await find('DeviceCode', text);
      return found && readDeviceCode(found, context);
    },
    findClient: (id, seen) => context.clients.find(id, seen),
    poll: ({ artifact }) => orUnavailable(pollArtifact(store, artifact, clock())),
    hasAccount: async ({ sub, origin }) =>
      origin?.iss === accounts.originOf(sub)?.iss && (await accounts.find(sub)) !== undefined,
  };
}

/** @param lifetime in seconds */
function readCode({ row, payload }: Artifact, lifetime: number): Code {
  const expiresAt = Math.floor(Number(row.expires_at) / 1000);
  return {
    artifact: row.id,
    id: row.id,
    clientId: payload.clientId ?? '',
    epoch: typeof payload.epoch === 'number' ? payload.epoch : undefined,
    issuedAt: expiresAt - lifetime,
    expiresAt,
    consumed: row.consumed_at !== null,
  };
}

async function readAuthorizationCode(found: Artifact, context: CodeContext): Promise<AuthorizationCode | undefined> {
  const { redirectUri = '', codeChallenge } = found.payload;
  const agreement = await readAgreement(found, context);
  return agreement && { ...readCode(found, CODE_SECONDS), redirectUri, codeChallenge, agreement };
}

async function readDeviceCode(found: Artifact, context: CodeContext): Promise<DeviceCode> {
  const { accountId, error, errorDescription = '' } = found.payload;
  const agreement = accountId === undefined ? undefined : await readAgreement(found, context);
  if (error === undefined) return { ...readCode(found, DEVICE_CODE_SECONDS), agreement, fault: undefined };
  // The person refused, or the request had a fault that only the signed-in person saw.
  return {
    ...readCode(found, DEVICE_CODE_SECONDS),
    agreement: error === 'access_denied' ? 'refused' : 'failed',
    fault: redactTokens(errorDescription),
  };
}

/** @returns undefined if the client no longer exists */
async function readAgreement({ row, payload }: Artifact, context: CodeContext): Promise<Agreement | undefined> {
  const { clientId = '', accountId = '', sessionUid = '', nonce } = payload;
  const client = context.clients.get(clientId);
  if (client === undefined) return undefined;
  // An earlier version stored only the request.
  const agreed =
    (payload.agreed as AgreedTo | undefined) ?? agreedTo(evaluateRequest(packedRequestOf(payload), client, context));
  const { targets, scope, document, actor } = await requireActor(agreed, context.clients);
  const session = sessionHandle(sessionUid);
  const stored = await readOwned('handle', session, context);
  const account = await context.accounts.find(accountId);
  return {
    id: row.id,
    clientId,
    sub: accountId,
    origin: context.accounts.originOf(accountId),
    scope,
    targets,
    authentication: authenticationClaims({ acr: payload.acr, amr: payload.amr, auth_time: payload.authTime }),
    ...(nonce !== undefined && { nonce }),
    document,
    claims: account === undefined ? {} : shownClaims(account),
    ...(actor !== undefined && { actor }),
    confirmation: keyOf(packedRequestOf(payload)),
    session: { id: session, expiresAt: Math.floor(Number(stored?.row.expires_at ?? 0) / 1000) },
  };
}

/** The packed request. */
export const packedRequestOf = ({ params }: Pick<AdapterPayload, 'params'>): string =>
  typeof params?.asked === 'string' ? params.asked : '';
