// Any request to the endpoints for people is answered with a page or a redirect to the client, and never with 500.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { createBrowser, formOf } from '../support/browser.ts';
import { encode, fetchAnswer, type TestServer } from '../support/harness.ts';
import {
  authorizationUrl,
  CALLBACK,
  configuration,
  goThrough,
  startPeople,
  tv,
  UNREACHABLE,
  web,
} from '../support/people.ts';

const ODD = [
  ...[
    '',
    ' ',
    '\t',
    '%',
    '%zz',
    '\u0001',
    '\u007f',
    '\ufeff',
    '\u{1f600}',
    '\u202e',
    "'",
    '"><b>',
    '&',
    '=',
    '[]',
    '{}',
    '{"a":{}}',
    'null',
    'undefined',
    'NaN',
  ],
  ...[
    '0',
    '-1',
    '1.5',
    '1e400',
    '9007199254740993',
    '0x10',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'a b',
    '..',
    '/',
    '//',
    'javascript:alert(1)',
  ],
  ...[
    'https://',
    'http://[',
    'https://a@b:99999/',
    'urn:ietf:params:oauth:request_uri:x',
    'eyJhbGciOiJub25lIn0.e30.',
    'x'.repeat(3000),
    'ä'.repeat(300),
  ],
];

const NAMES = [
  ...[
    'client_id',
    'response_type',
    'redirect_uri',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
    'prompt',
    'max_age',
    'display',
  ],
  ...[
    'login_hint',
    'ui_locales',
    'acr_values',
    'request',
    'request_uri',
    'audience',
    'resource',
    'requested_actor',
    'dpop_jkt',
    'response_mode',
    'id_token_hint',
  ],
  ...[
    'claims',
    'claims_locales',
    'registration',
    'asked',
    'browser',
    '__proto__',
    'x[]',
    'x.y',
    'authorization_details',
    'web_message_uri',
    'user_code',
    'typed',
    'xsrf',
  ],
];

/** A third of all pairs of names and values, so that each name and each value occurs. */
const someOf = (index: number): readonly string[] => ODD.filter((_, place) => place % 3 === index % 3);

suite('a stranger', () => {
  const undo: (() => unknown)[] = [];
  let server: TestServer;
  before(async () => {
    const source = { ...configuration, upstream: UNREACHABLE };
    server = await startPeople({ after: (work) => void undo.unshift(work as () => unknown) }, source);
  });
  after(async () => {
    for (const work of undo) await work();
  });

  const visit = async (path: string, init: RequestInit = {}) =>
    fetchAnswer(server.issuer + path, { redirect: 'manual', ...init });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  test('may request anything: the answer is a page, or a redirect to the client', async () => {
    for (const [index, name] of NAMES.entries()) {
      for (const value of someOf(index)) {
        const { status, text } = await visit(authorizationUrl({ [name]: value }));
        assert.ok(status === 303 || status === 400, `${name}=${value}: ${status} ${text}`);
      }
    }
    assert.match((await visit(authorizationUrl())).headers.get('location') ?? '', /interaction/);
  });

  test('may encode a query or a form in any way', async () => {
    const queries = [
      '?',
      '?%',
      '?%ff=%ff',
      '?a=%00',
      '?client_id',
      '?client_id=web&client_id=web',
      '?[]=1',
      `?${'a&'.repeat(300)}`,
      '?client_id=web&%63lient_id=other',
      '?;',
      '?=',
      '?client_id=web#x',
      '??client_id=web',
    ];
    for (const path of [
      '/oauth/authorize',
      '/oauth/logout',
      '/oauth/logout/success',
      '/device',
      '/oauth/upstream',
      `/oauth/interaction/${'x'.repeat(43)}`,
    ]) {
      for (const query of queries) {
        const { status, text } = await visit(path + query);
        assert.ok(status < 500, `${path}${query}: ${status} ${text}`);
        const posted = await visit(path, { method: 'POST', headers: form, body: query.slice(1) });
        assert.ok(posted.status < 500, `POST ${path} ${query}: ${posted.status} ${posted.text}`);
      }
    }
  });

  test('may request any page, and sees none of another browser', async () => {
    const names = [
      'x',
      'x'.repeat(43),
      'x'.repeat(99),
      '%00',
      '%ff',
      '%',
      '..',
      '%2e%2e',
      '%2f',
      'a%2Fb',
      '%20',
      '%C3%A4',
      "'",
      '"',
      '<b>',
      '__proto__',
      'constructor',
      '*',
      ':uid',
      '%3Fa',
      '%23',
      '%0d%0aSet-Cookie:a=b',
      `${'x'.repeat(43)};a`,
    ];
    for (const name of names) {
      for (const path of [
        `/oauth/interaction/${name}`,
        `/oauth/interaction/${name}/upstream`,
        `/oauth/authorize/${name}`,
        `/device/${name}`,
      ]) {
        // fetch resolves dot segments before it sends the request, so this is the front page.
        if (new URL(path, server.issuer).pathname === '/') continue;
        for (const cookie of ['', `cambio_browser=${'y'.repeat(43)}`]) {
          const { status, text } = await visit(path, { headers: { cookie } });
          assert.ok(status === 400 || status === 404, `${path}: ${status} ${text}`);
        }
        const posted = await visit(path, { method: 'POST', headers: form, body: 'csrf=x&username=ada&password=x' });
        assert.ok(posted.status >= 400 && posted.status < 500, `POST ${path}: ${posted.status}`);
      }
    }
  });

  test('may type anything into their own forms', async () => {
    const browser = createBrowser(server.issuer);
    const page = await browser.get(authorizationUrl());
    for (const value of ODD) {
      for (const name of ['csrf', 'username', 'password', 'agree', 'cancel_', '__proto__']) {
        const { action, hidden } = formOf(page);
        const { status, text } = await browser.post(action, { ...hidden, [name]: value });
        assert.ok(status < 500, `${name}=${value}: ${status} ${text}`);
      }
    }
    const device = createBrowser(server.issuer);
    const typed = await device.get('/device');
    for (const value of ODD.slice(0, 15)) {
      const { status } = await device.submit(typed, { user_code: value });
      assert.ok(status < 500, value);
    }
    server.clock.now += 3_600_000;
    const again = createBrowser(server.issuer);
    const done = await goThrough(again, await again.get(authorizationUrl()));
    assert.equal(done.leftTo?.href.startsWith(CALLBACK), true, done.text);
  });

  test('with a client may push any request', async () => {
    for (const [index, name] of NAMES.entries()) {
      for (const value of someOf(index)) {
        const pushed = await server.post(
          '/oauth/par',
          encode({
            ...Object.fromEntries(new URL(server.issuer + authorizationUrl()).searchParams),
            ...web,
            [name]: value,
          }),
        );
        assert.ok(pushed.status < 500, `${name}=${value}: ${pushed.status} ${pushed.text}`);
        const device = await server.post(
          '/oauth/device_authorization',
          encode({ ...tv, scope: 'openid', [name]: value }),
        );
        assert.ok(device.status < 500, `${name}=${value}: ${device.status} ${device.text}`);
      }
    }
  });
});
