// The operations of the admin API on one token: from which tokens it derives, who acted for whom, and which tokens derive from it.
import { z } from 'zod';
import { isTokenId } from '../../audit/search.ts';
import { type KnownToken, presentedTrace, tokenSubjectOf } from '../../audit/token-history.ts';
import { Refusal } from '../../primitives/refusal.ts';
import type { FamilyPlace } from '../../store/audit-lineage.ts';
import type { HttpServices } from '../endpoint.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';
import { InvalidRequest } from './problem.ts';
import { DERIVES_FROM_REVOKED, expiryOf, tokenStateOf } from './token-state.ts';

const tokenId = z.strictObject({
  id: z
    .string()
    .refine(isTokenId, 'must be the id of a token: letters, digits, - and _, at most 64. `tokens inspect` prints it'),
});

const principal = z.object({ iss: z.string(), sub: z.string() });
const texts = z.array(z.string());

const token = z.object({
  id: z.string(),
  source: z
    .enum(['issued', 'presented', 'agreement', 'revoked'])
    .describe('the row that says this: the one that issued the token, or presented it, or is about it'),
  type: z.string().optional(),
  state: z.enum(['active', 'expired', 'revoked', 'suspended', 'unknown']),
  why: z.string().optional(),
  revokedBy: z.string().optional().describe('the id of the ancestor that was revoked'),
  time: z.iso.datetime().describe('of the request'),
  requestId: z.string(),
  expiresAt: z.iso.datetime().optional(),
  subject: principal.optional(),
  actors: z.array(principal).optional().describe('the current one first'),
  client: z.string().optional(),
  grant: z.string().optional(),
  rule: z.string().optional(),
  audiences: texts.optional(),
  scopeAsked: texts.optional(),
  scope: texts.optional().describe('what was given'),
  parents: z
    .array(z.object({ id: z.string(), as: z.enum(['subject', 'actor', 'agreement', 'family']) }))
    .describe('the tokens from which it derives directly'),
});

export const getToken = operation({
  id: 'get-token',
  method: 'GET',
  at: '/tokens/{id}',
  summary:
    'A token by its id: who got it and by which rule, whether it is accepted, and the tokens from which it derives',
  scope: 'admin:read',
  path: tokenId,
  status: 200,
  answer: z.object({
    token,
    ancestors: z.array(token).describe('the nearest first'),
    complete: z.boolean().describe('false: there are more ancestors'),
  }),
  run: async ({ path: { id }, services }) => {
    const { found, ancestors, isComplete } = await find(id, services);
    return {
      body: {
        token: describe(found, ancestors, services),
        ancestors: ancestors.map((one) => describe(one, ancestorsOf(one, ancestors), services)),
        complete: isComplete,
      },
    };
  },
});

export const listDescendants = operation({
  id: 'list-descendants',
  method: 'GET',
  at: '/tokens/{id}/descendants',
  summary:
    'The tokens that derive from a token, and how many of them a revocation would end; parents before their children',
  scope: 'admin:read',
  path: tokenId,
  query: z.strictObject(pageQuery),
  status: 200,
  answer: pageOf(token).extend({
    count: z.int().describe('all descendants'),
    living: z
      .int()
      .describe('those that have not expired, and are not revoked by id or with an ancestor: a revocation ends them'),
    complete: z
      .boolean()
      .describe('false: the family is larger than 10,000, and the numbers are of those that were visited'),
    upTo: z
      .object({ position: z.int(), time: z.iso.datetime().optional() })
      .describe('the last row that was read; tokens of newer rows follow within a second'),
  }),
  run: async ({ path: { id }, query: { cursor, limit }, services }) => {
    const after = cursor === undefined ? undefined : parseCursor(cursor);
    const { found, ancestors } = await find(id, services);
    const page = await services.admin.findDescendants(id, { after, limit });
    const above = [found, ...ancestors];
    return {
      body: {
        items: page.tokens.map((one) => ({
          ...describe(one, ancestorsOf(one, [...page.tokens, ...above], above), services),
          ...(one.isCut && DERIVES_FROM_REVOKED),
        })),
        next: page.next && formatCursor(page.next),
        count: page.all,
        living: tokenStateOf(found, ancestors, services).state === 'revoked' ? 0 : page.living,
        complete: page.isComplete,
        upTo: page.upTo,
      },
    };
  },
});

/** @throws Refusal admin_item_unknown, store_unavailable */
async function find(id: string, { admin }: HttpServices) {
  const found = await admin.findToken(id);
  if (found === undefined)
    throw new Refusal('admin_item_unknown', {
      detail: `no row of the audit names the token ${id}: check the id, or its rows were deleted (audit.retention)`,
    });
  return { found, ...(await admin.findAncestors(found)) };
}

/** @param always ancestors of the token in any case: the path to them may be on another page */
function ancestorsOf(
  token: KnownToken,
  among: readonly KnownToken[],
  always: readonly KnownToken[] = [],
): readonly KnownToken[] {
  const byId = new Map(among.map((one) => [one.id, one]));
  const found = new Set<KnownToken>();
  for (let next: readonly KnownToken[] = [token]; next.length > 0; ) {
    const parents = next.flatMap((one) => one.parents.flatMap(({ id }) => byId.get(id) ?? []));
    next = [...new Set(parents)].filter((one) => one !== token && !found.has(one));
    for (const one of next) found.add(one);
  }
  return [...new Set([...found, ...always])];
}

function describe(one: KnownToken, ancestors: readonly KnownToken[], services: HttpServices): z.output<typeof token> {
  const { id, source, event, parents } = one;
  const trace = source === 'issued' ? undefined : presentedTrace(one);
  const expiresAt = expiryOf(one);
  const about =
    source === 'issued'
      ? {
          type: event.issued?.find((issued) => issued.id === id)?.type,
          actors: event.chain?.map(({ iss, sub }) => ({ iss, sub })),
          client: event.client,
          grant: event.grant,
          rule: event.rule,
          audiences: event.targets && [...event.targets],
          scopeAsked: event.scopeAsked && [...event.scopeAsked],
          scope: event.scopeGiven && [...event.scopeGiven],
        }
      : trace && {
          type: trace.type,
          actors: trace.chain.map(({ iss, sub }) => ({ iss, sub })),
          client: trace.clientId,
          audiences: [...trace.audiences],
          scope: trace.scope && [...trace.scope],
        };
  return {
    id,
    source,
    ...tokenStateOf(one, ancestors, services),
    time: new Date(event.time).toISOString(),
    requestId: event.requestId,
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt).toISOString(),
    subject: tokenSubjectOf(one),
    ...about,
    parents: [...parents],
  };
}

const CURSOR = /^(\d{1,16})\.(\d{1,16})\.([\w-]{1,64})$/;

const formatCursor = ({ time, sequence, token: id }: FamilyPlace): string =>
  Buffer.from(`${time}.${sequence}.${id}`).toString('base64url');

/** @throws InvalidRequest */
function parseCursor(text: string): FamilyPlace {
  const [, time, sequence, id] = CURSOR.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  if (id === undefined)
    throw new InvalidRequest([{ at: 'query.cursor', detail: 'is not a cursor of an earlier answer' }]);
  return { time: Number(time), sequence: Number(sequence), token: id };
}
