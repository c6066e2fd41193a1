// Who may use the console, what they may do with the admin API, and how the pages are served.
import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { createBrowser } from '../support/browser.ts';
import { added, type Configuration, changed, edited } from '../support/configuration.ts';
import {
  buildConsole,
  callbackOf,
  consoleRequest,
  foreignOperators,
  goToConsole,
  openConsoleAs,
  redeemAtConsole,
  sessionOf,
  withConsole,
} from '../support/console.ts';
import { EXCHANGE, type Form, start, type } from '../support/harness.ts';
import { entry, startIssuer } from '../support/issuer.ts';
import { authorizeAs, configuration, redeem, UNREACHABLE } from '../support/people.ts';
import { newProver } from '../support/prover.ts';
import { startUpstream } from '../support/upstream.ts';

const ADA = { username: 'ada', password: 'lovelace' };
const BOB = { username: 'bob', password: 'builder' };
const BOTH = ['admin:read', 'admin:write'];
const ofAda = withConsole([{ account: 'ada', scopes: BOTH }]);

const SUBJECT = { subject: 'nobody' };

suite('the pages of the console', () => {
  before(buildConsole);

  test('exist only with the section', async (t) => {
    const without = await start(t, configuration);
    for (const path of ['/console', '/console/keys', '/console/assets/x.js'])
      assert.equal((await fetch(without.issuer + path)).status, 404, path);
    const page = await createBrowser(without.issuer).get(consoleRequest(without));
    assert.equal(page.status, 400);
    assert.match(page.text, /not registered for this client/);
  });

  test('are one page with a policy that lets nothing else run, and assets that are kept for good', async (t) => {
    const { issuer } = await start(t, ofAda);
    const page = await fetch(`${issuer}/console`);
    const html = await page.text();
    assert.equal(page.status, 200);
    for (const path of ['/console/keys?x=1', '/console/', '/console/?x=1'])
      assert.equal(await (await fetch(issuer + path)).text(), html, path);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.doesNotMatch(policy, /unsafe|\*|nonce/);
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "connect-src 'self'", "form-action 'none'"])
      assert.ok(policy.includes(part), part);
    assert.equal(page.headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.equal(page.headers.get('cross-origin-resource-policy'), 'same-origin');
    assert.ok(html.includes(`content="${issuer}"`) && html.includes('<base href="/console/">'));
    const etag = page.headers.get('etag') ?? '';
    assert.equal((await fetch(`${issuer}/console`, { headers: { 'if-none-match': etag } })).status, 304);
    assert.equal((await fetch(`${issuer}/console`, { headers: { 'if-none-match': '"other"' } })).status, 200);

    const [, script = ''] = /src="\.\/(assets\/[^"]+\.js)"/.exec(html) ?? [];
    const texts = await Promise.all(
      ['br', 'gzip', 'identity', 'br;q=0, gzip'].map(async (accepted) => {
        // Node's fetch would decode it.
        const raw = await import('node:http').then(
          ({ get }) =>
            new Promise<{ headers: Record<string, unknown>; body: Buffer }>((resolve) =>
              get(`${issuer}/console/${script}`, { headers: { 'accept-encoding': accepted } }, async (response) =>
                resolve({ headers: response.headers, body: Buffer.concat(await response.toArray()) }),
              ),
            ),
        );
        assert.match(String(raw.headers['cache-control']), /max-age=31536000, immutable/);
        assert.equal(raw.headers.vary, 'Accept-Encoding');
        assert.equal(raw.headers.pragma, undefined);
        const encoding = raw.headers['content-encoding'];
        assert.equal(encoding, { br: 'br', gzip: 'gzip', identity: undefined }[accepted.replace(/.*, /, '')]);
        const decode = { br: brotliDecompressSync, gzip: gunzipSync }[String(encoding)] ?? ((body: Buffer) => body);
        return decode(raw.body).toString();
      }),
    );
    assert.equal(new Set(texts).size, 1);
    for (const path of ['assets/../index.html', 'assets/index.html', 'assets/x.js', 'assets/.', 'keys/1', 'Keys'])
      assert.equal((await fetch(`${issuer}/console/${path.replace('..', '%2e%2e')}`)).status, 404, path);
  });
});

suite('an operator', () => {
  test('signs in, without a question, and does what the entry says; the row has their name', async (t) => {
    const server = await start(t, ofAda);
    const ada = await openConsoleAs(server, ADA);
    assert.equal(ada.answer.status, 200, ada.answer.text);
    assert.equal(ada.answer.body.token_type, 'DPoP');
    assert.equal(ada.answer.body.scope, BOTH.join(' '));
    assert.equal((await ada.call('GET /keys')).status, 200);
    const changed = await ada.call('POST /actors/suspend', { ...SUBJECT, unknown: true });
    assert.equal(changed.status, 204, changed.text);
    const row = server.audit(changed);
    assert.deepEqual([row?.principal?.sub, row?.client], ['ada', 'cambio-console']);
  });

  test('with admin:read sees everything and changes nothing', async (t) => {
    const server = await start(t, withConsole([{ account: 'ada', scopes: 'admin:read' }]));
    const ada = await openConsoleAs(server, ADA);
    assert.equal(ada.answer.body.scope, 'admin:read');
    assert.equal((await ada.call('GET /keys')).status, 200);
    const refused = await ada.call('POST /actors/suspend', { ...SUBJECT, unknown: true });
    assert.equal(refused.status, 403);
    assert.equal(server.audit(refused)?.principal?.sub, 'ada');
  });

  test('is the person whom a condition on the claims of the account names; several entries add up', async (t) => {
    const entries = [
      { when: 'subject.claims.tenant == "a"', scopes: 'admin:read' },
      { account: 'ada', scopes: 'admin:write' },
      { when: 'subject.claims.groups.exists(g, g == "platform")', scopes: BOTH },
    ];
    const server = await start(t, withConsole(entries));
    assert.equal((await openConsoleAs(server, ADA)).answer.body.scope, BOTH.join(' '));
    // Bob has no claims: no condition can be told.
    const bob = await openConsoleAs(server, BOB);
    assert.deepEqual([bob.answer.status, bob.answer.body.error], [400, 'access_denied']);
  });

  test('loses at the next request what the entry no longer gives, and gets no more at a refresh', async (t) => {
    const server = await start(t, ofAda);
    const ada = await openConsoleAs(server, ADA);
    await server.reload(withConsole([{ account: 'ada', scopes: 'admin:read' }]));
    assert.equal((await ada.call('POST /actors/suspend', { ...SUBJECT, unknown: true })).status, 403);
    assert.equal((await ada.call('GET /keys')).status, 200);
    const renewed = await ada.renew();
    assert.deepEqual([renewed.status, renewed.body.scope], [200, 'admin:read']);
    await server.reload(withConsole([{ account: 'bob', scopes: BOTH }]));
    assert.equal((await ada.call('GET /keys')).status, 403);
    const gone = await ada.renew({ refresh_token: String(renewed.body.refresh_token) });
    assert.deepEqual(
      [gone.status, gone.body.error, server.audit(gone)?.reason],
      [400, 'access_denied', 'operator_unknown'],
    );
    await server.reload(configuration);
    assert.equal((await fetch(`${server.issuer}/console`)).status, 404);
  });

  test('whose account was removed loses it at the next request and refresh', async (t) => {
    const server = await start(t, ofAda);
    const ada = await openConsoleAs(server, ADA);
    const { accounts } = configuration as { accounts: { username: string }[] };
    const others = accounts.filter(({ username }) => username !== 'ada');
    await server.reload(changed(withConsole([{ account: 'bob', scopes: BOTH }]), { accounts: others }));
    assert.equal((await ada.call('GET /keys')).status, 401);
    assert.equal((await ada.renew()).status, 400);
  });

  test('whose account the file of the next start lacks loses it then', async (t) => {
    const first = await start(t, ofAda);
    const ada = await openConsoleAs(first, ADA);
    const { accounts } = configuration as { accounts: { username: string }[] };
    const again = async (next: Configuration) => {
      const place = { folder: first.folder, port: Number(new URL(first.issuer).port), now: first.clock.now };
      const server = await start(t, next, place);
      const { status } = await sessionOf(server, ada.answer, ada.prover).call('GET /keys');
      await server.close();
      return status;
    };
    await first.close();
    assert.equal(await again(ofAda), 200);
    const others = accounts.filter(({ username }) => username !== 'ada');
    assert.equal(await again(changed(withConsole([{ account: 'bob', scopes: BOTH }]), { accounts: others })), 401);
  });
});

test('people of upstream are operators by their name there, or by a claim', async (t) => {
  const entries = [
    { account: 'corp:ada', scopes: 'admin:read' },
    { when: 'subject.claims.email == "ada@corp.example"', scopes: 'admin:write' },
  ];
  const { server, leave, comeBack } = await startUpstream(t, withConsole(entries));
  const asked = { client_id: 'cambio-console', redirect_uri: callbackOf(server), scope: undefined, nonce: undefined };
  const signIn = async (sub: string) => {
    const browser = createBrowser(server.issuer);
    const request = await leave(browser, { ...asked, resource: `${server.issuer}/admin` });
    return redeemAtConsole(server, (await comeBack(browser, request, { sub })).url);
  };
  const ada = await signIn('ada');
  assert.deepEqual([ada.answer.status, ada.answer.body.scope], [200, 'admin:read'], ada.answer.text);
  assert.equal((await ada.call('GET /keys')).status, 200);
  const bob = await signIn('bob');
  assert.deepEqual([bob.answer.status, bob.answer.body.error], [400, 'access_denied']);
});

test('a condition on claims gives nothing to a person of upstream who has not signed in here, one on the name does', async (t) => {
  const upstream = { claims: { external: 'claims.external' } };
  const { idp, server, leave, comeBack } = await startUpstream(t, configuration);
  const configured = (operator: Readonly<Record<string, unknown>>) =>
    changed(withConsole([operator]), {
      upstream: { ...UNREACHABLE, ...upstream, issuer: idp.url },
      clients: edited('agent', { audiences: [`\${ISSUER}/admin`], scopes: ['admin:read'] }),
      issuers: [entry(idp, { name: 'corp' })],
      rules: added({
        ...{ name: 'people of corp', client: 'agent', subject: { issuer: 'corp' } },
        grant: { audiences: [`\${ISSUER}/admin`], scopes: { read: ['admin:read'] } },
      }),
    });
  const keysOf = async (sub: string): Promise<number> => {
    const subject = { subject_token: idp.sign({ sub, scope: 'read' }), subject_token_type: type('jwt') };
    const agent = { client_id: 'agent', client_secret: 'agent-secret' };
    const { body, text } = await server.token({ grant_type: EXCHANGE, ...agent, ...subject });
    assert.ok(body.access_token, text);
    const authorization = `Bearer ${body.access_token}`;
    return (await fetch(`${server.issuer}/admin/v1/keys`, { headers: { authorization } })).status;
  };
  await server.reload(configured({ when: '!has(subject.claims.external)', scopes: 'admin:read' }));
  assert.equal(await keysOf('ada'), 403);
  for (const [sub, external, status] of [
    ['ada', undefined, 200],
    ['eve', true, 403],
  ] as const) {
    const browser = createBrowser(server.issuer);
    await comeBack(browser, await leave(browser, { scope: 'read' }), { sub, external });
    assert.equal(await keysOf(sub), status, sub);
  }
  await server.reload(configured({ when: 'subject.sub == "corp:bob"', scopes: 'admin:read' }));
  assert.equal(await keysOf('bob'), 200);
  assert.equal(await keysOf('joe'), 403);
});

test('people of upstream lose what no entry gives, also if the provider gets another name or is an issuer only', async (t) => {
  const { idp, server, leave, comeBack } = await startUpstream(t, withConsole([{ account: 'corp:ada', scopes: BOTH }]));
  const asked = { client_id: 'cambio-console', redirect_uri: callbackOf(server), scope: undefined, nonce: undefined };
  const browser = createBrowser(server.issuer);
  const request = await leave(browser, { ...asked, resource: `${server.issuer}/admin` });
  const ada = await redeemAtConsole(server, (await comeBack(browser, request, { sub: 'ada' })).url);
  assert.equal((await ada.call('GET /keys')).status, 200);
  const ofBob = withConsole([{ account: 'bob', scopes: BOTH }]);
  const upstream = { ...UNREACHABLE, issuer: idp.url };
  for (const next of [
    { ...ofBob, upstream },
    { ...ofBob, upstream: { ...upstream, name: 'firm' } },
    changed(ofBob, { issuers: [entry(idp, { name: 'corp' })] }),
  ]) {
    await server.reload(next);
    assert.equal((await ada.call('GET /keys')).status, 403);
    assert.equal((await ada.call('POST /actors/suspend', { ...SUBJECT, unknown: true })).status, 403);
  }
});

suite('nobody else gets in', () => {
  test('not an account without an entry, which is told so in words', async (t) => {
    const server = await start(t, ofAda);
    const bob = await openConsoleAs(server, BOB);
    assert.deepEqual(
      [bob.answer.status, bob.answer.body.error, bob.answer.body.error_description],
      [400, 'access_denied', 'This person is not an operator of the server'],
    );
    assert.equal(server.audit(bob.answer)?.reason, 'operator_unknown');
    assert.equal((await openConsoleAs(server, ADA)).answer.status, 200);
  });

  test('not a person by a token that another client got for the admin API', async (t) => {
    const source = changed(ofAda, {
      clients: added({
        ...{ id: 'tool', auth: 'client_secret_post', secret: { plain: 'tool-secret' }, grants: ['authorization_code'] },
        ...{ redirectUris: ['https://app.example/callback'], audiences: [`\${ISSUER}/admin`], scopes: BOTH },
      }),
    });
    const server = await start(t, source);
    const tool = { client_id: 'tool', client_secret: 'tool-secret' };
    const keysBy = async (who: typeof ADA): Promise<number> => {
      const browser = createBrowser(server.issuer);
      const asked = { client_id: 'tool', scope: 'admin:read admin:write', nonce: undefined };
      const page = await browser.get(
        consoleRequest(server, { ...asked, redirect_uri: 'https://app.example/callback' }),
      );
      const { goThrough } = await import('../support/people.ts');
      const { leftTo } = await goThrough(browser, page, who);
      assert.ok(leftTo !== undefined, page.text);
      const { body, status } = await redeem(server, leftTo, tool);
      if (status !== 200) return status;
      const authorization = `Bearer ${body.access_token}`;
      return (await fetch(`${server.issuer}/admin/v1/keys`, { headers: { authorization } })).status;
    };
    assert.equal(await keysBy(ADA), 200);
    assert.equal(await keysBy(BOB), 400);
  });

  test('not a subject of another issuer, which no entry can name; a client is not a person', async (t) => {
    const idp = await startIssuer(t);
    const server = await start(t, changed(ofAda, foreignOperators(idp)));
    const agent = { client_id: 'agent', client_secret: 'agent-secret' };
    const keysWith = async (form: Form) => {
      const { body, text } = await server.token({ ...agent, ...form });
      assert.ok(body.access_token, text);
      const authorization = `Bearer ${body.access_token}`;
      return (await fetch(`${server.issuer}/admin/v1/keys`, { headers: { authorization } })).status;
    };
    const subject = { subject_token: idp.sign({ scope: 'read' }), subject_token_type: type('jwt') };
    assert.equal(await keysWith({ grant_type: EXCHANGE, ...subject }), 403);
    assert.equal(await keysWith({ grant_type: 'client_credentials' }), 200);
    await server.reload(changed(withConsole([]), foreignOperators(idp), { console: undefined }));
    assert.equal(await keysWith({ grant_type: EXCHANGE, ...subject }), 200);
  });

  test('not by a token of another audience, and not by a stolen token without its key', async (t) => {
    const server = await start(t, ofAda);
    const ada = await openConsoleAs(server, ADA);
    assert.equal((await ada.call('GET /keys')).status, 200);
    assert.equal((await ada.call('GET /keys', undefined, newProver())).status, 401);
    const bearer = { authorization: `Bearer ${ada.access}` };
    assert.equal((await fetch(`${server.issuer}/admin/v1/keys`, { headers: bearer })).status, 401);
    assert.equal((await ada.renew({}, newProver())).status, 400);
    const other = await redeem(server, await authorizeAs(server));
    const headers = { authorization: `Bearer ${other.body.access_token}` };
    assert.equal((await fetch(`${server.issuer}/admin/v1/keys`, { headers })).status, 401);
  });

  test('not by a scope that the entry or the first token lacks', async (t) => {
    const server = await start(t, withConsole([{ account: 'ada', scopes: 'admin:read' }]));
    const ada = await openConsoleAs(server, ADA);
    assert.deepEqual((await ada.renew({ scope: BOTH.join(' ') })).body.error, 'invalid_scope');
    await server.reload(ofAda);
    assert.deepEqual((await ada.renew({ scope: BOTH.join(' ') })).body.error, 'invalid_scope');
    assert.equal((await ada.renew()).body.scope, 'admin:read');
  });

  test('not by a code that goes to another port, or without PKCE, proof or the redirect of the console', async (t) => {
    const server = await start(t, ofAda);
    const browser = createBrowser(server.issuer);
    const elsewhere = [
      `http://127.0.0.1:9/console/callback`,
      `${server.issuer}/console/callback/`,
      `${server.issuer}/console`,
    ];
    for (const redirect_uri of elsewhere)
      assert.equal((await browser.get(consoleRequest(server, { redirect_uri }))).status, 400, redirect_uri);
    const { url } = await goToConsole(server, ADA, browser);
    assert.match(url, /\/console\/callback\?/);
    assert.equal(new URL(url).searchParams.get('iss'), server.issuer);
    const code = new URL(url).searchParams.get('code') ?? '';
    const form = {
      grant_type: 'authorization_code',
      client_id: 'cambio-console',
      code,
      redirect_uri: callbackOf(server),
    };
    const proof = { dpop: newProver().prove(server) };
    assert.equal((await server.token({ ...form }, proof)).body.error, 'invalid_grant');
    const again = await goToConsole(server, ADA, browser);
    assert.equal((await redeemAtConsole(server, again.url)).answer.status, 200);
  });

  test('not a client of the file, an account or a registered client with the name', async (t) => {
    const named = changed(ofAda, {
      clients: added({ id: 'cambio-console', auth: 'none', grants: ['token_exchange'], publicExchange: true }),
    });
    for (const source of [
      named,
      changed(configuration, { accounts: added({ username: 'cambio-console', password: { plain: 'x' } }) }),
    ])
      await assert.rejects(start(t, source), /cambio-console is the client of the console/);
    const server = await start(t, ofAda);
    const ada = await openConsoleAs(server, ADA);
    const body = {
      auth: 'client_secret_post',
      grants: ['client_credentials'],
      audiences: ['https://api.example'],
      scopes: ['read'],
    };
    const refused = await ada.call('POST /clients', { id: 'cambio-console', ...body });
    assert.ok([409, 422].includes(refused.status), refused.text);
    assert.equal((await ada.call('POST /clients', { id: 'reports', ...body })).status, 201);
  });

  test('a section that names nobody who exists, or has no admin API, is a fault', async (t) => {
    const cases = [
      [withConsole([{ account: 'eve', scopes: BOTH }]), /there is no account "eve"/],
      [withConsole([{ scopes: BOTH }]), /needs either account or when/],
      [withConsole([]), /operators/],
      [
        changed(configuration, { console: { operators: [{ account: 'ada', scopes: BOTH }] } }),
        /resources has no .*\/admin/,
      ],
      [withConsole([{ when: 'actor.sub == "x"', scopes: BOTH }]), /there is no variable actor/],
    ] as const;
    for (const [source, message] of cases) await assert.rejects(start(t, source), message);
  });

  test('an entry that names two accounts, one by its username and one by its subject, is a fault', async (t) => {
    const hash = '$argon2id$v=19$m=19456,t=2,p=1$bDQDkyKghCt7QH0Vq9/iPw$ea3iQY+iMFn9e6TKVeEJ0pQo1bk/R7d93ntw1yPUKYQ';
    const base = changed(configuration, {
      accounts: [
        { username: 'mallory', sub: 'alice', password: { hash } },
        { username: 'alice', sub: 'person-1', password: { hash } },
      ],
    });
    const named = (account: string) => withConsole([{ account, scopes: BOTH }], base);
    await assert.rejects(start(t, named('alice')), /the username of one account and the subject of another/);
    const server = await start(t, named('person-1'));
    const statusOf = async (username: string) =>
      (await openConsoleAs(server, { username, password: 'lovelace' })).answer.status;
    assert.deepEqual([await statusOf('alice'), await statusOf('mallory')], [200, 400]);
  });
});
