// Names and texts that pages show.
import assert from 'node:assert/strict';
import { admin } from '../../../support/admin-api.ts';
import { createBrowser } from '../../../support/browser.ts';
import { beside } from '../../../support/command.ts';
import { authorizationUrl } from '../../../support/people.ts';
import { FORM } from '../../../support/wire.ts';
import type { Cases } from '../../group.ts';
import { ESCAPED, EVIL, entry, PERSON, pagesOf, refusalsOf, type World } from './world.ts';

export const names = {
  W02: async ({ server }, { attempt, twin }) => {
    for (const name of ['logo_uri', 'tos_uri', 'policy_uri', 'client_uri', 'logoUri', 'tosUri', 'policyUri']) {
      for (const uri of [
        'javascript:alert(1)',
        'data:text/html,<script>alert(1)</script>',
        'https://evil.example/logo',
      ]) {
        const body = { ...entry('new'), [name]: uri };
        const { text } = await attempt(`${name} ${uri}`, admin(server, 'POST /clients', { body }));
        assert.ok(text.includes(name), text);
      }
    }
    for (const uri of ['javascript:alert(1)', 'data:text/html,x', '//evil.example', 'https://me@evil.example']) {
      const { text } = await attempt(`uri ${uri}`, admin(server, 'POST /clients', { body: { ...entry('new'), uri } }));
      assert.ok(text.includes('"body.uri"'), text);
    }
    for (const logo of [
      '/etc/hostname',
      'cambio.yaml',
      'https://evil.example/logo',
      'data:text/html;base64,PHN2Zz4=',
    ]) {
      const { text } = await attempt(
        `logo ${logo}`,
        admin(server, 'POST /clients', { body: { ...entry('new'), logo } }),
      );
      assert.ok(text.includes('"body.logo"'), text);
    }
    for (const uri of ['javascript:alert(1)', 'data:text/html,x', 'http://app.example/callback', '//app.example']) {
      const body = { ...entry('new'), redirectUris: [uri] };
      const { text } = await attempt(`redirectUris ${uri}`, admin(server, 'POST /clients', { body }));
      assert.match(text, /redirectUris/);
    }
    await twin(admin(server, 'POST /clients', { body: entry('new') }));
  },

  W07: async ({ server }, { after, attempt, twin }) => {
    const formulas = ['=1+1', '+1', '-1', '@SUM(1)', '=cmd|calc', '=HYPERLINK("x")'];
    for (const text of formulas) await attempt(text, server.post('/oauth/token', FORM, { 'x-request-id': text }));
    await twin(server.post('/oauth/token', FORM.replace(/gateway/g, 'machine'), { 'x-request-id': 'plain' }));
    const { code, stdout } = await beside({ after }, server, ['audit search', '--format', 'csv']);
    assert.equal(code, 0);
    for (const text of formulas) {
      const harmless = `'${text}`.replaceAll('"', '""');
      assert.ok(stdout.includes(`,"${harmless}",`), text);
    }
    assert.doesNotMatch(stdout, /(^|,)"?[=+@-]/m);
    assert.match(stdout, /,plain,/);
  },

  W10: async ({ server }, { attempt, twin }) => {
    const browser = createBrowser(server.issuer);
    const at = { client_id: EVIL, redirect_uri: 'https://evil.example/callback', scope: 'read' };
    const consent = await browser.submit(await browser.get(authorizationUrl(at)), PERSON);
    for (const [what, page] of Object.entries({ ...(await pagesOf(server)), 'consent for it': consent })) {
      assert.doesNotMatch((await attempt(what, page)).text, /<img|<script/, what);
    }
    assert.ok(
      consent.text.includes(ESCAPED) && consent.text.includes(`See ${ESCAPED}`),
      'the id, and the scope’s name',
    );
    for (const id of ['we\u202eb', 'w\u0435b', 'web\u200b', 'ｗeb', 'we\u0301b']) {
      const answer = await admin(server, 'POST /clients', { body: entry(id) });
      assert.deepEqual([answer.status, answer.text.includes('body.id')], [422, true], 'an id is printable ASCII');
    }
    for (const [index, name] of ['web', 'w\u0435b', '\u05d0web'].entries()) {
      const made = await admin(server, 'POST /clients', {
        body: { ...entry(`named-${index}`), name },
      });
      assert.equal(made.status, 201, made.text);
      const at = { client_id: String(made.body.id), redirect_uri: 'https://new.example/callback', scope: 'openid' };
      const { text } = await attempt(`a client called ${name}`, createBrowser(server.issuer).get(authorizationUrl(at)));
      assert.ok(
        text.includes(`<bdi>${name}</bdi>`) && text.includes(`<code>${at.client_id}</code>`),
        'the id is beside the name',
      );
    }
    const turned = await admin(server, 'POST /clients', { body: { ...entry('turned'), name: 'web\u202eb' } });
    assert.deepEqual([turned.status, turned.text.includes('body.name')], [422, true], 'no character turns the text');
    await twin(browser.get(authorizationUrl()));
  },

  W11: async ({ server }, { attempt, twin }) => {
    const refusals = await refusalsOf(server);
    const unread = await createBrowser(server.issuer).get('/oauth/interaction/%zz');
    const nowhere = await createBrowser(server.issuer).get('/nowhere?<script>');
    for (const [what, page] of Object.entries({ ...refusals, nowhere, 'a path that cannot be read': unread })) {
      const { status, headers, text } = await attempt(what, page);
      assert.ok(status >= 400 && status < 500, what);
      assert.doesNotMatch(
        text,
        /oidc-provider|fastify|\bat \S+ \(|node_modules|node:|\.ts:|\d+\.\d+\.\d+|<script/i,
        what,
      );
      for (const name of ['server', 'x-powered-by', 'via']) assert.equal(headers.get(name), null, what);
    }
    await twin(createBrowser(server.issuer).get(authorizationUrl()));
  },
} satisfies Cases<World>;
