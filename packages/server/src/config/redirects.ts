// Where may a browser be sent back to? RFC 9700 section 4.1, RFC 8252 section 7: only to places that nobody else can listen at.
import { SIGN_IN_GRANTS } from '../grants/index.ts';
import { isLoopback } from '../primitives/network.ts';
import type { Complain, Path } from './fault.ts';
import type { ClientSource } from './schema.ts';

export function checkRedirects(entry: ClientSource, path: Path, complain: Complain): void {
  const { grants, redirectUris, postLogoutRedirectUris, audiences, scopes } = entry;
  const signsIn = grants.some((grant) => SIGN_IN_GRANTS.has(grant));
  if (grants.includes('authorization_code') && redirectUris.length === 0)
    complain([...path, 'redirectUris'], 'authorization_code needs at least one');
  if (redirectUris.length > 0 && !grants.includes('authorization_code'))
    complain([...path, 'redirectUris'], 'are for the grant authorization_code');
  if (postLogoutRedirectUris.length > 0 && !signsIn)
    complain([...path, 'postLogoutRedirectUris'], 'are for clients that people sign in to');
  if (signsIn && audiences.length === 0 && !scopes?.includes('openid'))
    complain([...path, 'scopes'], 'people sign in for an audience or for the scope openid: there is neither');
  for (const [key, uris] of Object.entries({ redirectUris, postLogoutRedirectUris })) {
    for (const [index, uri] of uris.entries()) {
      const problem = problemOf(uri);
      if (problem !== undefined) complain([...path, key, index], problem);
    }
  }
}

function problemOf(text: string): string | undefined {
  if (!URL.canParse(text) || /[#*\s\\]/.test(text)) return 'must be an absolute URI without fragment and wildcard';
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return 'must have no user information';
  if (protocol === 'https:') return undefined;
  if (protocol === 'http:') return isLoopback(hostname) ? undefined : 'must be https; http is for loopback only';
  // Of an app: the reverse of a domain name that is its own (RFC 8252 section 7.1). `javascript:` and `data:` have no dot.
  return protocol.includes('.') ? undefined : 'must be https, loopback, or a scheme with a dot such as com.example.app';
}
