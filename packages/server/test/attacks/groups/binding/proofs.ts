// Invalid proofs: of another form, key, request or time, used before, or without a nonce.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { gateway } from '../../../support/basics.ts';
import { type Answer, base64url, claimsOf, encode } from '../../../support/harness.ts';
import { newProver, type Prover } from '../../../support/prover.ts';
import { answerOf, LENGTH, request } from '../../../support/wire.ts';
import type { Case, Trial } from '../../group.ts';
import { type BindingWorld, obtain, present, TOKEN_URL, tokenOf, withKey } from './world.ts';

/** Proofs that are refused for this reason. */
async function tryProofs(
  { server }: BindingWorld,
  { attempt }: Trial,
  reason: string,
  proofs: readonly string[],
): Promise<void> {
  for (const proof of proofs) {
    const what = readable(proof);
    const answer = await attempt(what, obtain(server, 'gateway', withKey(proof)));
    assert.equal(server.audit(answer)?.reason, reason, what);
  }
}

const readable = (proof: string): string => {
  const [header = '', payload = ''] = proof.split('.');
  return `${Buffer.from(header, 'base64url')} ${Buffer.from(payload, 'base64url')}`.slice(0, 300);
};

/** The proof is accepted, and the token is bound to its key. */
async function bound(
  { server, own }: BindingWorld,
  { twin }: Trial,
  proof: string,
  { jkt }: Prover = own,
): Promise<void> {
  const { body } = await twin(obtain(server, 'gateway', withKey(proof)));
  assert.deepEqual([body.token_type, claimsOf(body.access_token).cnf], ['DPoP', { jkt }]);
}

export const proofs: Readonly<Record<string, Case<BindingWorld>>> = {
  B02: async ({ server, prove }, { attempt, twin }) => {
    const send = async (lines: readonly string[]): Promise<Answer> =>
      answerOf(await server.raw(request(['Host: x', LENGTH, ...lines])));
    const [one, two] = [prove(), prove()];
    for (const lines of [
      [`DPoP: ${one}`, `DPoP: ${two}`],
      [`DPoP: ${one}`, `dpop: ${one}`],
      [`DPoP: ${one}, ${two}`],
      [`DPoP: ${one}`, 'dpop:'],
      ['DPoP:', `DPoP: ${one}`],
      ['DPoP:'],
    ])
      await attempt(lines.map((line) => line.slice(0, 20)).join(), send(lines));
    assert.equal((await twin(send([`DPoP: ${one}`]))).body.token_type, 'DPoP');
  },

  B03: async (world, trial) => {
    const { own, prove } = world;
    const headers = (list: readonly Record<string, unknown>[]): string[] => list.map((header) => prove({}, header));
    const [head, payload, signature] = prove().split('.');
    const twice = base64url(`{"jti":"a",${Buffer.from(String(payload), 'base64url').toString().slice(1)}`);
    const parts = ['x', `${head}.${payload}`, `${head}.${payload}.`, `${head}.${payload}.${signature}=`];
    const types = ['jwt', 'at+jwt', 'DPoP', 'dpop+jwt ', '', null, undefined].map((typ) => ({ typ }));
    await tryProofs(world, trial, 'dpop_malformed', [
      ...headers([...types, { crit: ['b64'], b64: false }, { crit: [] }]),
      ...['', 7, 'a\u0000b', 'x'.repeat(1025), undefined].map((jti) => prove({ jti })),
      ...[...parts, `${head}.${twice}.${signature}`],
    ]);
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
    const secret = own.key.export({ format: 'jwk' });
    const oct = { kty: 'oct', k: 'c2VjcmV0' };
    await tryProofs(world, trial, 'dpop_key', [
      ...headers(['none', 'None', 'HS256', 'ES384', 'RS256', 'EdDSA'].map((alg) => ({ alg }))),
      ...headers([{ jwk: oct }, { jwk: oct, alg: 'HS256' }, { jwk: secret }, { jwk: weak, alg: 'RS256' }]),
      ...headers([{ jwk: { ...own.jwk, y: own.jwk.x } }, { jwk: { ...own.jwk, use: 'enc' } }]),
      ...headers([undefined, null, 'x', [], [own.jwk], 1].map((jwk) => ({ jwk }))),
      ...headers([
        { jwk: undefined, kid: 'x', jku: 'http://127.0.0.1/' },
        { jwk: undefined, x5c: ['AAAA'] },
      ]),
    ]);
    await tryProofs(world, trial, 'dpop_signature', [prove({}, { jwk: newProver().jwk }), `${head}.${payload}.AAAA`]);
    const { d: _d, ...named } = { ...secret, kid: 'k', use: 'sig', alg: 'ES256' };
    await bound(world, trial, prove({}, { jwk: named }));
    await bound(world, trial, prove({}, { typ: 'application/DPoP+JWT' }));
    for (const [alg, kind] of [
      ['Ed25519', 'ed25519'],
      ['ML-DSA-44', 'ml-dsa-44'],
    ] as const) {
      const by = newProver(alg, generateKeyPairSync(kind as 'ed25519').privateKey);
      await bound(world, trial, prove({}, {}, by), by);
    }
  },

  B04: async (world, trial) => {
    const { server, prove } = world;
    const url = new URL(TOKEN_URL);
    const other = ['introspect', 'revoke', 'par', 'token/', 'token?a=b', 'token?', 'token#a', 'Token', 'token%2f'];
    const named = ['http://login.example', 'https://login.example:8443', 'https://user@login.example', server.issuer];
    await tryProofs(world, trial, 'dpop_request', [
      ...['GET', 'post', 'POST ', '', undefined, ['POST']].map((htm) => prove({ htm })),
      ...other.map((path) => prove({ htu: `${url.origin}/oauth/${path}` })),
      ...[...named, 'https://login.example.evil.example', 'https://evil.example'].map((base) =>
        prove({ htu: `${base}${url.pathname}` }),
      ),
      ...[
        ` ${url}`,
        '/oauth/token',
        '//login.example/oauth/token',
        'https:\\\\login.example\\oauth\\token',
        '',
        undefined,
        [String(url)],
      ].map((htu) => prove({ htu })),
    ]);
    // The Host header does not change the URL that a proof must name.
    const lines = ['Host: evil.example', LENGTH, `DPoP: ${prove({ htu: 'http://evil.example/oauth/token' })}`];
    await trial.attempt('Host', answerOf(await server.raw(request(lines))));
    await trial.twin(answerOf(await server.raw(request(['Host: evil.example', LENGTH, `DPoP: ${prove()}`]))));
    const same = [TOKEN_URL, `HTTPS://LOGIN.example:443${url.pathname}`, `${url.origin}/x/../oauth/%74oken`];
    for (const htu of same) await bound(world, trial, prove({ htu }));
  },

  B05: async (world, trial) => {
    const { server, prove } = world;
    const now = Math.floor(server.clock.now / 1000);
    const times = (list: readonly unknown[]): string[] => list.map((iat) => prove({ iat }));
    await tryProofs(world, trial, 'dpop_time', [
      ...times([now - 91, now + 31, now - 3600, now + 3600, 0, -now, Number.MAX_SAFE_INTEGER]),
      ...[{ exp: now - 31 }, { nbf: now + 31 }, { exp: 'soon' }].map((claims) => prove(claims)),
    ]);
    await tryProofs(world, trial, 'dpop_malformed', times([undefined, null, String(now), [now], {}]));
    for (const iat of [now - 89, now + 29, now + 0.5]) await bound(world, trial, prove({ iat }));
    await bound(world, trial, prove({ exp: now + 1, nbf: now }));
  },

  B06: async (world, trial) => {
    const { server, second, other, prove } = world;
    const [proof, raced] = [prove(), prove()];
    await bound(world, trial, proof);
    await tryProofs(world, trial, 'dpop_replayed', [proof, prove({ jti: claimsOf(proof).jti })]);
    await trial.attempt('on another node', obtain(second, 'gateway', withKey(proof)));
    await trial.attempt('by another client', obtain(server, 'web', withKey(proof)));
    const subject = await tokenOf(server, 'gateway');
    await trial.attempt('for another grant', present(server, subject, withKey(proof)));
    // The same id with another key is another proof.
    await bound(world, trial, prove({ jti: claimsOf(proof).jti }, {}, other), other);
    for (const nodes of [
      [server, server, server, server],
      Array.from({ length: 20 }, (_, n) => (n % 2 ? server : second)),
    ]) {
      const one = nodes.length === 4 ? raced : prove();
      const answers = await Promise.all(nodes.map((node) => obtain(node, 'gateway', withKey(one))));
      const [won, ...lost] = answers.toSorted((a, b) => a.status - b.status);
      assert.ok(won);
      await trial.twin(won);
      for (const answer of lost) await trial.attempt(`one of ${nodes.length} at once`, answer);
    }
    // A request that is refused for another reason does not use up its proof.
    const unused = prove();
    assert.equal((await obtain(server, 'gateway', withKey(unused), { scope: 'more' })).body.error, 'invalid_scope');
    await bound(world, trial, unused);
  },

  B07: async ({ strict, prove }, { attempt, twin }) => {
    const ask = (claims: Record<string, unknown>): Promise<Answer> => obtain(strict, 'gateway', withKey(prove(claims)));
    const nonceOf = ({ headers }: Answer): string => String(headers.get('dpop-nonce'));
    const first = await attempt('none', ask({}));
    const nonce = nonceOf(first);
    assert.match(nonce, /^[\x21\x23-\x5b\x5d-\x7e]+$/);
    assert.match(String(first.headers.get('access-control-expose-headers')), /DPoP-Nonce/);
    const wrong = ['', 'x', `${nonce}x`, nonce.slice(1), nonce.toUpperCase(), nonce.toLowerCase(), 7, null, [nonce]];
    for (const one of wrong) {
      const answer = await attempt(JSON.stringify(one), ask({ nonce: one }));
      assert.match(nonceOf(answer), /./);
      assert.equal(answer.body.error_description, 'The DPoP proof must have the nonce of the DPoP-Nonce header');
      assert.equal(strict.audit(answer)?.reason, 'dpop_nonce');
    }
    const subject = await tokenOf(strict, 'gateway');
    await attempt('for an exchange', present(strict, subject, withKey(prove())));
    await twin(present(strict, subject, withKey(prove({ nonce }))));
    await twin(ask({ nonce }));
    const then = strict.clock.now;
    const at = async (milliseconds: number): Promise<Answer> => {
      strict.clock.now = then + milliseconds;
      const iat = Math.floor(strict.clock.now / 1000);
      return ask({ nonce, iat });
    };
    assert.notEqual(nonceOf(await twin(at(120_000))), nonce, 'a new one is told before the old one ends');
    const stale = await attempt('stale', at(240_000));
    const iat = Math.floor(strict.clock.now / 1000);
    await twin(ask({ nonce: nonceOf(stale), iat }));
    strict.clock.now = then;
    const form = encode({ grant_type: 'client_credentials', ...gateway });
    assert.equal((await strict.post('/oauth/token', form)).body.token_type, 'Bearer', 'who proves nothing needs none');
  },
};
