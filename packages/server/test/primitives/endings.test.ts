// Everything that was opened ends within one deadline, even if something hangs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEndings } from '../../src/primitives/endings.ts';

const hang = (): Promise<void> => new Promise(() => undefined);

test('stops waiting at the deadline, and ends everything else, the last opened first', async () => {
  const ended: string[] = [];
  for (const hangs of [false, true]) {
    const endings = createEndings(hangs ? 20 : 60_000);
    endings.add(() => ended.push('store'));
    endings.add(async () => {
      ended.push('polling');
      if (hangs) await hang();
    });
    endings.add(() => ended.push('port'));
    if (hangs) await assert.rejects(endings.end(), /not everything has ended within 20 ms/);
    else await endings.end();
    assert.deepEqual(ended.splice(0), ['port', 'polling', 'store']);
  }
});

test('ends everything else if one fails, and reports the failure', async () => {
  const ended: string[] = [];
  const endings = createEndings(60_000);
  endings.add(() => ended.push('store'));
  endings.add(() => Promise.reject(new Error('cannot leave')));
  await assert.rejects(endings.end(), /cannot leave/);
  assert.deepEqual(ended, ['store']);
  await endings.end();
});
