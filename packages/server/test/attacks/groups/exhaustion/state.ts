// State, connections and waiting time that a stranger could use up.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { API, configuration, exchange, gateway, subjectToken } from '../../../support/basics.ts';
import { changed } from '../../../support/configuration.ts';
import {
  type Answer,
  claimsOf,
  EXCHANGE,
  everythingIn,
  type Form,
  read,
  start,
  type,
} from '../../../support/harness.ts';
import { entry, JWKS, lifeOf, newKey, trusting } from '../../../support/issuer.ts';
import { eventually, startNode } from '../../../support/node.ts';
import { assertQuick } from '../../../support/processor.ts';
import { temporaryFolder } from '../../../support/program.ts';
import { newProver } from '../../../support/prover.ts';
import { assertionFor, pem, idp as provider, samlEntry, validAt } from '../../../support/saml-exchange.ts';
import { encode, sign } from '../../../support/saml-signer.ts';
import { COOL_DOWN, freshToken, present } from '../../../support/trusting.ts';
import type { Case } from '../../group.ts';
import { because, type ExhaustionWorld, list, nested, withMember } from './world.ts';

const DAY = 86_400;
/** CPU time of a request. */
const LONGEST_MS = 100;

/** Opens a connection and sends the text. @returns also whether it is still open */
export function hold(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
    .on('error', () => undefined)
    .resume();
  return new Promise((resolve) => socket.on('connect', () => socket.write(text, () => resolve(socket))));
}

export const PROBE = 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

/** Requests to the token endpoint that look expensive, with the tokens that they present. */
function heavyForms(world: ExhaustionWorld, issuer: string): Readonly<Record<string, Form>> {
  const { idp } = world;
  const claims = claimsOf(idp.sign());
  const jwt = (member: string): Form => ({
    subject_token: idp.signAll(withMember(claims, member)),
    subject_token_type: type('jwt'),
  });
  const good = validAt(Date.now() / 1000);
  const signed = sign(assertionFor({ issuer }, 'saml2', good), provider.key);
  const saml = (content: string): Form => ({
    subject_token: encode(signed.replace('</saml:Subject>', (end) => content + end)),
    subject_token_type: type('saml2'),
  });
  const depth = 100_000;
  return {
    '80,000 parameters': Object.fromEntries(
      list(80_000, (n) => `x${n}`)
        .split(',')
        .map((name) => [name, '']),
    ),
    '10,000 scopes': { scope: list(10_000, (n) => `s${n}`, ' ') },
    '245 long audiences': { audience: list(245, (n) => `https://a${n}.example/${'x'.repeat(3000)}`).split(',') },
    'a resource of 900 KB': { resource: `https://${'a'.repeat(900_000)}` },
    'a jwt of 1 MB': { subject_token: 'a'.repeat(1_000_000), subject_token_type: type('jwt') },
    'a jwt of 1 MB of dots': { subject_token: '.'.repeat(1_000_000), subject_token_type: type('jwt') },
    'claims 100,000 deep': jwt(nested(depth)),
    'act 5,000 deep': jwt(`"act":${'{"sub":"a","act":'.repeat(5000)}{"sub":"a"}${'}'.repeat(5000)}`),
    '40,000 claims': jwt(list(40_000, (n) => `"a${n}":${n}`)),
    '60,000 objects': jwt(`"a":[${list(60_000, () => '{"a":1}')}]`),
    escapes: jwt(`"a":"${'\\u0041'.repeat(60_000)}"`),
    'what a pattern would try in every way': jwt(`"list":[${list(200, () => `"${'a'.repeat(200)}!"`)}]`),
    'elements 10,000 deep': saml(`${'<x>'.repeat(10_000)}${'</x>'.repeat(10_000)}`),
    '60,000 attributes': saml(`<x ${list(60_000, (n) => `a${n}=""`, ' ')}></x>`),
    '20,000 namespaces': saml(`<x ${list(20_000, (n) => `xmlns:a${n}="urn:${n}"`, ' ')}></x>`),
    '15,000 elements': saml('<x></x>'.repeat(15_000)),
    'text of 700 KB': saml('x'.repeat(700_000)),
    'a DOCTYPE': {
      subject_token: encode(`<!DOCTYPE x [<!ENTITY a "b">]>${signed}`),
      subject_token_type: type('saml2'),
    },
  };
}

export const state: Readonly<Record<string, Case<ExhaustionWorld>>> = {
  Q06: async (_world, { attempt, twin, after }) => {
    const limit = 20;
    const server = await start({ after }, changed(configuration, { server: { limits: { connections: limit } } }));
    const port = Number(new URL(server.issuer).port);
    const probe = async (): Promise<Answer> => {
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(await server.raw(PROBE))?.[1]);
      return { status, headers: new Headers(), body: {}, text: '' };
    };
    const held: Socket[] = [];
    for (const text of [
      '',
      'GET /livez HTTP/1.1\r\nX-Slow: ',
      'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n',
      'POST /oauth/token HTTP/1.1\r\n',
    ]) {
      for (let index = 0; index < 3 * limit; index++) held.push(await hold(port, text));
      assert.equal((await attempt(`${3 * limit} that send ${JSON.stringify(text)}`, probe())).status, 200);
    }
    const open = async (): Promise<number> => held.filter((socket) => !socket.closed).length;
    await eventually(open, (count) => count <= limit);
    await twin(server.token({ grant_type: 'client_credentials', ...gateway }));
    for (const socket of held) socket.destroy();
  },

  Q10: async (world, { attempt, twin }) => {
    const { server, once, assertAs } = world;
    const now = Math.floor(server.clock.now / 1000);
    const lasting = (days: number): string => once.sign({ iat: now, exp: now + days * DAY });
    for (const days of [31, 10_000, 1e9]) {
      const answer = await attempt(`a token for ${days} days`, present(server, lasting(days)));
      because(server, answer, 'subject_token_claims');
    }
    for (const exp of [now + 631, now + DAY, 1e15]) {
      const answer = await attempt(`an assertion until ${exp}`, assertAs({ iat: now, exp }));
      assert.deepEqual([answer.status, answer.body.error], [401, 'invalid_client']);
    }
    const prover = newProver();
    const bound = (exp: number): Promise<Answer> =>
      server.token({ grant_type: 'client_credentials', ...gateway }, { dpop: prover.prove(server, { iat: now, exp }) });
    assert.equal((await attempt('a proof for ten years', bound(now + 3650 * DAY))).status, 200);
    await twin(assertAs({ iat: now, exp: now + 600 }));
    const good = lasting(29);
    await twin(present(server, good));
    const kept = everythingIn(server).used_ids as { expires_at: number }[];
    assert.ok(kept.length >= 3);
    const longest = Math.max(...kept.map(({ expires_at }) => expires_at)) / 1000;
    assert.ok(longest <= now + 30 * DAY, 'nothing is remembered for longer');
    assert.ok(
      kept.filter(({ expires_at }) => expires_at / 1000 > now + DAY).length === 1,
      'proofs and assertions for minutes',
    );
    // Remembered ids are kept until they expire.
    because(server, await attempt('again', present(server, good)), 'subject_token_replayed');
  },

  Q14: async (world, { attempt, twin, after }) => {
    const { idp } = world;
    const condition = `subject.claims.list.exists(one, one.matches("^(a+)+$"))`;
    // As many rules as a large file has. They share one budget for a request.
    const rules = [...Array(200).fill(`, when: '${condition}'`), ''].map(
      (when) =>
        `{ client: gateway, subject: { issuer: [self, idp, saml]${when} }, grant: { audiences: [${API}], scopes: [read] } }`,
    );
    const folder = temporaryFolder({ after } as never);
    writeFileSync(join(folder, 'idp.pem'), pem(provider));
    const base = trusting([entry(idp), samlEntry({ name: 'saml' })], rules);
    const node = await startNode({ after }, changed(base, { issuer: `http://127.0.0.1:\${PORT}` }), { folder });
    const own = await node.token({ grant_type: 'client_credentials', ...gateway });
    const ask = (form: Form): Promise<Answer> =>
      node.token({
        grant_type: EXCHANGE,
        ...gateway,
        subject_token: String(own.body.access_token),
        subject_token_type: type('access_token'),
        ...form,
      });
    /** CPU time of the main thread, where the system reports it (Linux). */
    const busy = (): number => {
      const file = `/proc/${node.pid}/schedstat`;
      return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6 : 0;
    };
    const forms = heavyForms(world, node.url);
    // Code that is loaded at the first request of its kind does not count.
    for (const form of [{}, ...Object.values(forms)]) await ask(form);
    for (const [what, form] of Object.entries(forms)) {
      const { status } = await attempt(what, ask(form));
      assert.ok(status < 500, what);
      await assertQuick(what, LONGEST_MS, () => ask(form), busy);
    }
    await twin(ask({}));
  },

  Q15: async ({ server }, { attempt, twin }) => {
    const subject_token = await subjectToken(server);
    const database = new DatabaseSync(join(server.folder, 'cambio.db'), { timeout: 5000 });
    const get = async (path: string): Promise<Answer> => read(await fetch(server.issuer + path));
    try {
      database.exec('begin immediate');
      const asked = [
        attempt('for a token', server.token({ grant_type: 'client_credentials', ...gateway })),
        attempt('for an exchange', exchange(server, { subject_token })),
      ];
      for (const path of ['/livez', '/.well-known/jwks.json']) assert.equal((await get(path)).status, 200, path);
      for (const answer of await Promise.all(asked)) {
        assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
        assert.equal(answer.body.access_token, undefined);
      }
    } finally {
      database.exec('rollback');
      database.close();
    }
    await twin(exchange(server, { subject_token }));
  },

  Q16: async ({ server, idp }, { attempt, twin }) => {
    await twin(present(server, freshToken(server, idp)));
    const before = idp.count(JWKS);
    const seen = idp.seen.length;
    for (let index = 0; index < 200; index++) {
      const kid = await present(server, freshToken(server, idp, { header: { kid: `unknown ${index}` } }));
      const iss = await present(server, idp.sign({ ...lifeOf(server.clock.now), iss: `${idp.url}/${index}` }));
      const client = await server.token({
        grant_type: 'client_credentials',
        client_id: `x${index}`,
        client_secret: 'x',
      });
      if (index % 50 > 0) continue;
      await attempt(`kid ${index}`, kid);
      await attempt(`iss ${index}`, iss);
      await attempt(`client_id ${index}`, client);
      // The key set is fetched for the first of them only, unless an earlier row had it fetched a moment ago.
      assert.ok(kid.status === 503 || (index === 0 && kid.status === 400), String(kid.status));
      assert.deepEqual([iss.status, client.status], [400, 401]);
    }
    assert.ok(idp.count(JWKS) <= before + 1, 'one look for what is not there, and then a pause');
    assert.ok(idp.seen.length <= seen + 3, 'nobody else is asked for an issuer that nobody trusts');
    // The missing key is found once the issuer publishes it.
    const key = newKey();
    idp.keys.push(key);
    server.clock.now += COOL_DOWN;
    await twin(present(server, freshToken(server, idp, { key })));
    idp.keys.length = 1;
    await twin(server.token({ grant_type: 'client_credentials', ...gateway }));
  },
};
