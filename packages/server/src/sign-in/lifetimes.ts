// Lifetimes of sessions, interactions and codes.
import type { Configuration } from 'oidc-provider';
import { type Clock, seconds } from '../primitives/clock.ts';

export const SESSION_SECONDS = 28_800;
/** For a session without a person. */
const VISIT_SECONDS = 3600;
export const INTERACTION_SECONDS = 1800;
export const CODE_SECONDS = 60;
export const DEVICE_CODE_SECONDS = 600;

export const describeLifetimes = (clock: Clock): NonNullable<Configuration['ttl']> => ({
  AuthorizationCode: CODE_SECONDS,
  DeviceCode: DEVICE_CODE_SECONDS,
  Interaction: INTERACTION_SECONDS,
  Grant: SESSION_SECONDS,
  // Counted from the sign-in, however active the session is.
  Session: (_context, { accountId, loginTs = 0 }) =>
    accountId === undefined ? VISIT_SECONDS : Math.max(1, loginTs + SESSION_SECONDS - seconds(clock)),
  AccessToken: 1,
  IdToken: 1,
  RefreshToken: 1,
  ClientCredentials: 1,
});
