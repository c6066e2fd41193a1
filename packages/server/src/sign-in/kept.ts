// What is kept beside the library's own members, and what of it do revocations end? A session, an interaction and a consent keep
// which revocations were known when they began, and are not found once a later one names them.
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Revocable } from '../issuing/revocations.ts';
import type { Principal } from '../primitives/principal.ts';
import { settleAgreed } from './agreed-to.ts';
import type { Artifact, Kept } from './artifacts.ts';
import type { AskedContext } from './authorization-request.ts';
import { askedOf } from './codes.ts';
import { BROWSER_HEADER } from './library.ts';

interface KeptContext extends AskedContext {
  readonly issuer: string;
  /** Told when a session ends because its owner left. @param session its handle */
  readonly endSession: (session: string) => Promise<void>;
  /** The last revocation of many tokens that is known here. */
  readonly epoch: () => number;
  readonly isRevoked: (token: Revocable) => boolean;
  readonly accounts: { readonly originOf: (sub: string) => Principal | undefined };
}

type Library = Pick<Provider, 'Session' | 'Interaction' | 'Grant' | 'use'>;
type Running = { readonly ctx: KoaContextWithOIDC | undefined };

/** What the library reads of these models, and writes again. */
const CARRIED: Readonly<Record<string, readonly string[]>> = {
  Session: ['epoch'],
  Interaction: ['epoch', 'browser'],
  Grant: ['epoch'],
};

/** Epochs in which requests began: what was revoked during one ends what it leaves behind. */
export type Began = WeakMap<object, number>;

export function keepEpochs(provider: Library, began: Began, { epoch }: Pick<KeptContext, 'epoch'>): void {
  for (const model of [provider.Session, provider.Interaction, provider.Grant]) {
    const names = (model as unknown as { readonly IN_PAYLOAD: readonly string[] }).IN_PAYLOAD;
    Object.defineProperty(model, 'IN_PAYLOAD', { value: [...names, ...(CARRIED[model.name] ?? [])] });
  }
  provider.use((ctx, next) => {
    began.set(ctx, epoch());
    return next();
  });
}

export function describeKept(kind: string, running: Running, began: Began, context: KeptContext): Kept {
  const { endSession, epoch, isRevoked } = context;
  const carries = CARRIED[kind] !== undefined;
  return {
    extra: (payload) => {
      const { ctx } = running;
      const since = (ctx && began.get(ctx)) ?? epoch();
      const settle = (asked: string) =>
        settleAgreed(ctx?.oidc.result, { asked, clientId: payload.clientId ?? '' }, context);
      if (kind === 'AuthorizationCode') {
        const asked = askedOf({ params: ctx?.oidc.params });
        return { epoch: since, params: { asked }, agreed: settle(asked) };
      }
      if (kind === 'DeviceCode')
        return { epoch: since, ...(payload.accountId !== undefined && { agreed: settle(askedOf(payload)) }) };
      if (!carries) return {};
      const browser = kind === 'Interaction' ? ctx?.req.headers[BROWSER_HEADER] : undefined;
      return {
        epoch: (kind === 'Session' ? signedInAt(ctx) : undefined) ?? payload.epoch ?? since,
        ...(browser !== undefined && { browser }),
      };
    },
    // The others may be new rows of what began before: a session moves to a new id when somebody signs in.
    isKnown: (payload) => kind === 'Interaction' && payload.epoch !== undefined,
    isRevoked: (artifact) => carries && isRevoked(revocable(artifact, context)),
    // A session whose cookie changes is written anew and goes on; one that its owner leaves ends.
    ends: async (session) => {
      if (running.ctx?.oidc.route === 'end_session_confirm' && session !== undefined) await endSession(session);
    },
  };
}

/** The epoch in which the person was asked who they are, where this request signs them in. */
function signedInAt(ctx: KoaContextWithOIDC | undefined): unknown {
  if (ctx?.oidc.result?.login === undefined) return undefined;
  return (ctx.oidc.entities.Interaction as { readonly epoch?: unknown } | undefined)?.epoch;
}

/** By what names it is revoked. Its handle is the one that logout revokes. */
function revocable({ row, payload }: Artifact, { issuer, accounts }: KeptContext): Revocable {
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
