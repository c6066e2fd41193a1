// A team that may write one file of the configuration, and wants more than its limits say.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../../../src/config/fault.ts';
import { API, client, configuration, exchange, subjectToken } from '../../../support/basics.ts';
import { added, type Configuration, changed, yamlOf } from '../../../support/configuration.ts';
import { type Answer, start } from '../../../support/harness.ts';
import type { Cases } from '../../group.ts';
import { as, type World } from './world.ts';

const TEAM = 'https://team.example/api';
const ISSUER = `\${ISSUER}`;

const main = changed(configuration, {
  include: [{ path: 'team.yaml', audiences: ['https://team.example/*', `${ISSUER}/*`] }],
  rules: [
    {
      name: 'agents that come later',
      client: 'stranger',
      actor: { required: true, clients: ['late-*'] },
      grant: { audiences: [API], scopes: ['read'] },
    },
  ],
});
const grants = ['client_credentials', 'token_exchange'];
const entry = (members: Configuration = {}): Configuration => client('team', { grants, audiences: [TEAM], ...members });
const rule = (members: Configuration, grant: Configuration = {}): Configuration => ({
  name: 'team',
  client: ['team', 'gateway'],
  subject: { issuer: 'self' },
  grant: { audiences: [TEAM], scopes: ['read'], ...grant },
  ...members,
});
const team: Configuration = {
  resources: [{ audience: TEAM, scopes: ['read', 'use'] }],
  clients: [entry()],
  rules: [rule({})],
};

const attacks: Readonly<Record<string, Configuration>> = {
  'a rule that grants the API of others': { rules: added(rule({ name: 'more' }, { audiences: [API] })) },
  'a rule that grants it under another name': { rules: added(rule({ name: 'more' }, { audiences: [`${API}/`] })) },
  'a client that gets tokens for it by itself': { clients: [entry({ audiences: [TEAM, API] })] },
  'a client that is that API': { clients: [entry({ resource: API })] },
  'a client with the name of that API': { clients: added(client(API, { grants, audiences: [TEAM] })) },
  'a client that a rule of the main file trusts by a pattern': {
    clients: added(client('late-1', { grants, audiences: [TEAM] })),
  },
  'a client whose id is a pattern': { clients: added(client('g*', { grants, audiences: [TEAM], disabled: true })) },
  'a page of its own for people who sign in': {
    clients: added({
      id: 'people',
      auth: 'none',
      grants: ['authorization_code'],
      redirectUris: ['https://team.example/callback'],
      audiences: [TEAM],
      scopes: ['openid', 'email'],
    }),
  },
  'another secret for a client of others': { clients: added(client('gateway', { audiences: [TEAM] })) },
  'a resource that takes its place': {
    resources: added({ audience: 'https://team.example/x', locations: [`${API}/v1/more`], scopes: ['read'] }),
  },
  'the admin API': { resources: added({ audience: `${ISSUER}/admin`, scopes: ['admin:write'] }) },
  'a map to a scope of others': { rules: [rule({}, { scopes: { use: ['admin'] } })] },
  'a claim that other rules read': { rules: [rule({}, { claims: { groups: '"admin"' } })] },
  'a rule that denies everybody': { rules: added({ name: 'no', effect: 'deny' }) },
  'tokens of clients of others': { rules: [rule({ client: 'team', subject: { clients: ['stranger'] } })] },
  'actor tokens of clients that match a pattern': { rules: [rule({ client: 'team', actor: { clients: ['g*'] } })] },
  'a variable of the server': { clients: [entry({ name: `\${ISSUER}` })] },
  'a file of the server as a secret': { clients: [entry({ secret: { file: 'cambio.yaml' } })] },
  'files of others': { include: ['*.yaml'] },
};

export const teams = {
  P38: async (_world, { attempt, twin, after }) => {
    const files = { 'team.yaml': yamlOf(team) };
    const server = await start({ after }, main, { files });
    const own = await server.token({ grant_type: 'client_credentials', ...as('team') });
    const ask = (form: Record<string, string>): Promise<Answer> =>
      exchange(server, { subject_token: String(own.body.access_token), ...as('team'), ...form });
    for (const [what, change] of Object.entries(attacks)) {
      writeFileSync(join(server.folder, 'team.yaml'), yamlOf(changed(team, change)));
      await assert.rejects(server.reload(main), ConfigurationError, what);
      await attempt(what, ask({ audience: API }));
      await attempt(`${what}, by a location`, ask({ resource: `${API}/v1/more` }));
    }
    const byItself = { grant_type: 'client_credentials', ...as('team'), audience: API };
    await attempt('without an exchange', server.token(byItself));
    writeFileSync(join(server.folder, 'team.yaml'), yamlOf(team));
    await server.reload(main);
    await twin(ask({ audience: TEAM }));
    // A client of others gets the API of the team if it asks for it, and not by default.
    const subject_token = await subjectToken(server);
    await twin(exchange(server, { subject_token, audience: TEAM }));
    const byDefault = await exchange(server, { subject_token });
    assert.equal(server.audit(byDefault)?.mismatches?.[0]?.what, 'no target');
    assert.equal(byDefault.status, 400);
  },
} satisfies Cases<World>;
