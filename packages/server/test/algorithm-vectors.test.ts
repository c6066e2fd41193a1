// Do our signatures and keys mean what the RFCs mean? Their own examples: RFC 8037 appendix A for Ed25519, RFC 9964 appendix
// A.1 for ML-DSA, whose keys grow from a seed of zeros.
import assert from 'node:assert/strict';
import { createPrivateKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { compactVerify, importJWK, type JWK } from 'jose';
import type { AlgorithmName, SigningAlgorithm } from '../src/keys/algorithms.ts';
import { verifyCompact } from '../src/keys/jws.ts';
import { createSealer } from '../src/keys/sealing.ts';
import { openSigningKey } from '../src/keys/signing-key.ts';
import { thumbprint } from '../src/keys/thumbprint.ts';
import { readKeySet } from '../src/trust/key-set.ts';
import { base64url } from './harness.ts';

/** As a key set of one gives the key, and as our signature check reads the token; the payload need not be JSON. */
function verifies(jws: string, jwk: JWK, alg: AlgorithmName): boolean {
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const keys = readKeySet({ keys: [jwk] });
  assert.ok(typeof keys !== 'string' && keys.size === 1, `the key is good: ${keys}`);
  const key = keys.find({ alg, kid: jwk.kid });
  assert.ok(key !== undefined);
  try {
    verifyCompact(
      { alg, signingInput: `${header}.${payload}`, signature: Buffer.from(signature, 'base64url') },
      { ...key, alg },
    );
    return true;
  } catch {
    return false;
  }
}

/** One bit of the signature differs. */
function spoil(jws: string): string {
  const [input = '', signature = ''] = [jws.slice(0, jws.lastIndexOf('.')), jws.slice(jws.lastIndexOf('.') + 1)];
  const bytes = Buffer.from(signature, 'base64url');
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  return `${input}.${bytes.toString('base64url')}`;
}

/** What our key set says of a key of ours. */
function publish(key: KeyObject, alg: SigningAlgorithm, kid: string): JWK {
  const sealer = createSealer([randomBytes(32)]);
  const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string;
  const row = {
    kid,
    alg,
    private_key: sealer.seal(pem, `signing key ${kid}`),
    created_at: 0,
    activates_at: 0,
  };
  return openSigningKey(row, sealer).published as JWK;
}

suite('Ed25519 (RFC 8037 appendix A)', () => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
  const key = createPrivateKey({ key: { ...jwk, d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' }, format: 'jwk' });
  const payload = 'RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc';
  const jws = `eyJhbGciOiJFZERTQSJ9.${payload}.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg`;

  test('its key has the thumbprint of the RFC', () => {
    assert.equal(thumbprint(jwk), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  test('its signature, made under the old name EdDSA, verifies; with one bit changed it does not', () => {
    assert.equal(verifies(jws, jwk, 'EdDSA'), true);
    assert.equal(verifies(spoil(jws), jwk, 'EdDSA'), false);
  });

  test('the same key signs under the name Ed25519 (RFC 9864), and jose agrees (JW-19)', async () => {
    const input = `${base64url('{"alg":"Ed25519"}')}.${payload}`;
    const renamed = `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
    assert.equal(verifies(renamed, jwk, 'Ed25519'), true);
    assert.equal(verifies(spoil(renamed), jwk, 'Ed25519'), false);
    await compactVerify(renamed, await importJWK(jwk, 'Ed25519'));
  });
});

suite('ML-DSA (RFC 9964 appendix A.1; JW-20)', () => {
  const examples = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/rfc9964.json'), 'utf8')) as Record<
    'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87',
    { readonly kid: string; readonly jws: string }
  >;
  /** PKCS #8 of a seed of zeros; the last byte of the object identifier tells the algorithm. */
  const lastByte = { 'ML-DSA-44': '11', 'ML-DSA-65': '12', 'ML-DSA-87': '13' };
  const keyOf = (alg: keyof typeof lastByte): KeyObject => {
    const der = `3034020100300b06096086480165030403${lastByte[alg]}04228020${'00'.repeat(32)}`;
    return createPrivateKey({ key: Buffer.from(der, 'hex'), format: 'der', type: 'pkcs8' });
  };

  for (const alg of Object.keys(examples) as (keyof typeof examples)[]) {
    test(`the published ${alg} key and its signature are those of the RFC; with one bit changed it does not verify`, async () => {
      const { kid, jws } = examples[alg];
      const jwk = publish(keyOf(alg), alg, kid);
      assert.equal(thumbprint({ ...jwk }), kid, 'the name covers the public key and the algorithm');
      assert.equal('priv' in jwk, false);
      assert.equal(verifies(jws, jwk, alg), true);
      assert.equal(verifies(spoil(jws), jwk, alg), false);
      await compactVerify(jws, await importJWK(jwk, alg));
    });
  }

  test('a key without `alg` or of the wrong size is none (section 3)', () => {
    const jwk = publish(keyOf('ML-DSA-44'), 'ML-DSA-44', 'one');
    const sizes = [
      jwk,
      { ...jwk, alg: undefined },
      { ...jwk, pub: jwk.pub?.slice(4) },
      { ...jwk, alg: 'ML-DSA-65' },
    ].map((key) => {
      const set = readKeySet({ keys: [key] });
      return typeof set === 'string' ? set : set.size;
    });
    assert.deepEqual(sizes, [1, 0, 0, 0]);
  });
});
