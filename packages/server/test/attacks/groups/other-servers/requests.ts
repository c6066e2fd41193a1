// Requests that aim a grant at the wrong server, or at more than is registered.
import assert from 'node:assert/strict';
import { added, changed } from '../../../support/configuration.ts';
import { claimsOf, type } from '../../../support/harness.ts';
import { across, CRM, FILES, PLAIN, VENDOR } from '../../../support/other-servers.ts';
import { newProver } from '../../../support/prover.ts';
import type { Cases } from '../../group.ts';
import { open, type World, wide } from './world.ts';

const API = 'https://api.example';

export const requests: Cases<World> = {
  V01: async ({ ask }, { attempt, twin }) => {
    await twin(ask({ audience: VENDOR }));
    for (const audience of [undefined, '', [VENDOR, VENDOR], [VENDOR, 'vendor'], [VENDOR, PLAIN]])
      await attempt(`audience ${audience}`, ask({ audience }));
  },
  V02: async ({ server, ask }, { attempt, twin }) => {
    await twin(ask({ audience: 'vendor' }));
    const { issuer } = server;
    const others = [
      `${VENDOR}.evil.example`,
      `${VENDOR}/x`,

      'https://login.vendor.example@evil.example',
      'Vendor',
    ];
    for (const audience of [
      issuer,
      `${issuer}/`,
      `${issuer}/admin`,
      issuer.toUpperCase(),
      API,
      CRM,
      PLAIN,
      'web',
      ...others,
    ])
      await attempt(`audience ${audience}`, ask({ audience, resource: undefined }));
  },
  V03: async ({ ask }, { attempt, twin }) => {
    await twin(ask({ resource: FILES }));
    for (const resource of [
      `${API}/v1`,
      PLAIN,
      `${CRM}/x`,
      'https://api.vendor.example',
      `${CRM}?a=b`,
      `${CRM}.evil.example`,
      [CRM, `${API}/v1`],
    ])
      await attempt(`resource ${resource}`, ask({ resource }));
    await attempt('a fragment', ask({ resource: `${CRM}#x` }));
    await attempt('a path', ask({ resource: '/crm' }));
  },
  V04: async ({ chain }, { attempt, twin }) => {
    await twin(chain({ audience: PLAIN }));
    await twin(chain({ audience: API }));
    for (const audience of [
      [PLAIN, API],
      [API, PLAIN],
      [PLAIN, VENDOR],
      [PLAIN, CRM],
    ])
      await attempt(`for ${audience}`, chain({ audience }));
    await attempt('audience here, resource there', chain({ audience: API, resource: CRM }));
    await attempt('audience there, resource here', chain({ audience: PLAIN, resource: `${API}/v1` }));
    await attempt('a server, and the resource of another', chain({ audience: PLAIN, resource: CRM }));
  },
  V05: async ({ chain }, { attempt, twin }) => {
    await twin(chain({ audience: API, requested_token_type: type('access_token') }));
    for (const kind of ['access_token', 'refresh_token', undefined])
      for (const audience of [PLAIN, VENDOR, CRM])
        await attempt(`${kind} for ${audience}`, chain({ audience, requested_token_type: kind && type(kind) }));
  },
  V06: async (_, { attempt, twin, after }) => {
    const publicClient = { id: 'open', auth: 'none', publicExchange: true, grants: ['token_exchange'] };
    const { ask, chain } = await open({ after }, changed(wide, { clients: added(publicClient) }));
    const asOpen = { client_id: 'open', client_secret: undefined };
    await twin(ask());
    await twin(chain({ audience: PLAIN }));
    await attempt('ID-JAG', ask(asOpen));
    await attempt('identity chaining', chain({ audience: PLAIN, ...asOpen }));
  },
  V07: async (_, { attempt, twin, after }) => {
    const { ask } = await open({ after }, across());
    await twin(ask());
    await attempt('a client without a name there', ask({ client_id: 'agent', client_secret: 'agent-secret' }));
  },
  V08: async ({ ask }, { attempt, twin }) => {
    const named = await twin(ask({ scope: 'read' }));
    assert.equal(claimsOf(named.body.access_token).scope, 'read');
    for (const scope of ['write', 'crm.write', 'files.read', 'read write', 'openid', 'admin', 'read crm.write', 'READ'])
      await attempt(`scope ${scope}`, ask({ scope }));
    await attempt('one word for two resources', ask({ resource: [CRM, FILES], scope: 'read' }));
  },
  V09: async (_, { attempt, twin, after }) => {
    const { server, ask } = await open({ after }, across({ keyBinding: 'required' }));
    const prover = newProver();
    const dpop = prover.prove(server);
    const bound = await twin(ask({}, { dpop }));
    assert.deepEqual(claimsOf(bound.body.access_token).cnf, { jkt: prover.jkt });
    await attempt('no proof', ask());
    await attempt('a proof that was used', ask({}, { dpop }));
    await attempt('a proof for another URL', ask({}, { dpop: prover.prove(server, { htu: VENDOR }) }));
  },
};
