// Requests beyond a limit are counted, not recorded one by one, from any number of addresses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from '../../src/audit/event.ts';
import { countThrottled } from '../../src/audit/throttled.ts';

const event = (address: string): AuditEvent => ({
  time: 0,
  requestId: 'r',
  address,
  action: 'token',
  reason: 'address_rate',
});

test('writes a bounded number of rows for many addresses of one network, and for many networks', async () => {
  const rows: AuditEvent[] = [];
  const throttled = countThrottled({
    append: async (row) => {
      rows.push(row);
      return 'committed';
    },
    appendWith: async () => assert.fail('nothing else is written'),
  });
  for (let host = 1; host <= 400; host++) throttled.count(event(`2001:db8:0:1::${host.toString(16)}`));
  throttled.count(event('192.0.2.1'));
  await throttled.flush();
  assert.deepEqual(
    rows.map(({ count }) => count),
    [400, 1],
  );
  rows.length = 0;
  for (let network = 0; network < 5000; network++) throttled.count(event(`10.${network >> 8}.${network & 255}.1`));
  await throttled.flush();
  assert.ok(rows.length <= 1001, String(rows.length));
  assert.equal(
    rows.reduce((sum, { count = 0 }) => sum + count, 0),
    5000,
  );
});
