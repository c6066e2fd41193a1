// Compares a redirect URI with the registered ones. It must be equal (RFC 9700 section 4.1.3), but a loopback address may have any
// port (RFC 8252 section 7.3).
import type { Client } from '../model/client.ts';

/** Not `localhost`, unless the entry says so: the name may resolve to another machine. */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(\/.*)?$/;
const LOOPBACK_OR_NAME = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::\d{1,5})?(\/.*)?$/;

export function isRegistered(
  uri: string,
  { redirectUris, anyLocalhostPort, ownPage }: Pick<Client, 'redirectUris' | 'anyLocalhostPort' | 'ownPage'>,
): boolean {
  // Another port is another program, and would get the code without a question.
  if (ownPage) return redirectUris.includes(uri);
  const loopback = anyLocalhostPort ? LOOPBACK_OR_NAME : LOOPBACK;
  const withoutPort = (text: string): string | undefined => loopback.exec(text)?.slice(1).join('');
  return redirectUris.some(
    (one) => one === uri || (loopback.test(one) && withoutPort(one) === withoutPort(uri) && URL.canParse(uri)),
  );
}
