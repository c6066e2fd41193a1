// Which issuers the file trusts, and for what: similar names, removed issuers, and opaque tokens.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../../../src/config/fault.ts';
import { loadConfiguration } from '../../../../src/config/load.ts';
import { exchange } from '../../../support/basics.ts';
import { type Configuration, changed, yamlOf } from '../../../support/configuration.ts';
import { newDataFolder } from '../../../support/data-folder.ts';
import { claimsOf, start, type } from '../../../support/harness.ts';
import { bytes, entry, FOREIGN_RULE, INTROSPECT, JWKS, startIssuer, trusting } from '../../../support/issuer.ts';
import type { Case, Undo } from '../../group.ts';
import type { Outcome } from '../../row.ts';
import { resolve } from './names.ts';
import type { World } from './world.ts';

const PATTERN = { when: 'subject.sub.matches("^[a-z]+@corp[.]example$")' };

const jwt = (subject_token: string) => ({ subject_token, subject_token_type: type('jwt') });
const opaque = (subject_token: string) => ({ subject_token, subject_token_type: type('access_token') });

/** Loads a configuration file. @returns its fault if it has one */
async function loaded(undo: Undo, source: Configuration): Promise<Outcome> {
  const folder = newDataFolder();
  undo.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'cambio.yaml');
  writeFileSync(file, yamlOf(source));
  try {
    await loadConfiguration(file, { ISSUER: 'http://127.0.0.1:8080', PORT: '8080' });
    return { status: 200 };
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return { status: 'fault', text: error.message };
  }
}

export const trust = {
  X02: async (_world, { after, attempt, twin }) => {
    const idp = await startIssuer({ after });
    const rule = changed(FOREIGN_RULE, { subject: PATTERN });
    const server = await start({ after }, trusting(entry(idp), [rule]));
    const around = [
      'eve@corp.example.evil.test',
      'eve@evil.test/ada@corp.example',
      'eve@x ada@corp.example',
      '@corp.example',
    ];
    const near = [
      'ada@corpxexample',
      'ada@corp.example.',
      'ada@CORP.example',
      'Ada@corp.example',
      'ada@corp\uff0eexample',
    ];
    const broken = [
      'ada@corp.example\n',
      'eve\nada@corp.example',
      '\u0430da@corp.example',
      'ada@@corp.example',
      ' ada@corp.example',
    ];
    for (const sub of [...around, ...near, ...broken]) {
      const answer = await attempt(JSON.stringify(sub), exchange(server, jwt(idp.sign({ sub }))));
      assert.match(
        server.audit(answer)?.reason ?? '',
        /^(no_rule_for_subject|subject_token_claims|subject_token_subject)$/,
      );
    }
    // An issuer that is not listed is neither resolved nor called.
    const [stranger, { asked }] = [await startIssuer({ after }), resolve({ after })];
    const seen = idp.seen.length;
    const url = stranger.url + JWKS;
    const places = [stranger.url, `${stranger.url}/..`, 'https://idp.test', 'spiffe://idp.test', undefined];
    for (const iss of places) {
      const header = { jku: url, x5u: url, kid: url };
      const sub = iss === undefined ? 'spiffe://idp.test/x' : 'ada@corp.example';
      await attempt(`${iss}`, exchange(server, jwt(stranger.sign({ iss, sub }, { header }))));
    }
    assert.deepEqual([asked, stranger.seen, idp.seen.length], [[], [], seen]);
    for (const iss of [`${idp.url}.evil.test`, `${idp.url}/evil`, `https://evil.test/?${idp.url}`, `evil ${idp.url}`]) {
      const answer = await attempt(iss, exchange(server, jwt(idp.sign({ iss, sub: 'ada@corp.example' }))));
      assert.equal(server.audit(answer)?.reason, 'subject_token_unknown_issuer');
    }
    await twin(exchange(server, jwt(idp.sign({ sub: 'ada@corp.example' }))));
  },

  X22: async (_world, { after, attempt, twin }) => {
    const idp = await startIssuer({ after });
    const token = idp.sign();
    const first = await start({ after }, trusting(entry(idp)));
    await twin(exchange(first, jwt(token)));
    await first.close();
    const other = entry(idp, { issuer: `${idp.url}/other`, jwksUri: `${idp.url}${JWKS}` });
    const second = await start({ after }, trusting(other), { folder: first.folder });
    const answer = await attempt('the issuer is gone, its key is not', exchange(second, jwt(token)));
    assert.equal(second.audit(answer)?.reason, 'subject_token_unknown_issuer');
    await twin(exchange(second, jwt(idp.sign({ iss: `${idp.url}/other` }))));
  },

  X23: async (_world, { after, attempt, twin }) => {
    const idp = { url: 'http://127.0.0.1:8081' };
    for (const audiences of [undefined, '[]', '""', '[""]', 'null', '[null]', '{}', '[7]']) {
      const { text } = await attempt(`${audiences}`, loaded({ after }, trusting(entry(idp, { audiences }))));
      assert.match(text ?? '', /audiences/);
    }
    await twin(loaded({ after }, trusting(entry(idp))));
  },

  X24: async (_world, { after, attempt, twin }) => {
    const idp = await startIssuer({ after });
    const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: cambio, secret: { plain: x } }`;
    const server = await start({ after }, trusting(entry(idp, { accepts: '[access_token]', introspection })));
    const now = Math.floor(server.clock.now / 1000);
    const good = { active: true, ...claimsOf(idp.sign({ client_id: 'web', scope: 'read' })) };
    for (const [fault, changes] of [
      ['inactive', { active: false }],
      ['inactive', { active: 'true' }],
      ['inactive', { active: undefined }],
      ['unknown_issuer', { iss: 'https://other.example' }],
      ['unknown_issuer', { iss: undefined }],
      ['wrong_type', { token_use: 'refresh_token' }],
      ['wrong_type', { token_type: 'refresh_token' }],
      ['wrong_type', { typ: 'Refresh' }],
      ['wrong_type', { token_type: 'Bearer', typ: 'ID' }],
      ['wrong_type', { token_use: ['access_token'] }],
      ['claims', { client_id: undefined }],
      ['claims', { sub: undefined }],
      ['claims', { exp: undefined }],
      ['expired', { exp: now - 31 }],
      ['not_yet_valid', { nbf: now + 31 }],
      ['audience', { aud: undefined }],
      ['audience', { aud: 'https://other.example' }],
      ['bound', { cnf: { jkt: 'x' } }],
    ] as const) {
      const token = randomUUID();
      idp.opaque.set(token, { ...good, ...changes });
      const what = JSON.stringify(changes);
      const answer = await attempt(what, exchange(server, opaque(token)));
      assert.equal(server.audit(answer)?.reason, `subject_token_${fault}`, what);
    }
    await attempt('a token that it does not know', exchange(server, opaque(randomUUID())));
    const seen = idp.seen.length;
    for (const token of ['cambio_at_unknown', 'cambio_rt_unknown', 'eyJhIjoxfQ.b.c', 'x'.repeat(70_000), 'two words']) {
      await attempt(token.slice(0, 20), exchange(server, opaque(token)));
    }
    assert.equal(idp.seen.length, seen, 'what is a token of ours, or none, is told to nobody');
    const token = randomUUID();
    idp.opaque.set(token, good);
    await twin(exchange(server, opaque(token)));
  },

  X29: async (_world, { after, attempt, twin }) => {
    const idp = await startIssuer({ after });
    const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: cambio, secret: { plain: x } }`;
    const server = await start({ after }, trusting(entry(idp, { accepts: '[access_token]', introspection })));
    const said = { active: true, ...claimsOf(idp.sign({ client_id: 'web', sub: 'SUBJECT' })) };
    const [before = '', rest = ''] = JSON.stringify(said).split('SUBJECT');
    const ask = (sub: Uint8Array) => {
      const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n';
      idp.instead.set(INTROSPECT, bytes(head, before, sub, rest));
      return exchange(server, opaque(randomUUID()));
    };
    for (const sub of ['ad\xff', 'ad\xfe', 'ad\xc3', 'ad\xc0\x80', 'ad\xed\xa0\x80'])
      await attempt(JSON.stringify(sub), ask(Buffer.from(sub, 'latin1')));
    await twin(ask(Buffer.from('adé')));
  },

  X27: async (_world, { after, attempt, twin }) => {
    const [idp, other] = [await startIssuer({ after }), await startIssuer({ after })];
    const entries = [entry(idp, { subject: 'claims.login' }), entry(other, { name: 'other' })];
    const account = { username: 'ada', password: { plain: 'x' }, sub: 'user-1' };
    const corp = { issuer: 'http://127.0.0.1:9', name: 'corp', clientId: 'us', secret: { plain: 'x' } };
    const people = { accounts: [account], upstream: { ...corp, allowPrivateNetwork: true } };
    const server = await start({ after }, changed(trusting(entries), people));
    for (const login of ['gateway', 'agent', 'user-1', 'corp:ada', 'corp:', 'other:ada', 'other:']) {
      const answer = await attempt(login, exchange(server, jwt(idp.sign({ login }))));
      assert.equal(server.audit(answer)?.reason, 'subject_token_name_taken', login);
    }
    for (const login of ['ada', 'idp:ada', 'User-1']) {
      const { sub, sub_id } = claimsOf((await twin(exchange(server, jwt(idp.sign({ login }))))).body.access_token);
      assert.deepEqual([sub, sub_id], [login, { format: 'iss_sub', iss: idp.url, sub: 'ada' }]);
    }
  },

  X35: async (_world, { after, attempt, twin }) => {
    const [idp, strict] = [await startIssuer({ after }), await startIssuer({ after })];
    const accepts = '[access_token, id_token, jwt]';
    const entries = [entry(idp, { accepts, clientIds: '[web]' }), entry(strict, { accepts, name: 'strict' })];
    const rule = changed(FOREIGN_RULE, { subject: { issuer: ['idp', 'strict'] } });
    const server = await start({ after }, trusting(entries, [rule]));
    const access = { aud: undefined, client_id: 'web', token_use: 'access' };
    const others: readonly Configuration[] = [
      { client_id: 'other' },
      { client_id: 'gateway' },
      { client_id: undefined, azp: 'web', scope: 'read' },
      { client_id: ['web'] },
      { client_id: '' },
      { aud: null },
      { aud: [] },
      { aud: '' },
      { aud: 'web' },
      { aud: 'https://other.example' },
      { aud: [['urn:cambio']] },
    ];
    for (const claims of others)
      await attempt(JSON.stringify(claims), exchange(server, opaque(idp.sign({ ...access, ...claims }))));
    await attempt('as jwt', exchange(server, jwt(idp.sign(access))));
    const identity = { ...jwt(idp.sign({ aud: undefined })), subject_token_type: type('id_token') };
    await attempt('as id_token', exchange(server, identity));
    await attempt('no clientIds', exchange(server, opaque(strict.sign(access))));
    await twin(exchange(server, opaque(idp.sign(access))));
    await twin(exchange(server, opaque(strict.sign({ ...access, aud: claimsOf(strict.sign()).aud }))));
  },

  X25: { because: 'no client registers itself: the file has them, and administrators' },
} as const satisfies Readonly<Record<string, Case<World> | { because: string }>>;
