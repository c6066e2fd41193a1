// Ends what the people of accounts had that a new file has no longer: who gets an account of that name later is somebody else.
import { beginEvent } from './audit/event.ts';
import type { Base } from './base.ts';
import type { Configuration } from './config/configuration.ts';
import type { Many } from './issuing/revocations.ts';
import { newId } from './primitives/random.ts';

type Accounts = Pick<Configuration, 'accounts'>;

/** Commits an audit row with it. @throws Refusal store_unavailable */
export async function revokeRemovedAccounts(
  before: Accounts,
  after: Accounts,
  { revocations, audit, clock }: Base,
): Promise<void> {
  const kept = new Set(after.accounts.map(({ sub }) => sub));
  const gone = before.accounts.map(({ sub }) => sub).filter((sub) => !kept.has(sub));
  const [first, ...others] = gone.map((subject): Many => ({ subject }));
  if (first === undefined) return;
  const event = beginEvent({ time: clock(), requestId: newId(), address: 'server', action: 'admin' });
  Object.assign(event, {
    outcome: 'revoked',
    change: { what: 'accounts removed from the file', before: { accounts: gone } },
  });
  await revocations.revokeMany([first, ...others], (write) => audit.appendWith(event, write));
}
