// Writes audit rows straight into the database of a server, as many as a test needs.
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AuditEvent } from '../../server/src/audit/event.ts';
import { columnsOf, textsOf } from '../../server/src/audit/row.ts';
import { newRequestId } from '../../server/src/primitives/random.ts';

const COLUMNS = [
  ...['time', 'request_id', 'outcome', 'reason', 'client', 'subject', 'principal', 'actor', 'audience', 'rule'],
  ...['event', 'personal', 'chain', 'position', 'hash'],
] as const;

/** An exchange, as its row has it. Every tenth is refused. */
export function exchangeAt(time: number, index: number, changed: Partial<AuditEvent> = {}): AuditEvent {
  const isRefused = index % 10 === 9;
  const [iss, api] = ['https://idp.example', `https://api-${index % 20}.example`];
  const subject = { iss, sub: `user-${index % 500}`, id: randomUUID(), declaredType: 'jwt', type: 'jwt' };
  return {
    time,
    requestId: newRequestId(time),
    action: 'token',
    grant: 'token_exchange',
    address: '192.0.2.1',
    client: `service-${index % 40}`,
    clientAuthentication: 'private_key_jwt',
    subject: { ...subject, audiences: [], chain: [], expiresAt: Math.floor(time / 1000) + 600 },
    chain: index % 3 === 0 ? [{ iss: 'https://login.example', sub: `agent-${index % 7}` }] : [],
    audiencesAsked: [api],
    scopeAsked: ['read', 'write'],
    duration: index % 30,
    ...(isRefused
      ? { outcome: 'refused', reason: 'no_rule_for_subject' }
      : {
          outcome: 'issued',
          rule: `rule ${index % 60}`,
          targets: [api],
          scopeGiven: ['read'],
          issued: [{ id: randomUUID(), type: 'access_token', expiresAt: Math.floor(time / 1000) + 300 }],
        }),
    ...changed,
  } satisfies Partial<AuditEvent> as AuditEvent;
}

/** Commits them in one transaction. They are a chain of their own. */
export function writeRows({ folder }: { readonly folder: string }, events: readonly AuditEvent[]): void {
  const database = new DatabaseSync(join(folder, 'cambio.db'), { timeout: 10_000 });
  const insert = database.prepare(
    `insert into audit (${COLUMNS.join(', ')}) values (${COLUMNS.map(() => '?').join(', ')})`,
  );
  const chain = randomUUID();
  try {
    database.exec('begin immediate');
    for (const [index, event] of events.entries()) {
      const row = {
        ...columnsOf(event),
        ...textsOf(event, randomUUID()),
        chain,
        position: index + 1,
        hash: randomBytes(32).toString('base64url'),
      };
      insert.run(...COLUMNS.map((name) => row[name as keyof typeof row]));
    }
    database.exec('commit');
  } finally {
    database.close();
  }
}
