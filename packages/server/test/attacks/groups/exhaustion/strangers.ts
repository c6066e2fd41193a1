import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createBrowser, formOf } from '../../../support/browser.ts';
import { changed } from '../../../support/configuration.ts';
import { type Answer, fetchAnswer } from '../../../support/harness.ts';
import { served, startNode } from '../../../support/node.ts';
import { authorizationUrl, configuration, startPeople } from '../../../support/people.ts';
import { assertQuick } from '../../../support/processor.ts';
import { answerOf } from '../../../support/wire.ts';
import type { Case } from '../../group.ts';
import { hold, PROBE } from './state.ts';
import type { ExhaustionWorld } from './world.ts';

const HEAP_MB = 128;
const LONG = 1_000_000;
/** CPU time of one password, without argon2, which runs in another thread. */
const LONGEST_MS = 1000;

/** Heads of requests whose bodies never arrive or never end. */
const POST = 'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n';
const OWING = {
  'no body': `${POST}Content-Length: 100\r\n\r\n`,
  'a body that is told to go on': `${POST}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n`,
  'half a body': `${POST}Content-Length: 100\r\n\r\ngrant_type=`,
  'chunks without an end': `${POST}Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n`,
  'a page without its form': 'POST /device HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n',
  'a health check with a body': 'GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n',
} as const;

export const strangers: Readonly<Record<string, Case<ExhaustionWorld>>> = {
  Q30: async (_world, { attempt, twin, after }) => {
    const here = changed(configuration, { issuer: `http://127.0.0.1:\${PORT}` });
    const node = await startNode({ after }, here, { heap: HEAP_MB });
    // Its long texts need no escapes: to encode and search them takes longer than the server needs.
    const ask = (client_id: string, client_secret: string) =>
      fetchAnswer(`${node.url}/oauth/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `grant_type=client_credentials&client_id=${client_id}&client_secret=${client_secret}`,
      });
    for (let index = 0; index < 150; index++) {
      const answer = ask(`${index}`.padEnd(LONG, 'x'), 'wrong');
      if (index % 50 > 0) await answer;
      else await attempt(`client id ${index} of 1 MB`, answer);
    }
    await twin(ask('machine', 'machine-secret'));
  },

  Q31: async (_world, { attempt, twin, after }) => {
    const server = await startPeople({ after });
    const browser = createBrowser(server.issuer);
    const page = await browser.get(authorizationUrl());
    const { action, hidden } = formOf(page);
    // Sorting combining marks takes quadratic time.
    const marks = `a${'\u0301\u0316'.repeat(50_000)}`;
    for (const [what, form] of Object.entries({
      'a username of combining marks': { username: marks, password: 'guess' },
      'a password of combining marks': { username: 'ada', password: marks },
    })) {
      const guess = () => browser.post(action, { ...hidden, ...form });
      await attempt(what, guess());
      await assertQuick(what, LONGEST_MS, guess);
    }
    await twin(browser.submit(page, { username: 'ada', password: 'lovelace' }));
  },

  Q32: async (_world, { attempt, twin, after }) => {
    const limit = 10;
    const server = await startPeople({ after }, changed(configuration, { server: { limits: { connections: limit } } }));
    const port = Number(new URL(server.issuer).port);
    const probe = async () => answerOf(await server.raw(PROBE));
    const held: Socket[] = [];
    after(() => held.forEach((socket) => void socket.destroy()));
    for (const [what, text] of Object.entries(OWING)) {
      for (let index = 0; index < 2 * limit; index++) held.push(await hold(port, text));
      for (let index = 0; index < limit; index++) await attempt(`${what}, newcomer ${index}`, probe());
    }
    await twin(
      server.token({ grant_type: 'client_credentials', client_id: 'machine', client_secret: 'machine-secret' }),
    );
  },

  Q33: async (_world, { attempt, twin, after }) => {
    const here = changed(configuration, { issuer: `http://127.0.0.1:\${PORT}` });
    const node = await startNode({ after }, here, { heap: HEAP_MB });
    const port = Number(new URL(node.url).port);
    const send = async (chunks: string, head = POST): Promise<Answer> => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
      const [answer] = await once(socket, 'data');
      socket.destroy();
      return answerOf(String(answer));
    };
    const ones = '1\r\na\r\n'.repeat(LONG);
    for (let wave = 0; wave < 3; wave++) {
      const heads = [POST, POST, POST, POST, POST.replace('POST /oauth/token', 'GET /livez')];
      const answers = await Promise.all(heads.map((head) => served(() => send(ones, head))));
      for (const answer of answers) await attempt('a million chunks of one byte', answer);
    }
    await attempt('chunks of one byte with long extensions', send(`1;${'x'.repeat(15_000)}\r\na\r\n`.repeat(50)));
    await twin(node.token({ grant_type: 'client_credentials', client_id: 'machine', client_secret: 'machine-secret' }));
  },
};
