// Adds our own members to the library's artifacts, and applies revocations to them. A session, an interaction and a consent store the
// last bulk revocation known when they began; a later one that names their person or client revokes them.
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Revocable } from '../issuing/revocations.ts';
import type { Principal } from '../primitives/principal.ts';
import { settleAgreed } from './agreed-to.ts';
import type { Artifact, ArtifactHooks } from './artifacts.ts';
import type { RequestContext } from './authorization-request.ts';
import { packedRequestOf } from './codes.ts';
import { BROWSER_HEADER } from './library.ts';

interface HookContext extends RequestContext {
  readonly issuer: string;
  /** Called when a person signs out. @param session its handle */
  readonly endSession: (session: string) => Promise<void>;
  /** The last bulk revocation known to this process. */
  readonly epoch: () => number;
  readonly isRevoked: (token: Revocable) => boolean;
  readonly accounts: { readonly originOf: (sub: string) => Principal | undefined };
}

type Library = Pick<Provider, 'Session' | 'Interaction' | 'Grant' | 'use'>;
type Running = { readonly ctx: KoaContextWithOIDC | undefined };

/** Our members that the library must read and write back, by model. */
const CARRIED: Readonly<Record<string, readonly string[]>> = {
  Session: ['epoch'],
  Interaction: ['epoch', 'browser'],
  Grant: ['epoch', 'document'],
};

/** The epoch at the start of each request: a revocation during the request applies to what the request stores. */
export type StartEpochs = WeakMap<object, number>;

export function keepEpochs(provider: Library, began: StartEpochs, { epoch }: Pick<HookContext, 'epoch'>): void {
  for (const model of [provider.Session, provider.Interaction, provider.Grant]) {
    const names = (model as unknown as { readonly IN_PAYLOAD: readonly string[] }).IN_PAYLOAD;
    Object.defineProperty(model, 'IN_PAYLOAD', { value: [...names, ...(CARRIED[model.name] ?? [])] });
  }
  provider.use((ctx, next) => {
    began.set(ctx, epoch());
    return next();
  });
}

export function createArtifactHooks(
  kind: string,
  running: Running,
  began: StartEpochs,
  context: HookContext,
): ArtifactHooks {
  const { endSession, epoch, isRevoked } = context;
  const carries = CARRIED[kind] !== undefined;
  return {
    extra: (payload) => {
      const { ctx } = running;
      const since = (ctx && began.get(ctx)) ?? epoch();
      const settle = (asked: string) =>
        settleAgreed(ctx?.oidc.result, { asked, clientId: payload.clientId ?? '' }, context);
      if (kind === 'AuthorizationCode') {
        const asked = packedRequestOf({ params: ctx?.oidc.params });
        return { epoch: since, params: { asked }, agreed: settle(asked) };
      }
      if (kind === 'DeviceCode')
        return { epoch: since, ...(payload.accountId !== undefined && { agreed: settle(packedRequestOf(payload)) }) };
      if (!carries) return {};
      const browser = kind === 'Interaction' ? ctx?.req.headers[BROWSER_HEADER] : undefined;
      return {
        epoch: (kind === 'Session' ? signedInAt(ctx) : undefined) ?? payload.epoch ?? since,
        ...(browser !== undefined && { browser }),
      };
    },
    // The others may be new rows of an older artifact: a session gets a new id at sign-in.
    isKnown: (payload) => kind === 'Interaction' && payload.epoch !== undefined,
    isRevoked: (artifact) => carries && isRevoked(revocable(artifact, context)),
    // Sessions are also deleted when their id changes. Only a logout ends the session.
    onSessionDeleted: async (session) => {
      if (running.ctx?.oidc.route === 'end_session_confirm' && session !== undefined) await endSession(session);
    },
  };
}

/** If this request signs a person in: the epoch at which the interaction began. */
function signedInAt(ctx: KoaContextWithOIDC | undefined): unknown {
  if (ctx?.oidc.result?.login === undefined) return undefined;
  return (ctx.oidc.entities.Interaction as { readonly epoch?: unknown } | undefined)?.epoch;
}

/** The identities that revocations may name. `id` is the handle that logout revokes. */
function revocable({ row, payload }: Artifact, { issuer, accounts }: HookContext): Revocable {
  const { accountId, clientId, session, result, params, epoch, iat } = payload;
  const { login } = (result ?? {}) as { readonly login?: { readonly accountId?: string } };
  const sub = login?.accountId ?? accountId ?? session?.accountId ?? '';
  const client = clientId ?? params?.client_id;
  return {
    id: row.handle ?? row.id,
    lineage: [],
    actorLineage: [],
    principal: { iss: issuer, sub },
    sub,
    origin: accounts.originOf(sub),
    clientId: typeof client === 'string' ? client : undefined,
    chain: [],
    epoch: typeof epoch === 'number' ? epoch : undefined,
    issuedAt: iat,
  };
}
