// Finds the key set of an issuer by OpenID Connect Discovery (section 4), else by RFC 8414 (section 3).
import { type Outbound, OutboundFailure } from '../outbound/outbound.ts';

/**
 * @returns the `jwks_uri`, which must be on the host of the issuer: the file must name a key set on another host
 * @throws OutboundFailure
 */
export async function discoverKeys(issuer: string, outbound: Outbound, deadline?: AbortSignal): Promise<string> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const places = [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
  for (const url of places) {
    try {
      const { issuer: stated, jwks_uri: uri } = await outbound({ url, method: 'GET' }, deadline);
      if (stated !== issuer) throw new OutboundFailure(`${url} names another issuer`);
      if (typeof uri !== 'string' || !URL.canParse(uri) || new URL(uri).origin !== origin) {
        throw new OutboundFailure(`${url} names no jwks_uri of the same host: set jwksUri in the entry of the issuer`);
      }
      return uri;
    } catch (error) {
      // The document is not there. Servers answer this with different statuses.
      const { status = 0 } = error as OutboundFailure;
      if (status < 400 || status >= 500) throw error;
    }
  }
  throw new OutboundFailure(`${issuer} has no discovery document`);
}
