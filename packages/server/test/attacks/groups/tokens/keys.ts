// Keys that a token embeds or names: only keys of its issuer are used, fetched or searched.
import assert from 'node:assert/strict';
import { type Claims, type FakeKey, JWKS, newKey, signJws, startIssuer } from '../../../support/issuer.ts';
import { selfSigned } from '../../../support/saml-certificate.ts';
import type { Case, Trial } from '../../group.ts';
import { named, type Origin, present, tryTokens, type World } from './world.ts';

const attacker = newKey();

/** Each header with a known key id, with the attacker's key id, and without one. The attacker signs. */
function bring({ sign, kid }: Origin, headers: readonly Claims[]): Record<string, string> {
  const [head = '', payload = ''] = sign().split('.');
  const good = JSON.parse(Buffer.from(head, 'base64url').toString());
  const text = Buffer.from(payload, 'base64url');
  return Object.fromEntries(
    headers.flatMap((header) =>
      [kid, attacker.kid, undefined].map((name) => {
        const spoiled = { ...good, kid: name, ...header };
        return [JSON.stringify(spoiled).slice(0, 300), signJws(spoiled, text, attacker)];
      }),
    ),
  );
}

/** Embedded keys do not help a stranger, and do not harm a token of a trusted key. */
async function tryHeaders(world: World, trial: Trial, headers: readonly Claims[]): Promise<void> {
  for (const origin of [world.ours, world.theirs]) {
    const good = headers.map((header) => origin.sign({}, header));
    await tryTokens(world, trial, origin, bring(origin, headers), ['signature', 'unknown_key'], good);
  }
}

export const keys = {
  J05: (world, trial) => {
    const { kid } = world.theirs;
    return tryHeaders(world, trial, [{ jwk: attacker.jwk }, { jwk: { ...attacker.jwk, kid } }]);
  },

  J06: async (world, trial) => {
    const listener = await startIssuer(trial);
    listener.keys.splice(0, 1, attacker);
    const url = listener.url + JWKS;
    await tryHeaders(world, trial, [{ jku: url }, { x5u: url }, { jku: url, jwk: attacker.jwk, x5u: url }]);
    for (const origin of [world.ours, world.theirs]) {
      await tryTokens(world, trial, origin, { 'kid is the URL': origin.sign({}, { kid: url }) }, ['unknown_key']);
    }
    assert.deepEqual(listener.seen, []);
  },

  J07: (world, trial) => {
    const now = Math.floor(Date.now() / 1000);
    const certificate = selfSigned(attacker.privateKey, { from: now - 60, to: now + 600 });
    const x5c = [certificate.raw.toString('base64')];
    const x5t = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
    return tryHeaders(world, trial, [{ x5c }, { x5c, 'x5t#S256': x5t }, { x5c, jwk: { ...attacker.jwk, x5c } }]);
  },

  J08: async (world, trial) => {
    for (const origin of [world.ours, world.theirs]) {
      const { kid } = origin;
      const ofOthers = [world.ours, world.theirs].map((one) => one.kid).filter((one) => one !== kid);
      const ofOther = (world.other.keys as [FakeKey])[0].kid;
      const texts = ['../../etc/passwd', "' or 1=1 --", `${kid} `, `${kid}\0`, '', '__proto__', 'constructor'];
      const urls = [world.idp.url + JWKS, 'file:///etc/passwd', `urn:${kid}`];
      const unknown = [...texts, ...urls, ...ofOthers, ofOther].map((name) => name as unknown);
      const make = (name: unknown) => origin.sign({}, { kid: name });
      await tryTokens(world, trial, origin, named(unknown, make), ['unknown_key']);
      const bad = [1, null, true, [kid], { kid }, 'x'.repeat(2000), 'x'.repeat(65_536)];
      await tryTokens(world, trial, origin, named(bad, make), ['malformed']);
    }
    const stolen = world.idp.sign({}, { key: (world.other.keys as [FakeKey])[0] });
    await tryTokens(world, trial, world.theirs, { 'signed with it, too': stolen }, ['unknown_key']);
  },

  J33: async (world, { attempt, twin }) => {
    const { server, doubled, mixed } = world;
    const [first, second, third] = doubled.keys as [FakeKey, FakeKey, FakeKey];
    const ask = (token: string) => present(world, 'subject', token, 'jwt');
    for (const key of [first, second]) {
      const answer = await attempt('one kid, two keys', ask(doubled.sign({}, { key })));
      assert.equal(server.audit(answer)?.reason, 'subject_token_unknown_key');
    }
    const [good, secret] = mixed.keys as [FakeKey, FakeKey];
    for (const key of [good, secret]) {
      const answer = await attempt('a secret among the keys', ask(mixed.sign({}, { key })));
      assert.deepEqual([answer.status, server.audit(answer)?.reason], [503, 'issuer_unavailable']);
    }
    await twin(ask(doubled.sign({}, { key: third })));
  },
} as const satisfies Readonly<Record<string, Case<World>>>;
