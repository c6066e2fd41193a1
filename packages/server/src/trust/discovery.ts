// Finds the key set of an issuer by OpenID Connect Discovery (section 4), else by RFC 8414 (section 3).
import { type Outbound, OutboundFailure } from '../outbound/outbound.ts';

/** The document may be there: unauthorized, forbidden. */
const REFUSED: ReadonlySet<number> = new Set([401, 403]);
/** Ask again later: request timeout, too early, too many requests. */
const BUSY: ReadonlySet<number> = new Set([408, 425, 429]);

const MAX_SHOWN_CHARACTERS = 256;
const shown = (stated: unknown): string =>
  stated === undefined ? 'none' : String(JSON.stringify(stated)).slice(0, MAX_SHOWN_CHARACTERS);

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
  let refused: OutboundFailure | undefined;
  for (const url of places) {
    try {
      const { issuer: stated, jwks_uri: uri } = await outbound({ url, method: 'GET' }, deadline);
      if (stated !== issuer) throw new OutboundFailure(`${url} names another issuer: ${shown(stated)}`);
      if (typeof uri !== 'string' || !URL.canParse(uri) || new URL(uri).origin !== origin) {
        throw new OutboundFailure(`${url} names no jwks_uri of the same host: set jwksUri in the entry of the issuer`);
      }
      return uri;
    } catch (error) {
      if (!(error instanceof OutboundFailure)) throw error;
      const { status = 0, isUnusable } = error;
      const isElsewhere = isUnusable || (status >= 400 && status < 500 && !BUSY.has(status));
      if (!isElsewhere) throw error;
      // Some servers refuse unknown paths, or answer them with a page. The document may be at the other place.
      if (isUnusable || REFUSED.has(status)) refused ??= error;
    }
  }
  if (refused !== undefined) throw new OutboundFailure(refused.message, { cause: refused });
  throw new OutboundFailure(`${issuer} has no discovery document`);
}
