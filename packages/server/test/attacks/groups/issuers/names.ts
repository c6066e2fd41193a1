// The address of an issuer: private addresses, a second DNS answer, hosts without proof, and what the server sends there.
import assert from 'node:assert/strict';
import dns, { type LookupAddress } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { isIP } from 'node:net';
import tls from 'node:tls';
import { selfSigned } from '../../../support/certificate.ts';
import { start } from '../../../support/harness.ts';
import { DISCOVERY, entry, type FakeIssuer, JWKS, json, startIssuer, trusting } from '../../../support/issuer.ts';
import { COOL_DOWN } from '../../../support/trusting.ts';
import type { Case, Undo } from '../../group.ts';
import { assertUnavailable, present, type World } from './world.ts';

const NAME = 'idp.test';
const PRIVATE = [
  '127.0.0.1',
  '127.255.0.1',
  '::1',
  '169.254.169.254',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  'fc00::1',
];
const TRANSLATED = ['fd00::1', 'fe80::1', '100.64.0.1', '0.0.0.0', '::', '::ffff:127.0.0.1', '64:ff9b::7f00:1'];

type Callback = (error: Error | null, addresses: LookupAddress[]) => void;

/** DNS lookups return these addresses, the last one repeatedly. @returns the names, and a way to change the answers */
export function resolve(undo: Undo): { asked: string[]; as: (...answers: readonly (readonly string[])[]) => void } {
  const asked: string[] = [];
  let answers: readonly (readonly string[])[] = [];
  let turn = 0;
  const { lookup } = dns;
  const instead = (name: string, options: object, callback: Callback) => {
    if (isIP(name) !== 0) return lookup(name, options, callback as never);
    asked.push(name);
    const found = answers[Math.min(turn++, answers.length - 1)] ?? [];
    process.nextTick(
      callback,
      null,
      found.map((address) => ({ address, family: isIP(address) })),
    );
  };
  dns.lookup = instead as never;
  syncBuiltinESMExports();
  undo.after(() => {
    dns.lookup = lookup;
    syncBuiltinESMExports();
  });
  const as = (...others: readonly (readonly string[])[]): void => {
    [answers, turn] = [others, 0];
  };
  return { asked, as };
}

/** The issuer under a name that needs a DNS lookup. */
function callIt(idp: FakeIssuer, url: string, headers: Record<string, string> = {}): FakeIssuer {
  idp.instead.set(DISCOVERY, json({ issuer: url, jwks_uri: url + JWKS }, headers));
  return { ...idp, url, sign: (claims, options) => idp.sign({ iss: url, ...claims }, options) };
}

export const names = {
  X03: async (_world, trial) => {
    const certificate = await selfSigned({ type: 'dns', value: NAME });
    trustOnly(trial, certificate.cert);
    const idp = await startIssuer(trial, { tls: certificate });
    const named = callIt(idp, `https://${NAME}:${new URL(idp.url).port}`);
    const closed = await start(trial, trusting(entry(named, { allowPrivateNetwork: undefined })));
    const { asked, as } = resolve(trial);
    for (const address of [...PRIVATE, ...TRANSLATED]) {
      as([address]);
      assertUnavailable(closed, await trial.attempt(address, present(closed, named)), address);
      closed.clock.now += COOL_DOWN;
    }
    as(['127.0.0.1', '93.184.216.34']);
    await trial.attempt('one among public ones', present(closed, named));
    assert.deepEqual([new Set(asked), idp.seen], [new Set([NAME]), []]);
    as(['127.0.0.1']);
    const open = await start(trial, trusting(entry(named)));
    await trial.twin(present(open, named));
  },

  // Plain HTTP is allowed to loopback only, so another address stands for a private one here.
  X05: async (_world, trial) => {
    const { as } = resolve(trial);
    const rebind = async (...answers: readonly (readonly string[])[]) => {
      const idp = await startIssuer(trial);
      const named = callIt(idp, idp.url.replace('127.0.0.1', 'localhost'), { connection: 'close' });
      const server = await start(trial, trusting(entry(named)));
      as(...answers);
      return { idp, server, answer: present(server, named) };
    };
    for (const [answers, connections] of [
      [[['127.0.0.1'], ['10.0.0.1']], 1],
      [[['127.0.0.1'], ['127.0.0.1', '10.0.0.1']], 1],
      [[['10.0.0.1'], ['127.0.0.1']], 0],
      [[['127.0.0.1', '93.184.216.34']], 0],
      [[[]], 0],
    ] as const) {
      const { idp, server, answer } = await rebind(...answers);
      assertUnavailable(server, await trial.attempt(JSON.stringify(answers), answer), JSON.stringify(answers));
      assert.equal(idp.seen.length, connections, 'every connection is judged by its own look-up');
    }
    await trial.twin((await rebind(['127.0.0.1'], ['127.0.0.1'])).answer);
  },

  X19: async (_world, trial) => {
    const onLoopback = { type: 'ip', value: '127.0.0.1' } as const;
    const [good, expired, untrusted] = [
      await selfSigned(onLoopback),
      await selfSigned(onLoopback, -1),
      await selfSigned(onLoopback),
    ];
    const otherName = await selfSigned({ type: 'dns', value: NAME });
    trustOnly(trial, good.cert, expired.cert, otherName.cert);
    const old = { ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const bad = { 'self-signed': untrusted, 'for another name': otherName, expired, 'TLS 1.1': old };
    const issuers = new Map<string, FakeIssuer>();
    for (const [what, certificate] of Object.entries({ ...bad, good })) {
      issuers.set(what, await startIssuer(trial, { tls: certificate }));
    }
    const entries = [...issuers.values()].map((idp, n) => entry(idp, { name: `idp${n}` }));
    const rule = `{ client: gateway, subject: { issuer: [${entries.map((_, n) => `idp${n}`)}] }, grant: { audiences: [https://api.example], scopes: [read] } }`;
    const server = await start(trial, trusting(entries, [rule]));
    for (const [what, idp] of issuers) {
      if (what === 'good') await trial.twin(present(server, idp));
      else assertUnavailable(server, await trial.attempt(what, present(server, idp)), what);
    }
  },

  X20: async ({ server, take }, { attempt, twin }) => {
    const idp = take();
    idp.instead.set(DISCOVERY, json({ issuer: idp.url, jwks_uri: idp.url + JWKS }, { 'set-cookie': 'a=b; Path=/' }));
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) assert.equal(process.env[name], undefined, name);
    await attempt('first', present(server, idp));
    server.clock.now += 300_000;
    await attempt('again, with a cookie to send', present(server, idp));
    assert.deepEqual(
      idp.seen.map(({ path }) => path),
      [DISCOVERY, JWKS, DISCOVERY, JWKS],
    );
    for (const { method, headers, body } of idp.seen) {
      const { host, connection, ...others } = headers;
      const expected = { accept: 'application/json', 'accept-encoding': 'gzip', 'user-agent': 'cambio' };
      assert.deepEqual([method, body, others], ['GET', '', expected]);
    }
    await twin(present(server, idp));
  },
} as const satisfies Readonly<Record<string, Case<World>>>;

/** Outgoing TLS trusts these authorities until the row ends. */
function trustOnly(undo: Undo, ...certificates: readonly string[]): void {
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...certificates]);
  undo.after(() => tls.setDefaultCACertificates(before));
}
