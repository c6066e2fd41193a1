// Redemptions of assertions, as operators see them: explained, tested in the file, decided again, and revoked.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventOf } from '../../src/audit/row.ts';
import { admin, withOperators } from '../support/admin-api.ts';
import { API, assertIssued } from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { type Configuration, changed, edited, yamlOf } from '../support/configuration.ts';
import { everythingIn, start, type TestServer } from '../support/harness.ts';
import { type FakeIssuer, startIssuer } from '../support/issuer.ts';
import { granting, isActive, JWT_DPOP, jagOf, redeem, redeemingOf } from '../support/redeeming.ts';

const patient = { timeout: 120_000 };

async function startOperated(
  t: TestContext,
): Promise<{ idp: FakeIssuer; server: TestServer; configuration: Configuration }> {
  const idp = await startIssuer(t);
  const configuration = withOperators(redeemingOf([granting(idp, { id_jag: {} })]));
  return { idp, server: await start(t, configuration), configuration };
}

interface Explained {
  readonly decision: string;
  readonly reason?: string;
  readonly error_description?: string;
  readonly detail?: string;
  readonly remedy?: string;
  readonly place?: { readonly key: string };
  readonly steps: readonly { readonly step: string; readonly found: string }[];
  readonly rules: readonly { readonly rule: string; readonly result: string }[];
}

test('explains a redemption, past or imagined, and uses up no assertion', async (t) => {
  const { idp, server } = await startOperated(t);
  const explain = async (body: Record<string, unknown>): Promise<Explained> =>
    (await admin(server, 'POST /explain', { body })).body as unknown as Explained;
  const jag = jagOf(idp, server);
  for (const _ of [1, 2]) {
    const imagined = await explain({ client: 'wiki', assertion: jag });
    assert.deepEqual(
      [imagined.decision, imagined.rules.find(({ result }) => result === 'decides')?.rule],
      ['allowed', 'jags'],
    );
  }
  assertIssued(server, await redeem(server, jag));
  assert.equal((await explain({ client: 'wiki', assertion: jag })).reason, 'assertion_replayed');
  const faulty = jagOf(idp, server, { client_id: 'gateway' });
  assert.equal((await explain({ client: 'wiki', assertion: faulty })).reason, 'assertion_client');
  assert.equal((await explain({ client: 'gateway', assertion: jag })).reason, 'grant_not_allowed');
  const refused = await redeem(server, jagOf(idp, server, { scope: undefined }));
  const past = await explain({ request: refused.headers.get('x-request-id') });
  assert.deepEqual([past.decision, past.reason], ['refused', 'scope_empty']);
  assert.match(past.steps.find(({ step }) => step === 'assertion')?.found ?? '', /of type id_jag/);
  const unnamed = await redeem(server, jagOf(idp, server), { scope: 'admin' });
  assert.equal((await explain({ request: unnamed.headers.get('x-request-id') })).reason, 'scope_exceeded');
});

test('an explanation of a refused assertion has the value that was found', async (t) => {
  const { idp, server } = await startOperated(t);
  for (const [claims, reason, detail] of [
    [{ client_id: 'gateway' }, 'assertion_client', 'wiki sent it, and its client_id is "gateway"'],
    [{ client_id: undefined }, 'assertion_client', 'wiki sent it, and it has no client_id'],
    [{ tenant: 'a' }, 'assertion_claims', 'its tenant is "a", and its issuer entry has none (tenant)'],
    [{ aud_tenant: 'b' }, 'assertion_claims', 'its aud_tenant is "b", and its issuer entry has none (audTenant)'],
    [
      { resource: [API, 'https://foreign.example'] },
      'assertion_resource',
      `resource is ["${API}","https://foreign.example"], and not all of it is registered`,
    ],
  ] as const) {
    const { requestId } = server.audit(await redeem(server, jagOf(idp, server, claims))) ?? {};
    const past = (await admin(server, 'POST /explain', { body: { request: requestId } })).body as unknown as Explained;
    assert.deepEqual([past.reason, past.detail], [reason, detail]);
  }
  const secret = await redeem(server, jagOf(idp, server, { client_id: 's'.repeat(5000) }));
  assert.ok((server.audit(secret)?.detail?.length ?? 0) < 1000);
  const unproven = await redeem(server, jagOf(idp, server), { grant_type: JWT_DPOP });
  const { requestId } = server.audit(unproven) ?? {};
  const { reason, place } = (await admin(server, 'POST /explain', { body: { request: requestId } }))
    .body as unknown as Explained;
  assert.deepEqual([reason, place], ['dpop_missing', undefined]);
});

test('a rule that does not list the type takes no assertion, and its refusal is that of a faulty one', async (t) => {
  const { idp, server, configuration } = await startOperated(t);
  await server.reload(
    changed(configuration, { rules: edited('jags', { subject: { issuer: 'corp', types: undefined } }) }),
  );
  const answer = await redeem(server, jagOf(idp, server));
  assert.deepEqual(
    [answer.status, answer.body.error, answer.body.error_description, server.audit(answer)?.reason],
    [400, 'invalid_grant', 'The provided assertion is invalid or expired', 'no_rule_for_subject'],
  );
  await server.reload(changed(configuration, { rules: edited('jags', { grant: { scopes: ['read'] } }) }));
  const narrowed = await redeem(server, jagOf(idp, server));
  assert.equal(narrowed.body.scope, 'read');
});

test('check decides recorded redemptions again, and tests those that the file imagines', patient, async (t) => {
  const { idp, server, configuration } = await startOperated(t);
  assertIssued(server, await redeem(server, jagOf(idp, server)));
  await redeem(server, jagOf(idp, server), { scope: 'admin' });
  const rows = everythingIn(server).audit as { event: string; personal: string }[];
  const log = join(server.folder, 'audit.jsonl');
  writeFileSync(log, rows.map((row) => `${JSON.stringify(eventOf(row))}\n`).join(''));
  const check = async (source: Configuration): Promise<{ code: number | null; stdout: string }> => {
    writeFileSync(join(server.folder, 'cambio.yaml'), yamlOf(source));
    return beside(t, server, ['check', '--against', log]);
  };
  const subject = { issuer: 'corp', type: 'id_jag', scope: ['read'], claims: { sub: 'ada', resource: API } };
  const tests = [
    { subject, expect: { allowed: { sub: 'corp:ada', aud: API, scope: 'read' } } },
    { subject: { ...subject, scope: undefined }, expect: { refused: 'scope_empty' } },
    { subject: { ...subject, claims: { sub: 'ada' } }, expect: { refused: 'assertion_resource' } },
    { subject: { ...subject, type: 'chaining_grant' }, expect: { refused: 'assertion_not_accepted' } },
    { subject, client: 'gateway', expect: { refused: 'grant_not_allowed' } },
  ];
  const same = await check(changed(configuration, { rules: edited('jags', { tests }) }));
  assert.equal(same.code, 0, same.stdout);
  const less = await check(changed(configuration, { rules: edited('jags', { grant: { scopes: ['write'] } }) }));
  assert.equal(less.code, 1, less.stdout);
  assert.match(less.stdout, /read write/);
});

test('an operator ends what came of an assertion by its jti and issuer, and by its person there', async (t) => {
  const { idp, server } = await startOperated(t);
  const [by, of, twin] = await Promise.all(
    [{ jti: 'jag-1' }, { sub: 'bob' }, {}].map((claims) => redeem(server, jagOf(idp, server, claims))),
  );
  assert.ok(by && of && twin);
  const revoke = async (body: Record<string, unknown>): Promise<number> =>
    (await admin(server, 'POST /revocations', { body })).status;
  assert.equal(await revoke({ id: 'jag-1', issuer: 'https://other.example' }), 404);
  assert.equal(await isActive(server, by), true);
  assert.equal(await revoke({ id: 'jag-1', issuer: idp.url }), 204);
  assert.equal(await isActive(server, by), false);
  assert.equal(await revoke({ subject: 'bob', issuer: idp.url }), 204);
  assert.equal(await isActive(server, of), false);
  assert.equal(await isActive(server, twin), true);
  const again = await redeem(server, jagOf(idp, server, { sub: 'bob' }));
  assert.equal(server.audit(again)?.reason, 'assertion_revoked');
});
