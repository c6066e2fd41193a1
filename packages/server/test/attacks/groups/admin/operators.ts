// Who operates the server, which name the audit records, and whether changes take effect.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { admin } from '../../../support/admin-api.ts';
import { client } from '../../../support/basics.ts';
import { added, changed, changeFile, edited, entries } from '../../../support/configuration.ts';
import { type Answer, start, type TestServer } from '../../../support/harness.ts';
import { entry, startIssuer } from '../../../support/issuer.ts';
import { eventually, startNode } from '../../../support/node.ts';
import type { Case, Undo } from '../../group.ts';
import { type AdminWorld, ANY, ENTRY, lasting, OPERATING, obtain } from './world.ts';

const looking = changed(lasting, { clients: edited('operator', { scopes: ['admin:read'] }) });

/** Registers operators at a server whose file has none. @returns calls as each operator */
async function operate(undo: Undo, ids: readonly string[]) {
  const first = await start(undo, lasting);
  const secrets = new Map<string, unknown>();
  for (const id of ids) {
    const { body } = await admin(first, 'POST /clients', { body: { ...OPERATING, id } });
    secrets.set(id, body.secret);
  }
  await first.close();
  const server = await start(undo, looking, { folder: first.folder });
  const callAs = async (id: string, what: string, body?: unknown, at: TestServer = server): Promise<Answer> => {
    const token = String((await obtain(at, id, secrets.get(id))).body.access_token);
    return admin(at, what, { token, body, headers: ANY });
  };
  return { server, callAs };
}

const statusOf = async (server: Pick<TestServer, 'token'>, id: string): Promise<Answer> =>
  server.token({ grant_type: 'client_credentials', client_id: id, client_secret: `${id}-secret` });

export const operators: Readonly<Record<string, Case<AdminWorld>>> = {
  A17: async (_world, { attempt, twin, after }) => {
    const idp = await startIssuer({ after: after as never });
    const audience = 'https://us.example';
    const jobs = { auth: 'none', workload: { issuer: 'idp', audience }, grants: ['token_exchange'] };
    const named = changed(lasting, {
      accounts: entries([{ username: 'ada', password: { plain: 'lovelace' }, sub: 'person-1' }]),
      issuers: entries([entry(idp, { audiences: `[${audience}]` })]),
      clients: added({ ...jobs, id: 'jobs' }),
    });
    const server = await start({ after }, named);
    const register = (id: string, members: object = ENTRY) =>
      admin(server, 'POST /clients', { body: { ...members, id } });
    for (const id of ['ada', 'person-1', 'idp:ada']) await attempt(`a client called ${id}`, register(id));
    await attempt('the workload of another client', register('more', jobs));
    await twin(register('emil'));
    const withEmil = changed(lasting, {
      store: `sqlite:${join(server.folder, 'cambio.db')}`,
      accounts: entries([{ username: 'emil', password: { plain: 'emil' } }]),
    });
    await assert.rejects(start({ after }, withEmil), /“emil” is registered/);
  },

  A18: async (_world, { attempt, twin, after }) => {
    const { callAs } = await operate({ after }, ['second']);
    for (const [what, change] of Object.entries({
      'its scope': { scopes: ['admin:read'] },
      'its audience': { audiences: ['https://api.example'], scopes: ['read', 'admin:write'] },
      'its grant': { grants: ['token_exchange'] },
      itself: { disabled: true },
    }))
      await attempt(what, callAs('second', 'PUT /clients/second', { ...OPERATING, ...change }));
    await attempt('itself, deleted', callAs('second', 'DELETE /clients/second'));
    const pair = await operate({ after }, ['second', 'third']);
    const shared = changed(looking, { store: `sqlite:${join(pair.server.folder, 'cambio.db')}` });
    const other = await start({ after }, shared, { now: pair.server.clock.now });
    const disabled = { ...OPERATING, disabled: true };
    const answers = await Promise.all([
      pair.callAs('second', 'PUT /clients/third', disabled),
      pair.callAs('third', 'PUT /clients/second', disabled, other),
    ]);
    const [done, ...more] = answers.filter(({ status }) => status === 200);
    assert.equal(more.length, 0, 'both took each other away');
    await twin(done ?? assert.fail());
  },

  A19: async (_world, { attempt, twin, after }) => {
    const node = await startNode({ after }, changed(lasting, { clients: added(client('locked'), client('later')) }));
    await twin(statusOf(node, 'locked'));
    const database = new DatabaseSync(join(node.folder, 'cambio.db'), { timeout: 5000 });
    database.exec('begin immediate');
    changeFile(node.file, { keys: { alg: 'Ed25519' }, clients: edited('locked', { disabled: true }) });
    await node.prints('a change is not in force yet');
    database.exec('rollback');
    database.close();
    for (const id of ['locked', 'later']) {
      if (id === 'later') changeFile(node.file, { clients: edited('later', { disabled: true }) });
      const answer = await eventually(
        () => statusOf(node, id),
        ({ status }) => status === 401,
      );
      await attempt(`${id} is disabled`, answer);
    }
  },
};
