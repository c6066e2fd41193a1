// The operations of the admin API on signing keys: list, rotate, retire.
import { z } from 'zod';
import { type SigningAlgorithm, signingAlgorithms } from '../../keys/algorithms.ts';
import { KEY_SET_MAX_AGE_SECONDS, MARGIN_MS } from '../../keys/key-sets.ts';
import { Refusal } from '../../primitives/refusal.ts';
import type { HttpServices } from '../endpoint.ts';
import { jwks } from '../endpoints/jwks.ts';
import { operation } from './operation.ts';
import { InvalidRequest } from './problem.ts';
import { estimateValid } from './signed-tokens.ts';

const time = z.iso.datetime();
const key = z.object({
  kid: z.string(),
  alg: z.enum(signingAlgorithms),
  state: z.enum(['next', 'active', 'retired']),
  createdAt: time,
  activatesAt: time.describe('when it begins or began to sign'),
  signsUntil: time.optional().describe('absent: no token is signed with its algorithm any more'),
  publishedUntil: time.describe('when it leaves the key sets, because every token that it signed has expired'),
  validTokens: z
    .int()
    .optional()
    .describe(
      'about how many valid tokens it has signed: those issued within the longest lifetime of their audience; absent: the audit could not be counted in time',
    ),
});
const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** The keys with their times in ISO 8601, and the number of their valid tokens, if it can be counted. @throws Refusal store_unavailable */
async function readKeys({ admin, resources, clock }: HttpServices): Promise<readonly z.output<typeof key>[]> {
  const now = clock();
  const { keepAfter } = admin.keySchedule;
  const spans = await admin.issuedSpans({ since: Math.max(0, now - keepAfter), until: now + 1 }).catch(uncounted);
  const issuing = { resources, defaultAlgorithm: admin.algorithms[0], keepAfter, now };
  return (await admin.keys.list()).map((one) => ({
    ...one,
    createdAt: iso(one.createdAt),
    activatesAt: iso(one.activatesAt),
    signsUntil: one.signsUntil === undefined ? undefined : iso(one.signsUntil),
    publishedUntil: iso(one.publishedUntil),
    ...(spans && { validTokens: estimateValid(one, spans, issuing) }),
  }));
}

/** An operator who must rotate or retire a key needs the list also while the audit is slow. */
function uncounted(error: unknown): undefined {
  if (!(error instanceof Refusal && error.reason === 'store_unavailable')) throw error;
}

export const listKeys = operation({
  id: 'list-keys',
  method: 'GET',
  at: '/keys',
  summary: 'The signing keys, without their private parts',
  scope: 'admin:read',
  status: 200,
  answer: z.object({ items: z.array(key) }),
  run: async ({ services }) => ({ body: { items: await readKeys(services) } }),
});

const MAX_AUDIENCES = 100;

export const previewRotation = operation({
  id: 'preview-rotation',
  method: 'GET',
  at: '/keys/rotation',
  summary:
    'What a rotation now would do: when the next key signs, which key it replaces, and which verifiers must read it',
  scope: 'admin:read',
  query: z.strictObject({ alg: z.enum(signingAlgorithms).optional() }),
  status: 200,
  answer: z.object({
    alg: z.enum(signingAlgorithms),
    activatesAt: time.describe('of the key that would be made'),
    replaces: key.optional().describe('the key that would sign until then, with its times as they are now'),
    replacedPublishedUntil: time.describe('when the replaced key would leave the key sets'),
    published: z.array(key).describe('keys that are made already, and will sign'),
    cachedForSeconds: z.int().describe('how long verifiers may cache a key set'),
    publishedForSeconds: z.int().describe('how long the key would be published before it signs'),
    keySets: z.array(z.string()).describe('the URLs that would publish it'),
    audiences: z.array(z.string()).describe('the first 100 whose verifiers must read it'),
    audienceCount: z.int(),
  }),
  run: async ({ query, services }) => {
    const { admin, resources, issuer } = services;
    const alg = usedAlgorithm(query.alg, admin, 'query.alg');
    const { sets, keepAfter } = admin.keySchedule;
    const activatesAt = admin.keys.nextSignsAt();
    const keys = (await readKeys(services)).filter((one) => one.alg === alg);
    const published = keys
      .filter(({ state }) => state === 'next')
      .toSorted((one, other) => (one.activatesAt < other.activatesAt ? -1 : 1));
    const replaces = published.at(-1) ?? keys.find(({ state }) => state === 'active');
    const audiences = resources.filter(({ token }) => token.alg === alg && token.secret === undefined);
    return {
      body: {
        alg,
        activatesAt: iso(activatesAt),
        replaces,
        replacedPublishedUntil: iso(activatesAt + keepAfter + MARGIN_MS),
        published,
        cachedForSeconds: KEY_SET_MAX_AGE_SECONDS,
        publishedForSeconds: Math.round((activatesAt - services.clock()) / 1000),
        keySets: [...sets].flatMap(([path, algorithms]) =>
          algorithms.has(alg) ? `${issuer}${path || jwks.path}` : [],
        ),
        audiences: audiences.slice(0, MAX_AUDIENCES).map(({ audience }) => audience),
        audienceCount: audiences.length,
      },
    };
  },
});

/** @throws InvalidRequest if no token would be signed with it */
function usedAlgorithm(
  asked: SigningAlgorithm | undefined,
  { algorithms }: HttpServices['admin'],
  at: string,
): SigningAlgorithm {
  const alg = asked ?? algorithms[0];
  if (algorithms.includes(alg)) return alg;
  throw new InvalidRequest([
    { at, detail: `no token is signed with ${alg}: the configuration file has ${[...new Set(algorithms)].join(', ')}` },
  ]);
}

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
    const alg = usedAlgorithm(body.alg, admin, 'body.alg');
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
