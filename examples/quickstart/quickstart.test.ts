// Does the quickstart give the answers in the documentation of the token exchange flow?
import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { createBrowser } from '../../packages/server/test/support/browser.ts';
import { blocksOf, followPage, readPage } from '../../packages/server/test/support/pages-of-docs.ts';
import { repository, runProgram, temporaryFolder } from '../../packages/server/test/support/program.ts';
import { fillIn, printedApiCall, printedForms, printedHttp, speak, type Tokens } from './testing/printed.ts';
import {
  ACTOR,
  BY_NPM,
  exchangeForm,
  missingTools,
  obtain,
  post,
  type Quickstart,
  SUBJECT,
  startQuickstart,
} from './testing/quickstart.ts';

/** Pages whose commands use the quickstart. */
const PAGES = [
  'docs/start/quickstart.md',
  'docs/start/call-an-exchange.md',
  'docs/start/protect-an-api.md',
  'docs/start/developer.md',
  'docs/start/platform-engineer.md',
  'docs/start/auditor.md',
  'docs/start/agent-builder.md',
  'docs/guides/sign-in.md',
  'docs/reference/admin-api.md',
];

suite('npm start', { timeout: 120_000 }, () => {
  const undo: (() => void | Promise<void>)[] = [];
  let server: Quickstart;
  before(async () => {
    server = await startQuickstart({ after: (work) => void undo.unshift(work as () => void) }, BY_NPM);
  });
  after(async () => {
    for (const work of undo) await work();
  });
  const ownTokens = async (): Promise<Tokens> => ({
    subject: await obtain(server.issuer, SUBJECT),
    actor: await obtain(server.issuer, ACTOR),
  });

  test('answers on every address of localhost once it reports that it is ready', async () => {
    for (const { address, family } of await lookup('localhost', { all: true })) {
      const readyz = { nodes: 1, configurations: 'same' };
      for (const [path, more] of Object.entries({ '/livez': {}, '/readyz': readyz })) {
        const host = family === 6 ? `[${address}]` : address;
        const response = await fetch(`http://${host}:${server.env.PORT}${path}`);
        assert.deepEqual([response.status, await response.json()], [200, { status: 'ok', ...more }]);
      }
    }
  });

  // README.md names these commands.
  test('exchange.sh runs the whole flow', async (t) => {
    if (missingTools() !== '') return t.skip(missingTools());
    const { code, stdout, stderr } = await runProgram(t, ['examples/quickstart/exchange.sh'], { env: server.env });
    assert.equal(code, 0, stdout + stderr);
    assert.equal(stdout.trimEnd().split('\n').at(-1), 'Everything was as expected.');
    assert.match(stdout, /"act":\{"sub":"service"/);
  });

  for (const page of PAGES) {
    test(`${page}: every command prints what the page shows`, async (t) => {
      const missing = missingTools(...(readPage(page).includes('python3') ? ['python3'] : []));
      if (missing !== '') return t.skip(missing);
      const cwd = temporaryFolder(t);
      for (const folder of ['examples', 'node_modules']) symlinkSync(join(repository, folder), join(cwd, folder));
      await followPage(t, blocksOf(readPage(page)), { cwd, env: server.env });
    });
  }

  test('exchange.sh stops at the first unexpected answer', async (t) => {
    if (missingTools() !== '') return t.skip(missingTools());
    const env = { ...server.env, CLIENT_SECRET: 'wrong' };
    const { code, stdout, stderr } = await runProgram(t, ['examples/quickstart/exchange.sh'], { env });
    assert.equal(code, 1);
    assert.match(stderr, /^Surprise: status 401, expected 200\n\{"error":"invalid_client"/);
    assert.doesNotMatch(stdout, /^2\./m);
  });

  test('runs the example script of the documentation with only the host replaced', async (t) => {
    if (missingTools() !== '') return t.skip(missingTools());
    const printed = readFileSync(join(import.meta.dirname, 'testing/flow.sh'), 'utf8');
    const script = printed.replaceAll('https://login.camall.io', server.issuer);
    const { code, stdout, stderr } = await runProgram(t, ['bash', '-c', script]);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^Step 3: Exchanged token obtained successfully$/m);
    // Its last line is the API call.
    const token = /Bearer (\S+)" https:\/\/api\.camall\.io\/v1\/resource\n$/.exec(stdout)?.[1];
    const headers = { Authorization: `Bearer ${token}` };
    assert.equal((await fetch(`${server.api}/v1/resource`, { headers })).status, 200);
  });

  for (const [title, fields] of Object.entries(printedForms)) {
    test(`as curl sends it: ${title}`, async () => {
      const { status, body } = await post(server.issuer, fillIn(fields.join('&'), await ownTokens()));
      assert.equal(status, 200, JSON.stringify(body));
      checkMembers(
        body,
        fields.some((field) => field.startsWith('subject_token=')),
      );
    });
  }

  for (const [title, request] of Object.entries(printedHttp)) {
    test(`byte for byte, with a foreign Host: ${title}`, async () => {
      const { status, body } = await speak(Number(server.env.PORT), fillIn(request, await ownTokens()));
      assert.equal(status, 200, JSON.stringify(body));
      checkMembers(body, true);
    });
  }

  test('byte for byte: the API call, which reports subject and actor', async () => {
    const delegation = fillIn(printedHttp['delegation with actor token'], await ownTokens());
    const { body } = await speak(Number(server.env.PORT), delegation);
    const call = fillIn(printedApiCall, { exchanged: String(body.access_token) });
    assert.deepEqual(await speak(Number(server.env.API_PORT), call), {
      status: 200,
      body: {
        subject: 'your_client_id',
        actors: [{ iss: server.issuer, sub: 'service' }],
        client_id: 'your_client_id',
        scope: 'openapi',
        audience: ['https://api.camall.io'],
      },
    });
  });

  test('the API answers 401 with a challenge without a valid token, and 403 without the scope', async () => {
    // A client that reads only the first challenge reads the bearer one; the other challenge is DPoP.
    const call = async (token?: string): Promise<[number, string | undefined]> => {
      const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      const response = await fetch(`${server.api}/v1/resource`, { headers });
      return [response.status, response.headers.get('www-authenticate')?.split(', DPoP')[0]];
    };
    assert.deepEqual(await call(await obtain(server.issuer, SUBJECT)), [200, undefined]);
    assert.deepEqual(await call(), [401, 'Bearer scope="openapi"']);
    assert.deepEqual(await call('nonsense'), [401, 'Bearer error="invalid_token", scope="openapi"']);
    const elsewhere = await obtain(server.issuer, { ...SUBJECT, audience: 'https://backend-service.camall.io' });
    assert.deepEqual(await call(elsewhere), [401, 'Bearer error="invalid_token", scope="openapi"']);
    const narrow = await obtain(server.issuer, { ...ACTOR, scope: 'read' });
    assert.deepEqual(await call(narrow), [403, 'Bearer error="insufficient_scope", scope="openapi"']);
  });

  test('signs a person in, lets the service act for them, and the API sees both', async () => {
    const pages = server.api.replace('localhost', '127.0.0.1');
    const login = await fetch(`${pages}/login`, { redirect: 'manual' });
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const browser = createBrowser(server.issuer);
    const signIn = await browser.get(login.headers.get('location') ?? '');
    const consent = await browser.submit(signIn, { username: 'ada', password: 'ada' });
    assert.match(consent.text, /service/);
    const { leftTo } = await browser.submit(consent, { agree: 'yes' });
    const callback = String(leftTo);
    assert.deepEqual(await (await fetch(callback, { headers: { cookie } })).json(), {
      subject: 'ada',
      actors: [{ iss: server.issuer, sub: 'service' }],
      client_id: 'service',
      scope: 'openapi',
      audience: ['https://api.camall.io'],
    });
    // Another browser did not start this sign-in.
    assert.equal((await fetch(callback)).status, 400);
  });

  test('shows a page with both tokens, the actor, and the changes by the exchange', async () => {
    const pages = server.api.replace('localhost', '127.0.0.1');
    const accept = 'text/html,*/*;q=0.8';
    const home = await (await fetch(`${pages}/`, { headers: { accept } })).text();
    assert.ok(home.includes(`<a class="button" href="${pages}/login">`), home);
    // The cookie of the sign-in is valid for one host.
    const elsewhere = await fetch(`${server.api}/login`, { redirect: 'manual' });
    assert.equal(elsewhere.headers.get('location'), `${pages}/login`);
    const login = await fetch(`${pages}/login`, { redirect: 'manual' });
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const browser = createBrowser(server.issuer);
    const signIn = await browser.get(login.headers.get('location') ?? '');
    const consent = await browser.submit(signIn, { username: 'ada', password: 'ada' });
    assert.match(consent.text, /<bdi>Sample service<\/bdi><\/strong> will act for you/);
    const { leftTo } = await browser.submit(consent, { agree: 'yes' });
    const answer = await fetch(String(leftTo), { headers: { cookie, accept } });
    const text = await answer.text();
    assert.match(answer.headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-/);
    assert.match(text, /<h1>It worked: service acted for ada<\/h1>/);
    for (const shown of [
      '&#34;sub&#34;: &#34;ada&#34;',
      '<mark>&#34;client_id&#34;: &#34;web&#34;,</mark>',
      '<mark>&#34;client_id&#34;: &#34;service&#34;,</mark>',
      '<code>openid openapi</code>',
      '<code>https://api.camall.io</code>',
      '60 minutes',
      '10 minutes',
    ])
      assert.ok(text.includes(shown), shown);
    assert.doesNotMatch(text, /eyJ|<script/, 'a token that works is on no page');
    const [, requestId] = /--request ([\w-]+)</.exec(text) ?? [];
    assert.match(String(requestId), /^[0-9a-f-]{36}$/);
    const refused = await fetch(`${pages}/callback?error=access_denied`, { headers: { accept } });
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /This sign-in began elsewhere/);
  });

  test('answers the errors of the documentation, word for word', async () => {
    const good = exchangeForm(await obtain(server.issuer, SUBJECT));
    assert.equal((await post(server.issuer, good)).status, 200);
    const answers = [
      await post(server.issuer, exchangeForm('nonsense')),
      await post(server.issuer, good.replace('token-type:access_token', 'token-type:unknown')),
      await post(server.issuer, `${good}&audience=https://unknown.example`),
    ];
    // On loopback the answer has the reason too (developerErrors).
    const error = (code: string, description: string, reason: string) => [400, code, description, reason, 36];
    assert.deepEqual(
      answers.map(({ status, body }) => [
        ...[status, body.error, body.error_description, body.reason],
        String(body.request_id).length,
      ]),
      [
        error('invalid_grant', 'The provided subject token is invalid or expired', 'subject_token_malformed'),
        error('invalid_request', 'The subject_token_type is not supported', 'subject_token_type_unsupported'),
        error('invalid_target', 'The requested audience is not valid for this client', 'target_unknown'),
      ],
    );
  });
});

/** RFC 6749 section 5.1, RFC 8693 section 2.2.1: every member in the documentation. */
function checkMembers(body: Record<string, unknown>, exchanged: boolean): void {
  const { access_token, expires_in, ...members } = body;
  assert.match(String(access_token), /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.equal(Number.isInteger(expires_in) && Number(expires_in) > 0 && Number(expires_in) <= 3600, true);
  assert.deepEqual(members, {
    ...(exchanged && { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }),
    token_type: 'Bearer',
    scope: 'openapi',
  });
}
