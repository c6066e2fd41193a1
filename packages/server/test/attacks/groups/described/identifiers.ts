// Client ids that look like the URL of an accepted document, and are not.
import assert from 'node:assert/strict';
import type { Cases } from '../../group.ts';
import type { World } from './world.ts';

export const identifiers = {
  M01: async ({ server, host, elsewhere, publish, ask }, { attempt, twin }) => {
    const { port } = new URL(host.url);
    const other = new URL(elsewhere.url).host;
    for (const id of [
      `${elsewhere.url}/agent.json`,
      `http://127.0.0.1.evil.example:${port}/agent.json`,
      `http://evil-127.0.0.1:${port}/agent.json`,
      `http://127.0.0.1:${port}@${other}/agent.json`,
      `http://${other}%2f@127.0.0.1:${port}/agent.json`,
      `http://127.0.0.1:${port}.${other}/agent.json`,
      `http://localhost:${port}/agent.json`,
      'http://169.254.169.254/latest/meta-data',
      'https://[::ffff:7f00:1]/agent.json',
    ]) {
      const page = await attempt(id, ask(id));
      assert.deepEqual([page.leftTo, server.audit(page)?.reason], [undefined, 'authorization_client_unknown'], id);
    }
    assert.equal(elsewhere.seen.length, 0);
    await twin(ask(publish('/agent.json')));
  },

  M02: async ({ server, host, publish, ask }, { attempt, twin }) => {
    const id = publish('/agent.json');
    const { port } = new URL(host.url);
    const before = host.seen.length;
    for (const other of [
      `http://127.0.0.1:${port}/x/../agent.json`,
      `http://127.0.0.1:${port}/%2e/agent.json`,
      `http://127.0.0.1:${port}//../agent.json`,
      `http://127.0.0.1.:${port}/agent.json`,
      `http://127.1:${port}/agent.json`,
      `http://0x7f000001:${port}/agent.json`,
      `http://１２７.0.0.1:${port}/agent.json`,
      `HTTP://127.0.0.1:${port}/agent.json`,
      `http://@127.0.0.1:${port}/agent.json`,
      `${id}#`,
      `${id}#x`,
      `${id}\t`,
      ` ${id}`,
      id.replace('/agent', '\\agent'),
    ]) {
      const page = await attempt(other, ask(other));
      assert.equal(server.audit(page)?.reason, 'authorization_client_unknown', other);
    }
    assert.equal(host.seen.length, before, 'nothing was fetched');
    await twin(ask(id));
  },
} satisfies Cases<World>;
