// The URL comparison of DPoP proofs, also with an `@`, as in paths of the admin API and of issuers (RFC 9449 section 4.3).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/primitives/refusal.ts';
import { readProof } from '../../src/proof/dpop.ts';
import { newProver } from '../support/prover.ts';

test('refuses a proof for another URL, also if neither URL can be normalized', () => {
  const prover = newProver();
  const clock = { now: Date.now() };
  const now = Math.floor(clock.now / 1000);
  const read = (htu: string, url: string) =>
    readProof(prover.prove({ issuer: 'https://h.example', clock }, { htu }), {
      method: 'POST',
      url,
      now,
      nonces: undefined,
    });
  for (const url of ['https://h.example/@tenant/oauth/token', 'https://h.example/admin/v1/clients/svc@corp']) {
    assert.equal(read(url, url).jkt, prover.jkt);
    for (const htu of ['https://evil.example/@x', 'nonsense', '', `${url}x`, url.replace('@', '')])
      assert.throws(() => read(htu, url), Refusal, htu);
  }
  assert.throws(() => read('https://h.example/{x}', 'https://h.example/{x}'), Refusal);
});
