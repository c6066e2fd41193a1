// The kinds of data that grow. Each is a contender with a given amount of it, created before the server starts.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readYaml } from '../packages/server/src/config/yaml.ts';
import { openStore } from '../packages/server/src/store/store.ts';
import { cambioCommand, paths } from './cambio.ts';
import type { Contender } from './contender.ts';
import { CLIENT, RESOURCE } from './request.ts';

export type Amount = number;

export interface Growing {
  /** A small and a large amount. */
  readonly amounts: readonly [Amount, Amount];
  readonly contender: (amount: Amount) => Contender;
}

const audience = new URL(RESOURCE).origin;
const contenderOf = (amount: Amount, fill: (folder: string, file: string) => void | Promise<void>): Contender => ({
  name: String(amount),
  title: '',
  paths,
  command: async (place) => {
    const command = cambioCommand(place, 'sqlite:cambio.db');
    await fill(place.folder, join(place.folder, 'cambio.yaml'));
    return command;
  },
});

type Entry = Readonly<Record<string, unknown>>;

/** Entries at the head of a list of the configuration. The entry in use comes after all of them. */
const inFile = (list: string, entry: (index: number) => Entry) => (amount: Amount) =>
  contenderOf(amount, (_folder, file) => {
    const configuration = readYaml(readFileSync(file, 'utf8'), {}).value as Record<string, readonly Entry[]>;
    const entries = Array.from({ length: amount }, (_, index) => entry(index));
    writeFileSync(file, JSON.stringify({ ...configuration, [list]: [...entries, ...(configuration[list] ?? [])] }));
  });

/** Inserts rows into a table with one statement, which gets their number. */
const inStore = (statement: string) => (amount: Amount) =>
  contenderOf(amount, async (folder) => {
    const file = join(folder, 'cambio.db');
    await (await openStore({ kind: 'sqlite', file }, 'write', Date.now())).destroy();
    const database = new DatabaseSync(file);
    database.exec('pragma synchronous = off');
    const table = /insert into (\w+)/.exec(statement)?.[1] ?? '';
    // Creating an index over existing rows is much faster than row by row.
    const indexes = database
      .prepare('select name, sql from sqlite_master where type = ? and tbl_name = ? and sql is not null')
      .all('index', table);
    for (const { name } of indexes) database.exec(`drop index ${name}`);
    database
      .prepare(`with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) ${statement}`)
      .run(amount);
    for (const { sql } of indexes) database.exec(String(sql));
    if (table === 'registered_clients') database.exec(`insert into revisions values ('clients', ${amount})`);
    database.close();
  });

const registered = JSON.stringify({
  entry: { auth: 'client_secret_post', grants: ['client_credentials'], audiences: [audience], scopes: ['read'] },
  secrets: [{ id: 'one', sha256: 'A'.repeat(43), createdAt: 0 }],
});
const event = JSON.stringify({ action: 'token', grant: 'token_exchange', client: CLIENT.client_id, outcome: 'issued' });

export const growing: Readonly<Record<string, Growing>> = {
  'clients of the file': {
    amounts: [10, 10_000],
    contender: inFile('clients', (index) => ({
      id: `client-${index}`,
      auth: 'client_secret_post',
      secret: { plain: `secret-of-client-${index}` },
      grants: ['client_credentials'],
      audiences: [audience],
      scopes: ['read'],
    })),
  },
  'registered clients': {
    amounts: [10, 100_000],
    contender: inStore(
      `insert into registered_clients (id, entry, revision, created_at, updated_at) select 'client-' || i, '${registered}', i, 0, 0 from n`,
    ),
  },
  'rules of one client': {
    amounts: [10, 10_000],
    contender: inFile('rules', (index) => ({
      name: `rule ${index}`,
      client: 'gateway',
      subject: { clients: ['gateway'], types: ['access_token'], when: `subject.claims.sub == "${index}"` },
      grant: { audiences: [audience] },
    })),
  },
  issuers: {
    amounts: [1, 1000],
    contender: inFile('issuers', (index) => ({
      issuer: `https://issuer-${index}.example`,
      accepts: ['jwt'],
      audiences: ['https://login.example'],
    })),
  },
  'revoked ids': {
    amounts: [1000, 1_000_000],
    contender: inStore(`insert into revocations (id, revoked_at) select lower(hex(randomblob(16))), 0 from n`),
  },
  'audit rows': {
    amounts: [0, 1_000_000],
    contender: inStore(
      `insert into audit (time, request_id, outcome, client, subject, audience, rule, event, personal, chain, position, hash)
        select 1700000000000 + i, lower(hex(randomblob(8))), 'issued', 'gateway', 'people:' || lower(hex(randomblob(16))), '${audience}',
        'rule', '${event}', '{"salt":"' || lower(hex(randomblob(16))) || '"}', 'bench', i, lower(hex(randomblob(16))) from n`,
    ),
  },
};
