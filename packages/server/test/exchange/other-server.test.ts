// Grants for another authorization server through token exchange: ID-JAGs, and grants of identity chaining.
import assert from 'node:assert/strict';
import { hash, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventOf } from '../../src/audit/row.ts';
import { admin, withOperators } from '../support/admin-api.ts';
import { API, assertIssued, assertRefused, SCOPE_REFUSED, SUBJECT_REFUSED, TARGET_REFUSED } from '../support/basics.ts';
import { selfSigned } from '../support/certificate.ts';
import { beside } from '../support/command.ts';
import { added, type Configuration, changed, edited, entries, yamlOf } from '../support/configuration.ts';
import { claimsOf, everythingIn, type Form, start, type } from '../support/harness.ts';
import { introspect } from '../support/life.ts';
import { across, CRM, FILES, jag, PLAIN, present, signedIn, signIn, VENDOR } from '../support/other-servers.ts';
import { web } from '../support/people.ts';
import { newProver } from '../support/prover.ts';
import {
  idp,
  PORTAL,
  pem,
  portal,
  presentSaml,
  samlEntry,
  signedFor,
  trustingSaml,
  type Version,
} from '../support/saml-exchange.ts';
import { NOW, type Variation } from '../support/saml-signer.ts';

const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';

const headerOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[0] ?? '', 'base64url').toString());

test('issues an ID-JAG for an ID token of the client (IJG-01, IJG-02, IJG-06, IJG-07, IJG-08, IJG-10, IJG-31, IC-08)', async (t) => {
  const { server, id_token, refresh_token } = await signedIn(t);
  const answer = await present(server, id_token, 'id_token', { ...jag, scope: 'read' });
  assert.equal(answer.status, 200, answer.text);
  const { access_token: token, ...body } = answer.body;
  assert.deepEqual(body, {
    issued_token_type: type('id-jag'),
    token_type: 'N_A',
    expires_in: 300,
    scope: 'read',
  });
  assert.equal(headerOf(token).typ, 'oauth-id-jag+jwt');
  const { jti, iat, exp, auth_time, amr, ...claims } = claimsOf(token);
  assert.deepEqual(claims, {
    iss: server.issuer,
    sub: 'ada',
    aud: VENDOR,
    client_id: 'web-at-vendor',
    resource: CRM,
    scope: 'read',
    email: 'ada@example.com',
  });
  assert.deepEqual(
    [Number(exp) - Number(iat), auth_time, amr],
    [300, claimsOf(id_token).auth_time, claimsOf(id_token).amr],
  );
  const row = server.audit(answer);
  assert.deepEqual(row?.grantFor, { issuer: VENDOR, clientId: 'web-at-vendor', sub: 'ada', scope: ['read'] });
  assert.deepEqual([row?.targets, row?.scopeGiven, row?.subject?.id], [[CRM], ['crm.read'], claimsOf(id_token).jti]);
  assert.deepEqual(
    row?.issued?.map((one) => [one.id, one.type]),
    [[jti, 'id_jag']],
  );
  // The alias resolves to the issuer; a refresh token is a subject, too, and stays valid.
  for (const [kind, text] of Object.entries({ id_token, refresh_token })) {
    const again = await present(server, text, kind, { ...jag, audience: 'vendor' });
    assertIssued(server, again, kind);
    assert.equal(claimsOf(again.body.access_token).aud, VENDOR);
  }
  const metadata = await fetch(`${server.issuer}/.well-known/oauth-authorization-server`);
  const { identity_chaining_requested_token_types_supported: types } = (await metadata.json()) as Record<
    string,
    unknown
  >;
  assert.deepEqual(types, [type('id-jag'), type('jwt')]);
});

const refusedTarget = (reason: string) => ({ ...TARGET_REFUSED, reason });
const missing = (name: string) => ({
  status: 400,
  error: 'invalid_request',
  description: `The parameter ${name} is missing`,
  reason: 'parameter_missing',
});

test('names exactly one registered server, and resources of that server only (IJG-01, IC-01)', async (t) => {
  const { server, id_token, access_token } = await signedIn(t);
  const ask = (form: Form) => present(server, id_token, 'id_token', { ...jag, ...form });
  assertIssued(server, await ask({}));
  assertRefused(server, await ask({ audience: undefined }), missing('audience'));
  const repeated = { status: 400, error: 'invalid_request', reason: 'parameter_repeated' };
  assertRefused(server, await ask({ audience: [VENDOR, 'vendor'] }), {
    ...repeated,
    description: 'The parameter audience is repeated',
  });
  for (const [form, reason] of [
    [{ audience: server.issuer }, 'target_unknown'],
    [{ audience: 'https://nobody.example' }, 'target_unknown'],
    [{ audience: API, resource: undefined }, 'target_not_server'],
    [{ audience: CRM, resource: undefined }, 'target_not_server'],
    [{ audience: PLAIN, resource: undefined }, 'target_grant_not_offered'],
    [{ resource: `${API}/v1` }, 'targets_of_several_servers'],
    [{ resource: [CRM, `${API}/v1`] }, 'targets_of_several_servers'],
    [{ resource: PLAIN }, 'targets_of_several_servers'],
  ] as const)
    assertRefused(server, await ask(form), refusedTarget(reason), JSON.stringify(form));
  // The subject token is good, and so is the rule: only the resource is not registered.
  assertRefused(server, await ask({ resource: 'https://api.vendor.example/other' }), refusedTarget('target_unknown'));
  // A token of ours cannot be had for a server of others, whatever its kind.
  const chain = (form: Form) => present(server, access_token, 'access_token', form);
  for (const requested of ['access_token', 'refresh_token', undefined])
    for (const audience of [PLAIN, CRM, VENDOR])
      assertRefused(
        server,
        await chain({ audience, requested_token_type: requested && type(requested) }),
        refusedTarget('target_elsewhere'),
        `${requested} ${audience}`,
      );
  const jwt = { requested_token_type: type('jwt') };
  assertRefused(server, await chain({ ...jwt, audience: [PLAIN, API] }), refusedTarget('targets_of_several_servers'));
  assertRefused(server, await chain({ ...jwt, audience: [PLAIN, CRM] }), refusedTarget('targets_of_several_servers'));
  // The first rule that matches is about another server: a grant needs to name it.
  assertRefused(server, await chain(jwt), missing('audience'));
});

test('an explanation of a refused grant leads to the entry that must change', async (t) => {
  const server = await start(t, withOperators(across()));
  const { id_token, access_token } = (await signIn(server, { scope: 'openid email read', prompt: 'consent' })).body;
  for (const [token, kind, form, reason, key] of [
    [id_token, 'id_token', { audience: 'https://nobody.example' }, 'target_unknown', 'authorizationServers'],
    [access_token, 'access_token', {}, 'subject_token_not_accepted', `authorizationServers[${VENDOR}].subjectTokens`],
    [
      access_token,
      'access_token',
      { audience: PLAIN, resource: undefined },
      'target_grant_not_offered',
      `authorizationServers[${PLAIN}].grants`,
    ],
  ] as const) {
    const answer = await present(server, token, kind, { ...jag, ...form });
    const { requestId } = server.audit(answer) ?? {};
    const { body } = await admin(server, 'POST /explain', { body: { request: requestId } });
    assert.deepEqual([body.reason, (body.place as { key: string }).key], [reason, key]);
    // A resource that exists is not compared with others.
    const { values = [] } = body as { values?: readonly { name: string; known?: unknown }[] };
    assert.deepEqual(
      values.filter(({ name, known }) => name === 'resource' && known !== undefined),
      [],
    );
  }
});

test('check decides recorded grants again: the same, narrower, or not offered any more', {
  timeout: 120_000,
}, async (t) => {
  const { server, id_token, refresh_token, access_token } = await signedIn(t, { subject: 'pairwise' });
  const granted = await Promise.all([
    present(server, id_token, 'id_token', { ...jag, scope: 'read' }),
    present(server, refresh_token, 'refresh_token', { ...jag, audience: 'vendor', resource: FILES }),
    present(server, access_token, 'access_token', { audience: PLAIN, requested_token_type: type('jwt') }),
  ]);
  for (const answer of granted) assertIssued(server, answer);
  const refused = await present(server, id_token, 'id_token', { ...jag, scope: 'write' });
  assert.equal(refused.status, 400);
  const rows = everythingIn(server).audit as { event: string; personal: string }[];
  const log = join(server.folder, 'audit.jsonl');
  writeFileSync(log, rows.map((row) => `${JSON.stringify(eventOf(row))}\n`).join(''));
  const check = async (source: Configuration): Promise<{ code: number | null; stdout: string }> => {
    writeFileSync(join(server.folder, 'cambio.yaml'), yamlOf(source));
    return beside(t, server, ['check', '--against', log]);
  };
  const same = await check(across({ subject: 'pairwise' }));
  assert.equal(same.code, 0, same.stdout);
  const ended = await check(across({ subject: 'pairwise', grants: ['chaining_grant'] }));
  assert.equal(ended.code, 1, ended.stdout);
  assert.match(ended.stdout, /target_grant_not_offered/);
  assert.doesNotMatch(ended.stdout, new RegExp(PLAIN));
  const less = { rules: edited('chaining', { grant: { audiences: [CRM], scopes: ['crm.read'] } }) };
  const narrower = await check(changed(across({ subject: 'pairwise' }), less));
  assert.equal(narrower.code, 1, narrower.stdout);
  assert.match(narrower.stdout, /target_not_granted/);
});

test('an ID token whose type is not stated is read as one', async (t) => {
  const server = await start(t, withOperators(across()));
  const { id_token, access_token } = (await signIn(server, { scope: 'openid email read', prompt: 'consent' })).body;
  for (const [token, type] of [
    [id_token, 'id_token'],
    [access_token, 'access_token'],
  ]) {
    const { body } = await admin(server, 'POST /explain', {
      body: { client: 'web', subject_token: token, audience: [API] },
    });
    const { steps } = body as { steps: readonly { step: string; found: string }[] };
    assert.match(steps.find(({ step }) => step === 'subject token')?.found ?? '', new RegExp(`of type ${type}`));
  }
});

test('takes a subject token of the client itself, from a client that authenticates (IJG-03, IJG-04, IJG-05)', async (t) => {
  const { server, id_token, access_token, refresh_token } = await signedIn(t);
  const other = { client_id: 'agent', client_secret: 'agent-secret' };
  assertIssued(server, await present(server, id_token, 'id_token', jag));
  assertRefused(
    server,
    await present(server, id_token, 'id_token', { ...jag, ...other }),
    refusedTarget('target_client_unnamed'),
  );
  const notAccepted = { ...SUBJECT_REFUSED, reason: 'subject_token_not_accepted' };
  assertRefused(server, await present(server, access_token, 'access_token', jag), notAccepted);
  await server.reload(
    changed(
      across({
        clients: { web: 'w', agent: 'a', open: 'o' },
        subjectTokens: ['id_token', 'refresh_token', 'access_token'],
      }),
      {
        clients: added({ id: 'open', auth: 'none', publicExchange: true, grants: ['token_exchange'] }),
        rules: entries([
          {
            name: 'everybody with everything',
            client: ['web', 'agent', 'open'],
            subject: { issuer: 'self', clients: ['web'], types: ['id_token', 'refresh_token', 'access_token'] },
            grant: { audiences: [VENDOR], types: ['id_jag'], scopes: { openid: ['crm.read'] } },
          },
        ]),
      },
    ),
  );
  const notFor = { ...SUBJECT_REFUSED, reason: 'subject_token_audience' };
  for (const [kind, text] of Object.entries({ id_token, refresh_token, access_token })) {
    assertRefused(server, await present(server, text, kind, { ...jag, ...other }), notFor, kind);
    assertIssued(server, await present(server, text, kind, jag), kind);
    const open = { client_id: 'open', client_secret: undefined };
    assertRefused(server, await present(server, text, kind, { ...jag, ...open }), {
      status: 400,
      error: 'unauthorized_client',
      description: 'The client may not use this grant_type',
      reason: 'public_client_not_allowed',
    });
  }
  // A refresh token that was rotated is refused, as at a refresh.
  const rotated = await server.token({ grant_type: 'refresh_token', ...web, refresh_token });
  assertIssued(server, rotated);
  assertIssued(server, await present(server, rotated.body.refresh_token, 'refresh_token', jag));
  assertRefused(server, await present(server, refresh_token, 'refresh_token', jag), {
    ...SUBJECT_REFUSED,
    reason: 'subject_token_revoked',
  });
});

test('grants no scope that the rule, the client and the map of the subject do not all give (IJG-10, IC-05)', async (t) => {
  const { server, id_token } = await signedIn(t);
  const ask = (form: Form) => present(server, id_token, 'id_token', { ...jag, ...form });
  for (const scope of ['read', 'crm.read', undefined]) {
    const answer = await ask({ scope });
    assert.deepEqual([answer.body.scope, claimsOf(answer.body.access_token).scope], ['read', 'read'], scope);
  }
  const exceeded = { ...SCOPE_REFUSED, reason: 'scope_exceeded' };
  for (const scope of ['write', 'crm.write', 'read write', 'openid', 'files.read', 'email'])
    assertRefused(server, await ask({ scope }), exceeded, scope);
  const files = await ask({ resource: FILES, scope: 'read' });
  assert.deepEqual(
    [claimsOf(files.body.access_token).scope, server.audit(files)?.scopeGiven],
    ['read', ['files.read']],
  );
  // `read` is one scope at one API, and another at the other.
  assertRefused(server, await ask({ resource: [CRM, FILES], scope: 'read' }), exceeded);
  assertRefused(server, await ask({ resource: undefined }), { ...SCOPE_REFUSED, reason: 'scope_empty' });
  // Without the scope that the map reads, the person gave nothing that the rule could rename.
  const { body } = await signIn(server, { scope: 'openid read', prompt: 'consent' });
  await server.reload(
    changed(across(), {
      rules: edited('people at the vendor', { grant: { scopes: { openid: undefined, email: ['crm.read'] } } }),
    }),
  );
  assertIssued(server, await ask({ scope: 'read' }));
  assertRefused(server, await present(server, body.id_token, 'id_token', { ...jag, scope: 'read' }), exceeded);
});

test('issues a grant of identity chaining for an access token, with act and the listed claims only (IC-01, IC-02, IC-03, IC-05)', async (t) => {
  const { server, access_token } = await signedIn(t);
  const agent = { client_id: 'agent', client_secret: 'agent-secret' };
  const inner = { sub: 'web', iss: server.issuer, sub_profile: 'ai_agent', more: { x: [1] } };
  const claims = {
    ...claimsOf(access_token),
    act: inner,
    email: 'ada@example.com',
    email_verified: true,
    secret_note: 'x',
    chain_complete: false,
    may_act: { sub: 'agent', iss: server.issuer },
  };
  const subject = server.forge(claims);
  for (const target of [{ audience: PLAIN }, { resource: PLAIN }]) {
    const answer = await present(server, subject, 'access_token', {
      ...agent,
      ...target,
      requested_token_type: type('jwt'),
    });
    assert.equal(answer.status, 200, answer.text);
    const { access_token: token, ...body } = answer.body;
    assert.deepEqual(body, { issued_token_type: type('jwt'), token_type: 'N_A', expires_in: 300, scope: 'read' });
    assert.equal(headerOf(token).typ, 'authorization-grant+jwt');
    const { jti, iat, exp, ...rest } = claimsOf(token);
    assert.deepEqual(rest, {
      iss: server.issuer,
      sub: 'ada',
      aud: PLAIN,
      scope: 'read',
      email: 'ada@example.com',
      act: { sub: 'agent', iss: server.issuer, act: inner },
      chain_complete: false,
    });
    assert.equal(Number(exp) - Number(iat), 300);
    assert.deepEqual(
      server.audit(answer)?.issued?.map((one) => [one.id, one.type]),
      [[jti, 'chaining_grant']],
    );
  }
  // At a resource of ours, the same type is an access token.
  const ours = await present(server, access_token, 'access_token', {
    ...agent,
    audience: API,
    requested_token_type: type('jwt'),
  });
  assert.deepEqual([ours.body.token_type, headerOf(ours.body.access_token).typ], ['Bearer', 'at+jwt']);
});

test('demands a fresh and strong sign-in, and says which (IJG-12)', async (t) => {
  const { server, id_token } = await signedIn(t, { maxAge: '10m' });
  const ask = () => present(server, id_token, 'id_token', jag);
  assertIssued(server, await ask());
  const stepUp = {
    status: 400,
    error: 'insufficient_user_authentication',
    description: 'The person must sign in again, or in another way',
  };
  server.clock.now += 601_000;
  const late = await ask();
  assert.equal(late.body.max_age, 600);
  assert.deepEqual([late.status, late.body.error, server.audit(late)?.reason], [400, stepUp.error, 'sign_in_too_old']);
  await server.reload(across({ acr: ['gold', 'silver'], maxAge: '1h' }));
  const weak = await ask();
  assert.deepEqual(
    [weak.body.error, weak.body.error_description, weak.body.acr_values, weak.body.max_age, server.audit(weak)?.reason],
    [stepUp.error, stepUp.description, 'gold silver', 3600, 'sign_in_too_weak'],
  );
  for (const [claims, reason] of [
    [{ acr: 'silver' }, undefined],
    [{ acr: 'bronze' }, 'sign_in_too_weak'],
    [{ acr: 'silver', auth_time: undefined }, 'sign_in_too_old'],
  ] as const) {
    const token = server.forge({ ...claimsOf(id_token), ...claims }, { typ: 'JWT' });
    const answer = await present(server, token, 'id_token', jag);
    assert.equal(server.audit(answer)?.reason, reason);
    if (reason === undefined) assert.equal(claimsOf(answer.body.access_token).acr, 'silver');
  }
});

test('binds the grant to the key that is proven, and demands one where the server does (IJG-11)', async (t) => {
  const { server, id_token } = await signedIn(t, { keyBinding: 'required' });
  assertRefused(server, await present(server, id_token, 'id_token', jag), {
    status: 400,
    error: 'invalid_dpop_proof',
    description: 'The DPoP proof is missing, or not valid for this request',
    reason: 'server_needs_proof',
  });
  const prover = newProver();
  const headers = { dpop: prover.prove(server) };
  const answer = await present(server, id_token, 'id_token', jag, headers);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.token_type, 'N_A');
  assert.deepEqual(claimsOf(answer.body.access_token).cnf, { jkt: prover.jkt });
  assertRefused(server, await present(server, id_token, 'id_token', jag, headers), {
    status: 400,
    error: 'invalid_dpop_proof',
    description: 'The DPoP proof is missing, or not valid for this request',
    reason: 'dpop_replayed',
  });
});

test('binds the grant to a certificate, or to a DPoP key, and never to both (IJG-11)', async (t) => {
  const proxied = changed(across({ keyBinding: 'required' }), {
    server: { trustProxy: ['127.0.0.1'], clientCertificates: { header: { name: 'x-certificate', format: 'der' } } },
  });
  const server = await start(t, proxied);
  const { id_token } = (await signIn(server, { scope: 'openid' })).body;
  await server.reload(changed(proxied, { clients: edited('web', { certificateBoundAccessTokens: true }) }));
  const { cert } = await selfSigned({ type: 'dns', value: 'web.example' });
  const x509 = new X509Certificate(cert);
  const headers = { 'x-certificate': x509.raw.toString('base64') };
  const byCertificate = await present(server, id_token, 'id_token', jag, headers);
  assert.equal(byCertificate.status, 200, byCertificate.text);
  assert.deepEqual(claimsOf(byCertificate.body.access_token).cnf, {
    'x5t#S256': hash('sha256', x509.raw, 'base64url'),
  });
  const prover = newProver();
  const both = await present(server, id_token, 'id_token', jag, { ...headers, dpop: prover.prove(server) });
  assert.deepEqual(claimsOf(both.body.access_token).cnf, { jkt: prover.jkt });
});

test('names the subject as the server does: the same, pairwise, by email or by a claim (IJG-08)', async (t) => {
  const { server, id_token } = await signedIn(t);
  const subOf = async (subject: unknown, claims = {}): Promise<unknown> => {
    await server.reload(across({ subject } as Configuration));
    const answer = await present(
      server,
      server.forge({ ...claimsOf(id_token), ...claims }, { typ: 'JWT' }),
      'id_token',
      jag,
    );
    return answer.status === 200 ? claimsOf(answer.body.access_token).sub : server.audit(answer)?.reason;
  };
  assert.equal(await subOf('same'), 'ada');
  const pairwise = await subOf('pairwise');
  assert.match(String(pairwise), /^[\w-]{43}$/);
  assert.equal(await subOf('pairwise'), pairwise);
  assert.notEqual(await subOf('pairwise', { sub: 'bob' }), pairwise);
  assert.equal(await subOf('email', { email_verified: true }), 'ada@example.com');
  for (const email_verified of [false, undefined, 'true'])
    assert.equal(await subOf('email', { email_verified }), 'subject_without_name', String(email_verified));
  for (const email_verified of [true, false, undefined, null, 'true', 'false', 1]) {
    await server.reload(across());
    const token = server.forge({ ...claimsOf(id_token), email_verified }, { typ: 'JWT' });
    const { access_token } = (await present(server, token, 'id_token', jag)).body;
    const copied = email_verified === true ? 'ada@example.com' : undefined;
    assert.equal(claimsOf(access_token).email, copied, String(email_verified));
  }
  assert.equal(await subOf({ claim: 'employee' }, { employee: 'E1' }), 'E1');
  for (const employee of [undefined, 7, '', ['E1'], 'a\u0000b'])
    assert.equal(await subOf({ claim: 'employee' }, { employee }), 'subject_without_name', String(employee));
});

test('takes no grant of its own: as subject, as actor, at introspection and at userinfo (IJG-13, IC-03)', async (t) => {
  const { server, id_token, access_token } = await signedIn(t);
  const issued = await present(server, id_token, 'id_token', { ...jag, scope: 'read' });
  const chained = await present(server, access_token, 'access_token', {
    audience: PLAIN,
    requested_token_type: type('jwt'),
  });
  for (const { body } of [issued, chained]) {
    const grant = String(body.access_token);
    for (const kind of ['access_token', 'jwt', 'id_token']) {
      const wrong = { ...SUBJECT_REFUSED, reason: 'subject_token_wrong_type' };
      assertRefused(server, await present(server, grant, kind, { audience: API }), wrong, kind);
      assertRefused(server, await present(server, grant, kind, jag), wrong, kind);
      const actor = { audience: API, actor_token: grant, actor_token_type: type(kind) };
      const acting = await present(server, access_token, 'access_token', actor);
      assert.equal(server.audit(acting)?.reason, 'actor_token_wrong_type', kind);
    }
    assertIssued(server, await present(server, access_token, 'access_token', { audience: API }));
    const introspected = await introspect(server, grant, web);
    assert.deepEqual(introspected.body, { active: false });
    const userinfo = await fetch(`${server.issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${grant}` } });
    assert.equal(userinfo.status, 401);
  }
});

test('issues an ID-JAG for an assertion that is addressed to the client, with its NameID where the server wants it (IJG-02, IJG-03)', async (t) => {
  const entry = (members: Configuration = {}) => ({
    issuer: VENDOR,
    grants: ['id_jag'],
    clients: { portal: 'portal-there' },
    samlSubjectId: true,
    ...members,
  });
  const rule = {
    name: 'portal',
    client: 'portal',
    subject: { issuer: 'idp', types: ['saml1', 'saml2'] },
    grant: { audiences: [VENDOR], types: ['id_jag'] },
  };
  const server = await start(t, changed(trustingSaml([samlEntry()], [rule]), { authorizationServers: [entry()] }), {
    files: { 'idp.pem': pem(idp) },
    now: NOW * 1000,
  });
  const toPortal = { audience: PORTAL.entityId, data: { Recipient: PORTAL.acs, InResponseTo: '_request' } };
  const ask = (version: Version, is: Variation) =>
    presentSaml(server, version, signedFor(server, version, is), { ...portal, ...jag, resource: undefined });
  const qualified = {
    Format: PERSISTENT,
    NameQualifier: idp.entityId,
    SPNameQualifier: PORTAL.entityId,
    SPProvidedID: 'p-1',
  };
  const answer = await ask('saml2', { ...toPortal, nameIdAttributes: qualified });
  assert.equal(answer.status, 200, answer.text);
  const { sub, sub_id, client_id, auth_time, acr } = claimsOf(answer.body.access_token);
  assert.deepEqual(sub_id, {
    format: 'saml-nameid',
    issuer: idp.entityId,
    nameid: 'ada',
    nameid_format: PERSISTENT,
    name_qualifier: idp.entityId,
    sp_name_qualifier: PORTAL.entityId,
    sp_provided_id: 'p-1',
  });
  assert.deepEqual([sub, client_id, typeof auth_time, typeof acr], ['idp:ada', 'portal-there', 'number', 'string']);
  const plain = await ask('saml2', { ...toPortal, nameIdAttributes: { Format: undefined } });
  assert.deepEqual(claimsOf(plain.body.access_token).sub_id, {
    format: 'saml-nameid',
    issuer: idp.entityId,
    nameid: 'ada',
  });
  // An assertion for this server proves nothing about the client that presents it; SAML 1.1 is accepted only if the entry says so.
  assertRefused(server, await ask('saml2', {}), { ...SUBJECT_REFUSED, reason: 'subject_token_audience' });
  assertRefused(server, await ask('saml1', toPortal), { ...SUBJECT_REFUSED, reason: 'subject_token_not_accepted' });
  await server.reload(
    changed(trustingSaml([samlEntry()], [rule]), {
      authorizationServers: [entry({ samlSubjectId: undefined, subject: 'pairwise' })],
    }),
  );
  const pairwise = await ask('saml2', toPortal);
  const hidden = claimsOf(pairwise.body.access_token);
  assert.deepEqual([hidden.sub_id, String(hidden.sub).length], [undefined, 43]);
});
