// Refuses a code that was used before. One of its two users stole it, so all tokens issued for it are revoked (RFC 6749 section
// 4.1.2, RFC 9700 section 2.1.1).
import type { AuditEvent } from '../audit/event.ts';
import type { Revocations } from '../issuing/revocations.ts';
import type { Code } from '../model/agreement.ts';
import { Refusal } from '../primitives/refusal.ts';

/** @throws Refusal code_reused */
export async function refuseReused({ id, consumed }: Code, event: AuditEvent, revocations: Revocations): Promise<void> {
  if (!consumed) return;
  event.revoked = id;
  await revocations.revoke(id);
  throw new Refusal('code_reused');
}
