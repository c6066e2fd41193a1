// Lists the endpoints of the server, without the admin API.
import type { Endpoint } from '../endpoint.ts';
import { authorizationEndpoint, authorizeResume } from './authorize.ts';
import { consoleAsset, consoleFolder, consolePage, consoleSubpage } from './console.ts';
import { device, deviceResume } from './device.ts';
import { front } from './front.ts';
import { livez, readyz } from './health.ts';
import { interaction } from './interaction.ts';
import { introspect } from './introspect.ts';
import { jwks, resourceJwks } from './jwks.ts';
import { loggedOut, logout, logoutConfirm } from './logout.ts';
import { metadata, openidConfiguration } from './metadata.ts';
import { deviceAuthorization, par } from './push.ts';
import { betweenRegions } from './regions.ts';
import { register } from './register.ts';
import { revoke } from './revoke.ts';
import { targetDiscovery } from './targets.ts';
import { token } from './token.ts';
import { upstreamReturn, upstreamVisit } from './upstream.ts';
import { userinfo } from './userinfo.ts';

export const endpoints: readonly Endpoint[] = [
  ...[
    front,
    token,
    introspect,
    revoke,
    targetDiscovery,
    jwks,
    resourceJwks,
    metadata,
    openidConfiguration,
    livez,
    readyz,
    betweenRegions,
  ],
  ...[
    authorizationEndpoint,
    authorizeResume,
    interaction,
    upstreamVisit,
    upstreamReturn,
    par,
    register,
    deviceAuthorization,
    device,
    deviceResume,
  ],
  ...[userinfo, logout, logoutConfirm, loggedOut],
  ...[consolePage, consoleFolder, consoleAsset, consoleSubpage],
];
