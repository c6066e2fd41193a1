// The entries of other authorization servers: what is a fault, what rules may name, and tests of rules about grants.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { API, client, configuration } from '../support/basics.ts';
import { added, type Configuration, changed, edited, entries, yamlOf } from '../support/configuration.ts';

const VENDOR = 'https://login.vendor.example';
const CRM = 'https://api.vendor.example/crm';

const vendor: Configuration = {
  issuer: VENDOR,
  aliases: ['vendor'],
  grants: ['id_jag', 'chaining_grant'],
  clients: { gateway: 'gateway-there' },
  resources: { [CRM]: { scopes: { 'crm.read': 'read' } } },
};
const grant = (members: Configuration = {}): Configuration => ({
  audiences: [VENDOR],
  scopes: ['crm.read'],
  types: ['id_jag'],
  ...members,
});
const rule = (members: Configuration = {}): Configuration => ({
  name: 'at the vendor',
  client: 'gateway',
  subject: { issuer: 'self', types: ['id_token'] },
  grant: grant(),
  ...members,
});
const environment = { ISSUER: 'https://login.example', PORT: '8080' };

/** The faults and warnings, or none. */
async function messagesOf(...changes: readonly Configuration[]): Promise<readonly string[]> {
  const base = changed(configuration, {
    authorizationServers: [vendor],
    clients: edited('gateway', { scopes: ['read', 'write', 'crm.read', 'a', 'b'] }),
    rules: entries([rule()]),
  });
  const text = yamlOf(changed(base, ...changes));
  try {
    const { warnings, examine } = await parseConfiguration(text, { file: 'cambio.yaml', environment });
    examine();
    return warnings.map(({ path, message }) => `${path}: ${message}`);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
}

const servers = (...list: readonly Configuration[]): Configuration => ({ authorizationServers: list });

test('an entry is complete, and each of its names means one thing', async () => {
  assert.deepEqual(await messagesOf(), []);
  const cases: readonly (readonly [Configuration, RegExp])[] = [
    [{ issuer: 'http://login.vendor.example' }, /issuer: .* is not an https URL/],
    [{ issuer: `${VENDOR}?a=b` }, /issuer: .* is not an https URL/],
    [{ issuer: 'https://login.example' }, /issuer: .* is this server itself/],
    [{ issuer: 'https://LOGIN.example/' }, /issuer: .* is this server itself/],
    [{ aliases: ['https://login.example/admin'] }, /aliases\[0\]: .* is this server itself/],
    [{ aliases: [API] }, /aliases\[0\]: .* is an audience under resources/],
    [{ aliases: ['a', 'a'] }, /aliases\[1\]: another entry has the name "a"/],
    [{ resources: { [API]: {} } }, /is an audience under resources/],
    [{ resources: { 'not a uri': {} } }, /is not an absolute URI/],
    [{ resources: { [VENDOR]: {} } }, /another entry has the name/],
    [{ clients: undefined }, /clients: are missing/],
    [{ clients: { nobody: 'x' } }, /clients\.nobody: there is no client "nobody"/],
    [{ claims: ['email', 'sub'] }, /claims\[1\]: sub/],
    [{ claims: ['may_act'] }, /claims\[0\]: may_act/],
    [{ claims: ['resource'] }, /claims\[0\]: resource/],
    [{ lifetime: '2h' }, /lifetime: "?2h"? is not a lifetime of a grant/],
    [{ grants: ['id_token'] }, /grants\[0\]/],
    [{ subject: 'name' }, /subject: .*is not a way to name subjects/],
    [{ scopes: ['read'] }, /scopes: are those of the server itself/],
    [
      { resources: { [CRM]: { scopes: { a: 'read', b: 'read' } } } },
      /scopes: a and b are both read there, so a grant of one would be a grant of the other/,
    ],
    [
      { resources: { [CRM]: { scopes: { a: 'read' } }, 'https://two.example': { scopes: { a: 'view' } } } },
      /scopes: a is read at another resource of this server, and view at this one/,
    ],
    [
      { resources: { [CRM]: { scopes: { a: 'b', b: 'c' } } } },
      /b is the name there of a, and the name here of another scope/,
    ],
  ];
  for (const [members, message] of cases) {
    const found = await messagesOf(servers(changed(vendor, members)), {
      rules: entries([rule({ grant: grant({ audiences: [members.issuer ?? VENDOR] }) })]),
    });
    assert.match(found.join('\n'), message, JSON.stringify(members));
  }
  const twice = await messagesOf(servers(vendor, changed(vendor, { aliases: undefined })));
  assert.match(
    twice.join('\n'),
    /authorizationServers\[https:\/\/login\.vendor\.example\]\.issuer: another entry has the name/,
  );
});

test('a rule gives tokens of this server, or grants for others, and never both', async () => {
  const of = (members: Configuration) => messagesOf({ rules: entries([rule({ grant: grant(members) })]) });
  for (const audiences of [[VENDOR], ['vendor'], [CRM]]) assert.deepEqual(await of({ audiences }), []);
  assert.deepEqual(await of({ types: ['id_jag', 'jwt'], scopes: { openid: ['crm.read'] } }), []);
  for (const [members, message] of [
    [
      { audiences: [VENDOR, API] },
      /grant\.audiences: some belong to other authorization servers, and some to this one/,
    ],
    [{ types: undefined }, /grant\.types: another authorization server gets grants, not tokens/],
    [{ types: ['id_jag', 'refresh_token'] }, /grant\.types: another authorization server gets grants, not tokens/],
    [{ audiences: [API] }, /grant\.types: id_jag is for other authorization servers/],
    [{ refreshToken: true }, /grant\.refreshToken: no refresh token comes with a grant/],
    [{ scopes: ['read'] }, /grant\.scopes\[0\]: no audience of the rule has the scope "read"/],
    [
      { audiences: ['https://login.vendor.exampel'] },
      /there is no resource .* Did you mean https:..login.vendor.example\?/,
    ],
    [{ audiences: ['vendro'] }, /there is no resource with the audience "vendro". Did you mean vendor\?/],
  ] as const)
    assert.match((await of(members as Configuration)).join('\n'), message, JSON.stringify(members));
});

test('warns of a rule for another server that never gives a grant, and of grants that differ in their claims', async () => {
  const account = {
    username: 'ada',
    password: { plain: 'lovelace' },
    claims: { email: 'a@b.example', department: 'x' },
  };
  const of = (server: Configuration, members: Configuration) =>
    messagesOf(servers(changed(vendor, server)), { accounts: [account], rules: entries([rule(members)]) });
  const subject = (...types: readonly string[]) => ({ subject: { issuer: 'self', types } });
  for (const [server, members, message] of [
    [{}, { grant: grant({ types: ['id_jag', 'jwt'] }) }, undefined],
    [
      { grants: ['id_jag'] },
      { grant: grant({ types: ['id_jag', 'jwt'] }) },
      /grant\.types: \S+ has no chaining_grant in its grants, so no request for jwt is allowed/,
    ],
    [{ claims: ['team'] }, { grant: grant({ claims: { team: '"x"' } }) }, undefined],
    [{}, { grant: grant({ claims: { team: '"x"' } }) }, /grant\.claims\.team: no grant has team/],
    [{ subjectTokens: ['access_token'] }, subject('access_token'), undefined],
    [{}, subject('access_token'), /subject\.types: no ID-JAG is issued for these tokens: subjectTokens/],
    [{ acr: ['gold'] }, {}, /subject: \S+ needs an acr, and no sign-in with accounts of this file has one/],
    [{ claims: ['email', 'department'] }, {}, undefined],
    [{ claims: ['other'] }, subject('id_token', 'refresh_token'), undefined],
    [
      { claims: ['email'] },
      subject('id_token', 'refresh_token'),
      /subject\.types: a grant has email for id_token only, and not for refresh_token/,
    ],
    [
      { subject: { claim: 'department' } },
      subject('id_token', 'refresh_token'),
      /subject\.types: a grant has department for refresh_token only, and not for id_token/,
    ],
  ] as const) {
    const found = await of(server, members as Configuration);
    const shown = JSON.stringify([server, members]);
    if (message === undefined) assert.deepEqual(found, [], shown);
    else assert.match(found.join('\n'), message, shown);
  }
});

test('a rule that denies names a server or one of its resources', async () => {
  const ada = { subject: { type: 'id_token', claims: { sub: 'ada' } }, audience: VENDOR, requestedType: 'id_jag' };
  const denied = (audiences: readonly string[]) =>
    messagesOf({
      rules: entries([
        { name: 'never', effect: 'deny', audiences },
        rule({ tests: [{ ...ada, expect: { refused: 'denied_by_rule' } }] }),
      ]),
    });
  for (const audiences of [[VENDOR], ['vendor'], [CRM]]) assert.deepEqual(await denied(audiences), []);
  assert.match((await denied([API])).join('\n'), /expected denied_by_rule, but it is allowed/);
  assert.match((await denied(['https://nobody.example'])).join('\n'), /there is no resource with the audience/);
});

test('a test of a rule sees the claims of the grant, in the names of the server', async () => {
  const ada = {
    subject: { type: 'id_token', claims: { sub: 'ada', tenant: 'a', email: 'a@b.example', email_verified: true } },
  };
  const unproven = { subject: { type: 'id_token', claims: { sub: 'ada', email: 'a@b.example' } } };
  const ask = { ...ada, audience: 'vendor', requestedType: 'id_jag' };
  const tested = (tests: readonly Configuration[], members: Configuration = {}) =>
    messagesOf(servers(changed(vendor, members)), {
      rules: entries([rule({ grant: grant({ scopes: ['crm.read'] }), tests })]),
      clients: added(client('other', { grants: ['token_exchange'] })),
    });
  const allowed = { aud: VENDOR, client_id: 'gateway-there', scope: 'read', resource: CRM, sub: 'ada', email: null };
  assert.deepEqual(
    await tested([
      { ...ask, expect: { allowed } },
      { ...ask, scope: ['read'], expect: { allowed } },
      { ...ask, scope: ['write'], expect: { refused: 'scope_exceeded' } },
      { ...ask, audience: 'https://nobody.example', expect: { refused: 'target_unknown' } },
      { ...ask, audience: API, expect: { refused: 'target_not_server' } },
      { ...ask, requestedType: 'access_token', expect: { refused: 'target_elsewhere' } },
      { ...ask, client: 'other', expect: { refused: 'target_client_unnamed' } },
    ]),
    [],
  );
  const proven = { jkt: 'a'.repeat(43) };
  assert.deepEqual(
    await tested(
      [
        { ...ask, proves: proven, expect: { allowed: { email: 'a@b.example', sub: '(pairwise)', cnf: proven } } },
        { ...ask, expect: { refused: 'server_needs_proof' } },
        { ...ask, ...unproven, proves: proven, expect: { allowed: { email: null } } },
      ],
      { claims: ['email'], subject: 'pairwise', keyBinding: 'required' },
    ),
    [],
  );
});
