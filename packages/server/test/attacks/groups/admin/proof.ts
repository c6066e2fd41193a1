// Attacks on the proof of the audit by an attacker who can write to the database and has no key.
import assert from 'node:assert/strict';
import { exportOf, rowsOf, verifyStored } from '../../../support/audit.ts';
import { createForger } from '../../../support/audit-forger.ts';
import { configuration, exchange, startBasic } from '../../../support/basics.ts';
import { changed } from '../../../support/configuration.ts';
import { start } from '../../../support/harness.ts';
import type { Case } from '../../group.ts';
import type { Outcome } from '../../row.ts';
import type { AdminWorld } from './world.ts';

export const proof: Readonly<Record<string, Case<AdminWorld>>> = {
  A41: async (_world, { attempt, twin, after }) => {
    const server = await startBasic({ after });
    await exchange(server);
    await server.close();
    const goOn = async (): Promise<Outcome> => {
      const next = await start({ after }, configuration, { folder: server.folder });
      await exchange(next);
      await next.close();
      const { faults } = await verifyStored(next);
      return { status: faults.length === 0 ? 200 : 'fault', text: JSON.stringify(faults) };
    };
    await twin(goOn());
    const forger = createForger(server);
    for (const kind of ['cut', 'head', 'found', 'erased']) forger.state(kind, 'forged', 1, forger.thumbprint);
    const found = await attempt('forged statements', goOn());
    assert.equal(found.status, 'fault');
    for (const kind of ['cut', 'head', 'found', 'erased'])
      assert.match(found.text ?? '', new RegExp(`the ${kind} statement is signed with the key ${forger.thumbprint}`));
  },

  A42: async (_world, { attempt, twin, after }) => {
    let server = await startBasic({ after });
    await exchange(server);
    await server.close();
    const goOn = async (retention = {}): Promise<void> => {
      const next = { folder: server.folder, now: server.clock.now };
      server = await start({ after }, changed(configuration, retention), next);
      await exchange(server);
      await server.close();
    };
    const verdict = async (): Promise<Outcome> => {
      const { faults } = await verifyStored(server);
      return { status: faults.length === 0 ? 200 : 'fault', text: JSON.stringify(faults) };
    };
    for (let life = 0; life < 9; life++) await goOn();
    await twin(verdict());
    const raise = `update audit_statements set sequence = sequence + 1000000 where jws in (select jws from raised)`;
    server.sql(`create table raised as select jws from audit_statements limit 8; ${raise}`);
    await goOn();
    server.sql(raise);
    await goOn();
    const vanish = '(select chain from audit where sequence = (select max(sequence) - 2 from audit))';
    server.sql(`create table gone as select chain from audit where chain in ${vanish}`);
    for (const table of ['audit', 'audit_statements'])
      server.sql(`delete from ${table} where chain in (select chain from gone)`);
    const hidden = await attempt('a chain that vanishes with its statements', verdict());
    assert.match(hidden.text ?? '', /which is not there/);
    const held = rowsOf(await exportOf(server));
    server.sql(`update audit set time = time - ${400 * 86_400_000}`);
    await goOn({ audit: { retention: '365d' } });
    await attempt('rows set back in time', verdict());
    const left = new Set(rowsOf(await exportOf(server)).map(({ hash }) => hash));
    assert.ok(held.every(({ hash }) => left.has(hash)));
  },
};
