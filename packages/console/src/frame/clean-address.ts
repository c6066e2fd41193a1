// Takes tokens out of the address before the router and the sign-in read it. Of a token of this server, the id stays.
import { looksLikeToken, tokenIdIn } from '../shared/token-text.ts';

const address = new URL(window.location.href);
for (const [name, value] of [...address.searchParams]) {
  if (!looksLikeToken(value)) continue;
  const id = name === 'token' ? tokenIdIn(value) : undefined;
  if (id === undefined) address.searchParams.delete(name);
  else address.searchParams.set(name, id);
}
if (looksLikeToken(address.hash)) address.hash = '';
if (address.href !== window.location.href) window.history.replaceState(window.history.state, '', address);
