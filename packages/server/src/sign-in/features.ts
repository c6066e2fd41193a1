// Selects the features of oidc-provider: device verification, logout and pushed requests, with our pages. All others are off.
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

/** @param report is called with errors that the library otherwise only shows on a page */
export const describeFeatures = (
  { usernameOf, clientOf }: FeatureSources,
  report: (ctx: KoaContextWithOIDC, error: Error) => void,
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
      if (error !== undefined) report(ctx, error);
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

/** The library checks forms with a secret from the session, which other sites do not have. */
export function formOf(oidc: KoaContextWithOIDC['oidc'], route: string): FormTarget {
  const { secret } = oidc.session?.state ?? {};
  return { action: new URL(oidc.urlFor(route)).pathname, csrf: typeof secret === 'string' ? secret : '' };
}
