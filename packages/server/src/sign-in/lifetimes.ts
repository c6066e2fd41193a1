// How long does each thing live that a sign-in leaves behind? In seconds.
import type { Configuration } from 'oidc-provider';
import { type Clock, seconds } from '../primitives/clock.ts';

export const SESSION = 28_800;
/** Of whoever is not signed in. */
const VISIT = 3600;
export const INTERACTION = 1800;
export const CODE = 60;
export const DEVICE_CODE = 600;

export const describeLifetimes = (clock: Clock): NonNullable<Configuration['ttl']> => ({
  AuthorizationCode: CODE,
  DeviceCode: DEVICE_CODE,
  Interaction: INTERACTION,
  Grant: SESSION,
  // From when the person signed in, however busy it is.
  Session: (_context, { accountId, loginTs = 0 }) =>
    accountId === undefined ? VISIT : Math.max(1, loginTs + SESSION - seconds(clock)),
  AccessToken: 1,
  IdToken: 1,
  RefreshToken: 1,
  ClientCredentials: 1,
});
