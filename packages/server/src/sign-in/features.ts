// What of the library is in use, and what do its pages look like? Device verification and logout are its own; all else is off.
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { ShownClient } from './pages/client.ts';
import { deviceCodePage, deviceConfirmPage } from './pages/device.ts';
import { logoutPage } from './pages/logout.ts';
import { donePage } from './pages/message.ts';
import type { FormTarget } from './pages/page.ts';

interface FeatureSources {
  readonly usernameOf: (sub: string) => Promise<string>;
  readonly clientOf: (id: string) => ShownClient;
}

/** @param tell hears of what the library says on a page and keeps to itself otherwise */
export const describeFeatures = (
  { usernameOf, clientOf }: FeatureSources,
  tell: (ctx: KoaContextWithOIDC, error: Error) => void,
): NonNullable<Configuration['features']> => ({
  devInteractions: { enabled: false },
  userinfo: { enabled: false },
  dPoP: { enabled: false },
  resourceIndicators: { enabled: false },
  pushedAuthorizationRequests: { enabled: true },
  deviceFlow: {
    enabled: true,
    charset: 'base-20',
    mask: '****-****',
    deviceInfo: () => ({}),
    userCodeInputSource: (ctx, _form, _out, error) => {
      if (error !== undefined) tell(ctx, error);
      ctx.body =
        error?.name === 'AbortedError'
          ? donePage('device_refused')
          : deviceCodePage({
              ...formOf(ctx.oidc, 'code_verification'),
              userCode:
                typeof ctx.query.typed === 'string'
                  ? ctx.query.typed
                  : (ctx.oidc.params?.user_code as string | undefined),
              problem: error && (deviceProblems[error.name] ?? 'unknown'),
            });
    },
    userCodeConfirmSource: (ctx, _form, client, _info, userCode) => {
      const shown = clientOf(client.clientId);
      ctx.body = deviceConfirmPage({ ...formOf(ctx.oidc, 'code_verification'), client: shown, userCode });
    },
    successSource: (ctx) => {
      ctx.body = donePage('device_connected');
    },
  },
  rpInitiatedLogout: {
    enabled: true,
    logoutSource: async (ctx) => {
      const sub = ctx.oidc.session?.accountId;
      const account = sub === undefined ? undefined : await usernameOf(sub);
      ctx.body = logoutPage({ ...formOf(ctx.oidc, 'end_session_confirm'), account });
    },
    postLogoutSuccessSource: (ctx) => {
      ctx.body = donePage('signed_out');
    },
  },
});

const deviceProblems: Readonly<Record<string, 'unknown' | 'expired' | 'used' | 'missing'>> = {
  NotFoundError: 'unknown',
  ExpiredError: 'expired',
  AlreadyUsedError: 'used',
  NoCodeError: 'missing',
};

/** The library proves forms by a secret in the session: a page of another site has neither. */
export function formOf(oidc: KoaContextWithOIDC['oidc'], route: string): FormTarget {
  const { secret } = oidc.session?.state ?? {};
  return { action: new URL(oidc.urlFor(route)).pathname, csrf: typeof secret === 'string' ? secret : '' };
}
