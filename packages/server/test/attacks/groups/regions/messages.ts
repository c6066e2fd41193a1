import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { API, configuration } from '../../../support/basics.ts';
import { changed } from '../../../support/configuration.ts';
import { claimsOf, start } from '../../../support/harness.ts';
import { eventually } from '../../../support/node.ts';
import { ISSUER, SECRET } from '../../../support/regions.ts';
import type { Case, Undo } from '../../group.ts';
import type { World } from './world.ts';

const READ = { read: { after: 0 } } as const;
const OTHER_SECRET = 'a secret of others, of 32 characters';
const gateway = { client_id: 'gateway', client_secret: 'gateway-secret' };

/** The same message with another header. */
const withHeader = (text: string, header: object): string =>
  [Buffer.from(JSON.stringify(header)).toString('base64url'), ...text.split('.').slice(1)].join('.');

export const messages: Readonly<Record<string, Case<World>>> = {
  Z01: async ({ as, send }, { attempt, twin }) => {
    const { text } = as('us').request('eu', READ);
    const [head = '', claims = '', signature = ''] = text.split('.');
    const changedClaims = Buffer.from(JSON.stringify({ ...claimsOf(text), read: { after: 1 } })).toString('base64url');
    const forged = {
      'another secret': as('us', { secret: OTHER_SECRET }).request('eu', READ).text,
      'no signature': `${head}.${claims}.`,
      'alg none': withHeader(text, { alg: 'none', typ: 'cambio-region-request+jwt' }),
      'another type': withHeader(text, { alg: 'HS256', typ: 'at+jwt', kid: 'regions' }),
      'a claim changed': `${head}.${changedClaims}.${signature}`,
      nothing: '',
      'no text': 1,
    };
    for (const [what, request] of Object.entries(forged)) await attempt(what, send(request));
    await twin(send(text));
  },

  Z02: async ({ as, send }, { attempt, twin }) => {
    const asked = {
      'a region that the file does not have': as('ap').request('eu', READ),
      'eu itself': as('eu').request('eu', READ),
      'for another region': as('us').request('ap', READ),
      'of another installation with the same secret': as('us', { issuer: 'https://other.example' }).request('eu', READ),
    };
    for (const [what, { text }] of Object.entries(asked)) await attempt(what, send(text));
    await attempt('an answer sent back', send(as('us').answer('eu', 'id', { first: true })));
    await twin(send(as('us').request('eu', READ).text));
  },

  Z03: async ({ as, send }, { attempt, twin }) => {
    for (const minutes of [2, 60, -2]) {
      const { text } = as('us', { time: Date.now() - minutes * 60_000 }).request('eu', READ);
      await attempt(`recorded ${minutes} minutes ago`, send(text));
    }
    await twin(send(as('us').request('eu', READ).text));
  },

  Z04: async ({ as }, { attempt, twin, after }) => {
    const peer = await startPeer(after);
    const us = await start(
      { after },
      changed(configuration, {
        issuer: ISSUER,
        regions: {
          name: 'us',
          secret: { plain: SECRET },
          peers: [{ name: 'eu', url: `http://127.0.0.1:${peer.port}` }],
          singleUse: 'us',
          allowPrivateNetwork: true,
        },
      }),
    );
    const issued = await us.token({ ...gateway, grant_type: 'client_credentials', audience: API });
    const token = String(issued.body.access_token);
    const told = tell(String(claimsOf(token).jti));
    const introspect = () => us.post('/oauth/introspect', new URLSearchParams({ ...gateway, token }).toString());
    const eu = as('eu');
    let earlier = '';
    const forged: Readonly<Record<string, (id: string) => string>> = {
      'another secret': (id) => as('eu', { secret: OTHER_SECRET }).answer('us', id, told),
      'of another region': (id) => as('ap').answer('us', id, told),
      'to another region': (id) => eu.answer('ap', id, told),
      'of another installation with the same secret': (id) =>
        as('eu', { issuer: 'https://other.example' }).answer('us', id, told),
      'to an earlier request': (id) => {
        const answer = earlier === '' ? eu.answer('us', 'another id', told) : earlier;
        earlier = eu.answer('us', id, told);
        return answer;
      },
      'a use of an id in the place of a list': (id) => eu.answer('us', id, { first: true }),
      'its own request sent back': (_id) => eu.request('us', READ).text,
    };
    for (const [what, write] of Object.entries(forged)) {
      await peer.answerTwice(write);
      const { body } = await attempt(what, introspect());
      assert.equal(body.active, true, what);
    }
    await peer.answerTwice((id) => eu.answer('us', id, told));
    const { body } = await twin(eventually(introspect, (answer) => answer.body.active === false));
    assert.equal(body.active, false);
  },
};

const tell = (jti: string) => ({
  revocations: [{ kind: 'token', name: jti, time: 1 } as const],
  more: false,
  next: 1,
  settled: 1,
  mark: '',
  read: 0,
  readMark: '',
  keys: {},
  singleUse: 'us',
});

/** A region that answers as it is told. */
async function startPeer(after: Undo['after']) {
  let write: (id: string) => string = () => '';
  let answers = 0;
  const peer = createServer(async (request, response) => {
    const { request: text } = JSON.parse(Buffer.concat(await request.toArray()).toString());
    const { jti } = claimsOf(text);
    response.end(JSON.stringify({ sets: { [String(jti)]: write(String(jti)) } }));
    answers++;
  });
  await once(peer.listen(0, '127.0.0.1'), 'listening');
  after(() => peer.close());
  const { port } = peer.address() as { readonly port: number };
  return {
    port,
    /** When the third request comes, the answers to two before it have been read. */
    answerTwice: async (next: (id: string) => string): Promise<void> => {
      write = next;
      const from = answers;
      await eventually(
        async () => answers,
        (now) => now >= from + 3,
      );
    },
  };
}
