// Is a redirect URI a place at which no other party can listen (RFC 9700 section 4.1, RFC 8252 section 7)?
import { isLoopback } from '../primitives/network.ts';

/** @returns the fault of the URI in words, and what to do; undefined if it has none */
export function redirectProblem(text: string): string | undefined {
  if (!URL.canParse(text) || /[#*\s\\]/.test(text))
    return 'is not an absolute URI without a fragment and a wildcard. Write one such as https://app.example.com/callback.';
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return 'holds a user name. Write it without one.';
  if (protocol === 'https:') return undefined;
  if (protocol === 'http:')
    return isLoopback(hostname) ? undefined : 'is http, which is for loopback only. Write https.';
  // The scheme of an app is the reverse of its domain name (RFC 8252 section 7.1). `javascript:` and `data:` have no dot.
  return protocol.includes('.')
    ? undefined
    : 'has a scheme that is not safe. Write https, http on loopback, or the scheme of an app with a dot, such as com.example.app:/callback.';
}
