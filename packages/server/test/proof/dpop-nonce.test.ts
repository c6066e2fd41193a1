// With required nonces, every grant requires one, and a request without one consumes nothing (RFC 9449 section 8).
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { API, assertRefused, BACKEND } from '../support/basics.ts';
import { createBrowser } from '../support/browser.ts';
import { changed } from '../support/configuration.ts';
import { type Answer, claimsOf, EXCHANGE, encode, type Form, type } from '../support/harness.ts';
import {
  authorizeAs,
  CALLBACK,
  configuration,
  DEVICE,
  goThrough,
  startPeople,
  tv,
  VERIFIER,
  web,
} from '../support/people.ts';
import { newProver } from '../support/prover.ts';

const NONCE_WANTED = {
  error: 'use_dpop_nonce',
  description: 'The DPoP proof must have the nonce of the DPoP-Nonce header',
  reason: 'dpop_nonce',
};

test('keeps a code, a device code, a refresh token and a subject token valid after a request without a nonce (B07, DP-05, DP-02)', async (t: TestContext) => {
  const server = await startPeople(t, changed(configuration, { server: { dpopNonces: true } }));
  const prover = newProver();
  const askTwice = async (form: Form): Promise<Answer> => {
    const asked = await server.token(form, { dpop: prover.prove(server) });
    assertRefused(server, asked, NONCE_WANTED, String(form.grant_type));
    const nonce = asked.headers.get('dpop-nonce');
    const answer = await server.token(form, { dpop: prover.prove(server, { nonce }) });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(claimsOf(answer.body.access_token).cnf, { jkt: prover.jkt });
    return answer;
  };

  const code = (await authorizeAs(server)).searchParams.get('code') ?? '';
  const redirect = { redirect_uri: CALLBACK, code_verifier: VERIFIER };
  const signedIn = await askTwice({ grant_type: 'authorization_code', ...web, code, ...redirect });
  const refreshed = await askTwice({
    ...{ grant_type: 'refresh_token', ...web },
    refresh_token: String(signedIn.body.refresh_token),
  });
  const exchanged = await askTwice({
    ...{ grant_type: EXCHANGE, ...web, audience: BACKEND, subject_token_type: type('access_token') },
    subject_token: String(refreshed.body.access_token),
  });
  assert.equal(claimsOf(exchanged.body.access_token).aud, BACKEND);

  const browser = createBrowser(server.issuer);
  const device = await server.post('/oauth/device_authorization', encode({ ...tv, scope: 'openid read' }));
  const compare = await browser.submit(await browser.get('/device'), { user_code: String(device.body.user_code) });
  await goThrough(browser, await browser.submit(compare, { confirm: 'yes' }));
  const connected = await askTwice({ grant_type: DEVICE, ...tv, device_code: String(device.body.device_code) });
  assert.equal(claimsOf(connected.body.access_token).aud, API);
});
