// Single-use assertions: with `reuse: never`, and where the assertion requires it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API, assertIssued, assertRefused, SCOPE_REFUSED } from '../support/basics.ts';
import { FOREIGN_RULE } from '../support/issuer.ts';
import {
  presentSaml,
  presentSamlActor,
  signedFor,
  startSaml,
  type Version,
  versions,
} from '../support/saml-exchange.ts';
import { element, encode as encodeXml, type Xml } from '../support/saml-signer.ts';
import { assertActorRefused, assertSubjectRefused } from '../support/trusting.ts';

const ACTOR_RULE = `{ name: acting, client: gateway, subject: { issuer: [self, idp] }, actor: { issuer: [idp] }, grant: { audiences: [${API}], scopes: [read] } }`;

const once: Readonly<Record<Version, Xml>> = {
  saml2: element('saml:OneTimeUse'),
  saml1: element('saml:DoNotCacheCondition'),
};

for (const version of versions) {
  for (const [what, members, is] of [
    ['with reuse: never', { reuse: 'never' }, {}],
    ['with OneTimeUse', {}, { moreConditions: once[version] }],
  ] as const) {
    test(`${version}: accepts an assertion ${what} once, whatever is requested (SA-34, SA-37, SA-51)`, async (t) => {
      const server = await startSaml(t, members, { rules: [FOREIGN_RULE, ACTOR_RULE] });
      const token = signedFor(server, version, is);
      const wide = await presentSaml(server, version, token, { scope: 'admin' });
      assertRefused(server, wide, { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
      const lost = await presentSaml(server, version, token, { audience: 'https://unknown.example' });
      assert.equal(lost.body.error, 'invalid_target');
      assertIssued(server, await presentSaml(server, version, token), 'a refused exchange consumes nothing');
      assertSubjectRefused(server, await presentSaml(server, version, token), 'replayed');
      assertSubjectRefused(server, await presentSaml(server, version, token, { scope: 'read' }), 'replayed');
      // With padding it is another text of the same assertion.
      const xml = Buffer.from(token, 'base64url').toString();
      assertSubjectRefused(server, await presentSaml(server, version, encodeXml(`${xml}\n`)), 'replayed');
      assertActorRefused(server, await presentSamlActor(server, version, token), 'replayed');
      assertIssued(server, await presentSaml(server, version, signedFor(server, version, is)), 'another one');
    });

    test(`${version}: accepts one of thirty simultaneous uses of an assertion ${what}`, async (t) => {
      const server = await startSaml(t, members);
      const token = signedFor(server, version, is);
      const answers = await Promise.all(Array.from({ length: 30 }, () => presentSaml(server, version, token)));
      const statuses = answers.map(({ status }) => status).sort();
      assert.deepEqual(statuses, [200, ...Array(29).fill(400)]);
      for (const answer of answers) if (answer.status === 400) assertSubjectRefused(server, answer, 'replayed');
    });
  }

  test(`${version}: accepts an assertion repeatedly until it expires, without reuse: never`, async (t) => {
    const server = await startSaml(t);
    const token = signedFor(server, version);
    for (const _time of [1, 2]) assertIssued(server, await presentSaml(server, version, token));
  });
}
