// The operations of the admin API on signing keys: list, rotate, retire.
import { z } from 'zod';
import { signingAlgorithms } from '../../keys/algorithms.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { operation } from './operation.ts';
import { InvalidRequest } from './problem.ts';

const time = z.iso.datetime();
const key = z.object({
  kid: z.string(),
  alg: z.enum(signingAlgorithms),
  state: z.enum(['next', 'active', 'retired']),
  createdAt: time,
  activatesAt: time,
});
const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

export const listKeys = operation({
  id: 'list-keys',
  method: 'GET',
  at: '/keys',
  summary: 'The signing keys, without their private parts',
  scope: 'admin:read',
  status: 200,
  answer: z.object({ items: z.array(key) }),
  run: async ({ services }) => {
    const keys = await services.admin.keys.list();
    return {
      body: {
        items: keys.map((one) => ({ ...one, createdAt: iso(one.createdAt), activatesAt: iso(one.activatesAt) })),
      },
    };
  },
});

export const rotateKey = operation({
  id: 'rotate-key',
  method: 'POST',
  at: '/keys',
  summary: 'Create the next key. It is published now, and signs when verifiers have had time to fetch it',
  scope: 'admin:write',
  body: z.strictObject({ alg: z.enum(signingAlgorithms).optional() }),
  status: 201,
  answer: z.object({ alg: z.enum(signingAlgorithms), activatesAt: time }),
  run: async ({ body, services: { admin }, event }) => {
    const { alg = admin.algorithms[0] } = body;
    // No token would be signed with it.
    if (!admin.algorithms.includes(alg))
      throw new InvalidRequest([
        {
          at: 'body.alg',
          detail: `no token is signed with ${alg}: the configuration file has ${[...new Set(admin.algorithms)].join(', ')}`,
        },
      ]);
    const { activatesAt, write } = admin.keys.rotate(alg);
    event.change = { what: `key ${alg}`, after: { alg, activatesAt: iso(activatesAt) } };
    await admin.commit(event, write);
    return { body: { alg, activatesAt: iso(activatesAt) } };
  },
});

export const retireKey = operation({
  id: 'retire-key',
  method: 'DELETE',
  at: '/keys/{kid}',
  summary: 'Remove a key at once: no token that it signed is valid any longer',
  scope: 'admin:write',
  path: z.strictObject({ kid: z.string() }),
  query: z.strictObject({
    replace: z.literal('now').optional().describe('for the active key, after a theft: a new key signs at once'),
  }),
  status: 204,
  run: async ({ path: { kid }, query, services: { admin }, event }) => {
    const found = (await admin.keys.list()).find((one) => one.kid === kid);
    if (found === undefined) throw new Refusal('admin_item_unknown', { detail: `there is no key ${kid}` });
    if (found.state === 'active' && query.replace === undefined) {
      throw new Refusal('admin_in_use', { detail: 'it is the active key: rotate first, or add replace=now' });
    }
    event.change = { what: `key ${kid}`, before: { alg: found.alg, state: found.state } };
    await admin.commit(event, await admin.keys.retire(kid));
    return {};
  },
});
