// Documents, and the answers of their host, that must not be believed.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createBrowser } from '../../../support/browser.ts';
import type { Answer, Form } from '../../../support/harness.ts';
import { bytes, forever, json, newKey, status } from '../../../support/issuer.ts';
import { authorizeAs, VERIFIER } from '../../../support/people.ts';
import type { Cases } from '../../group.ts';
import { RETURN, type World } from './world.ts';

const LATER_MS = 3_600_001;

/** Signs in to a described client, and redeems its code. @param more how the client proves itself */
async function tokensOf({ server }: World, id: string, more: () => Form = () => ({})): Promise<Answer> {
  const form = { client_id: id, redirect_uri: RETURN, scope: 'read', nonce: undefined };
  const at = await authorizeAs(server, form, createBrowser(server.issuer));
  const code = at.searchParams.get('code') ?? '';
  const grant = { grant_type: 'authorization_code', client_id: id, code, code_verifier: VERIFIER };
  return server.token({ ...grant, ...more() });
}

const refresh = ({ server }: World, id: string, { body }: Answer, more: Form = {}): Promise<Answer> =>
  server.token({ grant_type: 'refresh_token', client_id: id, refresh_token: String(body.refresh_token), ...more });

export const documents = {
  M03: async ({ server, host, elsewhere, publish, ask }, { attempt, twin }) => {
    const good = publish('/good.json');
    const members = { redirect_uris: [RETURN], token_endpoint_auth_method: 'none' };
    const bad = `${host.url}/bad.json`;
    const answers = {
      'of another client': json({ ...members, client_id: good }),
      'of another spelling': json({ ...members, client_id: bad.toUpperCase() }),
      'of nobody': json(members),
      'a list of clients': json({ ...members, client_id: [bad] }),
      'a redirect to a good document': status(302, { location: good }),
      'a redirect elsewhere': status(307, { location: `${elsewhere.url}/x.json` }),
      'a page': json({ ...members, client_id: bad }, { 'content-type': 'text/html' }),
      'two members of one name': bytes(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n',
        `{"client_id":"${bad}","client_id":"${good}","redirect_uris":["${RETURN}"]}`,
      ),
      'a secret': json({ ...members, client_id: bad, client_secret: 'canary-free' }),
      'a private key': json({
        ...members,
        client_id: bad,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [newKey().privateKey.export({ format: 'jwk' })] },
      }),
      'keys elsewhere': json({
        ...members,
        client_id: bad,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: `${elsewhere.url}/jwks`,
      }),
    };
    for (const [what, answer] of Object.entries(answers)) {
      host.instead.set('/bad.json', answer);
      const page = await attempt(what, ask(bad));
      assert.deepEqual([page.leftTo, server.audit(page)?.reason], [undefined, 'client_document_invalid'], what);
    }
    assert.equal(elsewhere.seen.length, 0);
    await twin(ask(good));
  },

  M04: async ({ host, publish, ask }, { attempt, twin }) => {
    const good = publish('/good.json');
    const bad = publish('/bad.json');
    host.instead.set(
      '/bad.json',
      forever('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"client_id":"', 'x'.repeat(10)),
    );
    await attempt('a document without an end', ask(bad));
    publish('/bad.json', { padding: 'x'.repeat(6000) });
    await attempt('a large document', ask(bad));
    host.instead.set('/bad.json', status(500));
    await attempt('a host that fails', ask(bad));
    await twin(ask(good));
  },

  M05: async (world, { attempt, twin }) => {
    const { publish, ask } = world;
    const id = publish('/redirects.json', {
      redirect_uris: [RETURN, 'javascript:alert(1)', 'data:text/html,x', 'http://agent.example/x', '//evil.example'],
    });
    for (const uri of [
      'javascript:alert(1)',
      'data:text/html,x',
      'http://agent.example/x',
      '//evil.example',
      `${RETURN}/x`,
      `${RETURN}?x`,
      'https://agent.example:444/callback',
      'https://agent.example/CALLBACK',
      'https://evil.example/callback',
    ]) {
      const page = await attempt(uri, ask(id, uri));
      assert.equal(page.leftTo, undefined, uri);
    }
    await twin(ask(id));
  },

  M06: async (world, { attempt, twin }) => {
    const { server, host, publish } = world;
    const [own, stolen] = [newKey(), newKey()];
    const withKey = (key: typeof own) =>
      publish('/keys.json', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } });
    const id = withKey(own);
    const prove = (key: typeof own): Form => ({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: host.signAll(
        { iss: id, sub: id, aud: server.issuer, jti: randomUUID(), exp: Math.floor(server.clock.now / 1000) + 60 },
        { key },
      ),
    });
    const tokens = await twin(tokensOf(world, id, () => prove(own)));
    await attempt('a key that the document does not have', refresh(world, id, tokens, prove(stolen)));
    // A thief of the host and of a refresh token writes a key of their own, or takes the keys away.
    withKey(stolen);
    server.clock.now += LATER_MS;
    await attempt('another key in the document', refresh(world, id, tokens, prove(stolen)));
    publish('/keys.json');
    server.clock.now += LATER_MS;
    await attempt('no key in the document', refresh(world, id, tokens));
    withKey(own);
    server.clock.now += LATER_MS;
    await twin(refresh(world, id, tokens, prove(own)));
  },

  M07: async (world, { attempt, twin }) => {
    const { server, host, publish } = world;
    const id = publish('/kept.json');
    const tokens = await twin(tokensOf(world, id));
    host.instead.set('/kept.json', status(404));
    server.clock.now += LATER_MS;
    await attempt('a document that is gone', refresh(world, id, tokens));
    host.instead.set('/kept.json', json({ client_id: id }, { 'cache-control': 'max-age=31536000' }));
    await attempt('a document that is empty', refresh(world, id, tokens));
    // Neither answer was kept.
    publish('/kept.json');
    await twin(refresh(world, id, tokens));
    // For a year, says its host: it is asked again after an hour.
    host.instead.set('/kept.json', status(410));
    server.clock.now += LATER_MS;
    await attempt('a document that was to be kept for long', refresh(world, id, tokens));
  },
} satisfies Cases<World>;
