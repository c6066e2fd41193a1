// Writes the store of the schema of this version, on SQLite and PostgreSQL, for the test that later versions upgrade it: npm run schema-fixture
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrations } from '../packages/server/src/store/migrations/index.ts';
import { admin, withOperators } from '../packages/server/test/support/admin-api.ts';
import { API, client, exchange } from '../packages/server/test/support/basics.ts';
import { added, type Configuration, changed, yamlOf } from '../packages/server/test/support/configuration.ts';
import { newDataFolder } from '../packages/server/test/support/data-folder.ts';
import { claimsOf, start, type TestServer } from '../packages/server/test/support/harness.ts';
import { life, revoke, VAULT } from '../packages/server/test/support/life.ts';
import { SEALING_KEY } from '../packages/server/test/support/node.ts';
import { authorizeAs, CALLBACK } from '../packages/server/test/support/people.ts';
import { startPostgres } from '../packages/server/test/support/postgres.ts';
import {
  dumpPostgresRows,
  dumpSqlite,
  type Facts,
  recordSchemaStatements,
  SCHEMAS,
} from '../packages/server/test/support/released-store.ts';

/** Of the issuer. Tests serve the store at other ports. */
const PORT = 18_443;

const people = client('web', {
  grants: ['authorization_code', 'refresh_token'],
  redirectUris: [CALLBACK],
  audiences: [API],
  scopes: ['openid', 'offline_access', 'read'],
});
const world: Configuration = changed(withOperators(life(undefined, [], `http://127.0.0.1:${PORT}`)), {
  sealingKey: { plain: SEALING_KEY },
  accounts: [{ username: 'ada', password: { plain: 'lovelace' } }],
  clients: added(people),
});

/** What a server does before its store is kept. */
async function live(server: TestServer): Promise<Facts> {
  const issued = await exchange(server);
  const lost = await exchange(server);
  const opaque = await exchange(server, { audience: VAULT });
  const refused = await exchange(server, { scope: 'admin' });
  const at = await authorizeAs(server, { scope: 'openid offline_access read' });
  const reports = client('reports');
  const { secret: _, ...entry } = reports;
  const made = await admin(server, 'POST /clients', { body: entry });
  for (const token of [lost.body.access_token, lost.body.refresh_token]) await revoke(server, token);
  const suspended = await admin(server, 'POST /actors/suspend', { body: { subject: 'agent', reason: 'a test' } });
  for (const { status, text } of [issued, lost, opaque, made, suspended])
    if (status >= 300) throw new Error(`status ${status}: ${text}`);
  const text = (value: unknown): string => {
    if (typeof value !== 'string' || value === '') throw new Error('an answer has no such member');
    return value;
  };
  const header = JSON.parse(Buffer.from(text(issued.body.access_token).split('.')[0] ?? '', 'base64url').toString());
  if (claimsOf(issued.body.access_token).iss !== `http://127.0.0.1:${PORT}`) throw new Error('another issuer');
  return {
    now: server.clock.now,
    kid: text(header.kid),
    access: text(issued.body.access_token),
    opaque: text(opaque.body.access_token),
    refresh: text(issued.body.refresh_token),
    code: at.href,
    secret: text(made.body.secret),
    revokedAccess: text(lost.body.access_token),
    revokedRefresh: text(lost.body.refresh_token),
    request: text(refused.body.request_id),
  };
}

const undo: (() => unknown)[] = [];
const t = { after: (work: () => unknown) => void undo.unshift(work), name: 'the schema fixture' };
const folder = join(SCHEMAS, migrations.at(-1)?.name ?? '');
mkdirSync(folder, { recursive: true });
const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
const keep = async (
  kind: string,
  store: Configuration,
  dump: (data: string) => Promise<string> | string,
): Promise<void> => {
  const data = newDataFolder();
  const server = await start(t, changed(world, store), { port: PORT, folder: data });
  const facts = await live(server);
  await server.close();
  write(`${kind}.json`, `${JSON.stringify(facts, null, 2)}\n`);
  write(`${kind}.sql`, await dump(data));
};

try {
  write('cambio.yaml', yamlOf(world));
  await keep('sqlite', {}, (data) => dumpSqlite(join(data, 'cambio.db')));
  const url = await (await startPostgres(t)).database();
  const statements = recordSchemaStatements();
  await keep('postgres', { store: url }, async () => `${statements.join('\n')}\n${await dumpPostgresRows(url)}`);
  console.log(`wrote ${folder}`);
} finally {
  for (const work of undo) await work();
}
