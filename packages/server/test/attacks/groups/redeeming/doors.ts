// Assertions at every door that takes a JWT, tokens of other kinds as chaining grants, and the JWTs of workloads.
import assert from 'node:assert/strict';
import { exchange, gateway, subjectToken } from '../../../support/basics.ts';
import { asserting } from '../../../support/client-credentials.ts';
import { encode, type } from '../../../support/harness.ts';
import { jagOf, redeem, redeemAlone } from '../../../support/redeeming.ts';
import type { Cases } from '../../group.ts';
import { grantOf, jobOf, type World } from './world.ts';

export const doors: Cases<World> = {
  G17: async (world, { attempt, twin }) => {
    const { server, partner } = world;
    for (const typ of ['at+jwt', 'txntoken+jwt', 'secevent+jwt', 'logout+jwt', 'dpop+jwt', 'oauth-id-jag+jwt', 'jose'])
      await attempt(typ, redeem(server, grantOf(world, { client_id: 'wiki' }, { header: { typ } })));
    for (const claims of [
      { nonce: 'n' },
      { at_hash: 'h' },
      { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
      { token_use: 'id' },
      { typ: 'Bearer' },
      { client_id: 'gateway' },
      { aud: [server.issuer, 'https://other.example'] },
      { aud: 'urn:us' },
      { jti: undefined },
    ])
      await attempt(JSON.stringify(claims), redeem(server, grantOf(world, claims)));
    await attempt('an access token of ours', redeem(server, await subjectToken(server)));
    await attempt('an ID-JAG of the same issuer', redeem(server, jagOf(partner, server)));
    const grant = grantOf(world, {}, { header: { typ: 'authorization-grant+jwt' } });
    await twin(redeem(server, grant));
    await attempt('twice', redeem(server, grant));
  },
  G18: async (world, { attempt, twin }) => {
    const { server, corp } = world;
    const typed = { header: { typ: 'authorization-grant+jwt' } };
    const kinds = {
      'an ID-JAG': () => jagOf(corp, server, { aud: 'urn:us' }),
      'an ID-JAG for us': () => jagOf(corp, server),
      'a chaining grant': () => grantOf(world, { aud: 'urn:us' }, typed),
      'a chaining grant without a type': () => grantOf(world),
      'a workload token for us': () => jobOf(world),
    };
    for (const [what, make] of Object.entries(kinds)) {
      for (const declared of ['jwt', 'access_token', 'id_token', 'saml2'])
        await attempt(
          `${what} as subject token, ${declared}`,
          exchange(server, { subject_token: make(), subject_token_type: type(declared) }),
        );
      for (const declared of ['jwt', 'access_token'])
        await attempt(
          `${what} as actor token, ${declared}`,
          exchange(server, { actor_token: make(), actor_token_type: type(declared) }),
        );
      const form = { grant_type: 'client_credentials', ...asserting(make()) };
      await attempt(`${what} as client assertion`, server.token(form));
      const proven = server.token({ grant_type: 'client_credentials', ...gateway }, { dpop: make() });
      await attempt(`${what} as DPoP proof`, proven);
      const asked = await server.post('/oauth/introspect', encode({ ...gateway, token: make() }));
      assert.deepEqual([asked.status, asked.body], [200, { active: false }], what);
    }
    await twin(redeem(server, jagOf(corp, server)));
  },
  G19: async (world, { attempt, twin }) => {
    const { server, corp } = world;
    const alone = (claims: Record<string, unknown>): ReturnType<typeof redeemAlone> =>
      redeemAlone(server, jobOf(world, claims));
    for (const claims of [
      { sub: 'other-7' },
      { sub: 'job' },
      { sub: undefined },
      { stage: 'live' },
      { stage: ['test'] },
      { stage: undefined },
      { iss: 'https://other.example' },
      { aud: 'urn:us' },
      { aud: [server.issuer, 'urn:us'] },
      { exp: 1 },
      { iat: undefined },
      { nonce: 'n' },
    ])
      await attempt(JSON.stringify(claims), alone(claims));
    await attempt('of a client with a secret', redeem(server, jobOf(world)));
    await attempt('with the id of its client', redeemAlone(server, jobOf(world), { client_id: 'jobs' }));
    const jag = jagOf(corp, server, { sub: 'job-7', stage: 'test', client_id: 'jobs' });
    await attempt('an ID-JAG without a client', redeemAlone(server, jag));
    await attempt('a chaining grant without a client', redeemAlone(server, grantOf(world, { sub: 'job-7' })));
    const job = jobOf(world);
    await twin(redeemAlone(server, job));
    // A workload presents its token as often as it likes.
    await twin(redeemAlone(server, job));
  },
};
