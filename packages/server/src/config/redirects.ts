// Checks the redirect URIs of clients, and the keys of a client that go with them.
import { SIGN_IN_GRANTS } from '../grants/index.ts';
import { isPublic } from '../model/client.ts';
import { redirectProblem } from '../model/redirect-uri.ts';
import { showUrl } from '../primitives/form.ts';
import type { Complain, Path } from './fault.ts';
import type { ClientSource } from './schema.ts';

export function checkRedirects(entry: ClientSource, path: Path, complain: Complain): void {
  const { grants, redirectUris, postLogoutRedirectUris, audiences, scopes } = entry;
  const signsIn = grants.some((grant) => SIGN_IN_GRANTS.has(grant));
  if (grants.includes('authorization_code') && redirectUris.length === 0)
    complain(
      [...path, 'redirectUris'],
      'is missing. The grant authorization_code needs the URI that browsers are sent back to, such as [https://app.example.com/callback].',
      'fault',
      'value',
      'grants',
    );
  if (redirectUris.length > 0 && !grants.includes('authorization_code'))
    complain(
      [...path, 'redirectUris'],
      'redirectUris are for the grant authorization_code, which this client does not have. Add it to grants, or remove them.',
    );
  if (postLogoutRedirectUris.length > 0 && !signsIn)
    complain(
      [...path, 'postLogoutRedirectUris'],
      'postLogoutRedirectUris are for clients that people sign in to. Add authorization_code or device_code to grants, or remove them.',
    );
  if (signsIn && audiences.length === 0 && !scopes?.includes('openid'))
    complain(
      [...path, 'scopes'],
      'people sign in for an audience or for the scope openid, and this client has neither. Add audiences, or openid to scopes.',
    );
  checkLoosened(entry, path, complain);
  for (const [key, uris] of Object.entries({ redirectUris, postLogoutRedirectUris })) {
    for (const [index, uri] of uris.entries()) {
      const problem = redirectProblem(uri);
      if (problem !== undefined) complain([...path, key, index], `${showUrl(uri)} ${problem}`);
    }
  }
}

/** Checks the keys that loosen the checks of a redirect: each is for one kind of client. */
function checkLoosened(entry: ClientSource, path: Path, complain: Complain): void {
  const { grants, redirectUris, anyLocalhostPort, pkce } = entry;
  if (pkce === 'optional') {
    if (isPublic(entry))
      complain(
        [...path, 'pkce'],
        'a client with auth: none needs PKCE: anyone who sees a code could redeem it (RFC 9700 section 2.1.1). Remove pkce, or give the client another auth.',
      );
    else if (!grants.includes('authorization_code'))
      complain(
        [...path, 'pkce'],
        'pkce is for the grant authorization_code, which this client does not have. Remove it.',
      );
    else
      complain(
        [...path, 'pkce'],
        'without PKCE, somebody else’s code can be put into a person’s sign-in, unless the client checks state and nonce. Let the client send code_challenge, and remove pkce.',
        'warning',
      );
  }
  if (anyLocalhostPort && !(isPublic(entry) && redirectUris.some((uri) => /^http:\/\/localhost[:/]/.test(uri))))
    complain(
      [...path, 'anyLocalhostPort'],
      'is for a program on the person’s machine: a client with auth: none and a redirect URI such as http://localhost/callback. Remove it.',
    );
}
