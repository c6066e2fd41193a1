// A cookie is ours only if its name is equal byte for byte: another host of the site can set any other name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCookies } from '../../src/sign-in/cookies.ts';
import { fetchAnswer } from '../support/harness.ts';
import { authorizationUrl, startPeople } from '../support/people.ts';

const { read: readCookies } = createCookies('https://login.example');
const OWN = { session: 'o'.repeat(43), browser: 'p'.repeat(43) };
const cookiesOf = ({ session, browser }: typeof OWN, before = '', after = ''): string =>
  [`${before}__Host-cambio_session${after}=${session}`, `${before}__Host-cambio_browser${after}=${browser}`].join('; ');

/** Headers as Node decodes them: each byte is one character. */
const bytes = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1));
const texts = ['\u00c2\u00a0', '\u00ef\u00bb\u00bf', '\u00e2\u0080\u00a8', '\u00a0\t', ' \u00a0'];
/** White space that browsers remove, and the separators of cookies. */
const blanks = [' ', '\t'];
const separators = [';', '='];

test('treats a name with an extra byte before or after it as another cookie, and still reads ours', () => {
  const own = readCookies(cookiesOf(OWN));
  assert.equal(own.session, OWN.session);
  const planted = { session: 'm'.repeat(43), browser: 'n'.repeat(43) };
  for (const odd of [...bytes, ...texts].filter((text) => ![...blanks, ...separators].includes(text))) {
    const what = JSON.stringify(odd);
    for (const cookies of [cookiesOf(planted, odd), cookiesOf(planted, '', odd)]) {
      assert.deepEqual(readCookies(cookies), { session: undefined, browser: undefined }, what);
      assert.deepEqual(readCookies(`${cookies}; ${cookiesOf(OWN)}`), own, what);
    }
  }
  for (const blank of blanks) {
    assert.deepEqual(readCookies(cookiesOf(OWN, blank)), own);
    assert.deepEqual(readCookies(cookiesOf(OWN, '', blank)), own);
  }
});

test('ignores a value with a byte that our values never have', () => {
  for (const odd of bytes.filter((text) => !/[\w-]/.test(text) && ![...blanks, ';'].includes(text))) {
    for (const session of [odd + OWN.session, OWN.session + odd])
      assert.equal(readCookies(cookiesOf({ ...OWN, session })).session, undefined, JSON.stringify(odd));
  }
});

test('over HTTP, no extra byte around the names lets one browser continue the sign-in of another', async (t) => {
  const server = await startPeople(t);
  const begun = await fetchAnswer(server.issuer + authorizationUrl(), { redirect: 'manual' });
  const location = begun.headers.get('location') ?? '';
  const cookies = begun.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
  const ask = (cookie: string) => fetchAnswer(new URL(location, server.issuer).href, { headers: { cookie } });
  assert.equal((await ask(cookies.join('; '))).status, 200);
  for (const odd of ['\u00a0', '\u0085', '\u00c2\u00a0', '\u00ef\u00bb\u00bf', '\u00ff']) {
    for (const planted of [cookies.map((one) => odd + one), cookies.map((one) => one.replace('=', `${odd}=`))]) {
      // White space at the ends of a header is dropped, so put other cookies before and after.
      const answer = await ask(['a=b', ...planted, 'c=d'].join('; '));
      assert.equal(server.audit(answer)?.reason, 'interaction_unknown', JSON.stringify(odd));
      assert.equal((await ask([...planted, ...cookies].join('; '))).status, 200, 'our own cookie counts once');
    }
  }
});
