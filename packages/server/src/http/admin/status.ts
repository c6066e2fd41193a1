// Says what an operator should repair first, and how fresh everything is on which this node depends.
import { z } from 'zod';
import { version } from '../../primitives/version.ts';
import type { HttpServices } from '../endpoint.ts';
import type { Readiness } from '../readiness.ts';
import { operation } from './operation.ts';

const time = z.iso.datetime();
const mark = z.object({ position: z.int().describe('the number of the row'), time: time.optional() });

const fault = z.object({
  kind: z.string().describe('a reason of /readyz, issuer_keys, audit_statements or audit_proof'),
  since: time.optional(),
  serves: z.boolean().describe('false: the node is not ready'),
  details: z.array(z.string()),
});

type Fault = z.output<typeof fault>;

export const status = operation({
  id: 'status',
  method: 'GET',
  at: '/status',
  summary:
    'Faults first: what to repair on this node; then the configuration, the keys of issuers and of this server, the proof and the index of the audit',
  scope: 'admin:read',
  status: 200,
  answer: z.object({
    faults: z.array(fault).describe('empty: nothing to repair'),
    node: z.object({
      id: z.string().optional(),
      version: z.string(),
      nodes: z.int().describe('processes on this database'),
    }),
    configuration: z.object({
      digest: z.string().optional().describe('of the configuration in force'),
      readAt: time.optional(),
      pendingSeconds: z.number().optional().describe('how long a change has waited to be in force'),
    }),
    issuers: z
      .array(
        z.object({
          issuer: z.string(),
          name: z.string(),
          keys: z.array(z.string()).describe('the ids of its keys that this node has'),
          fetchedAt: time.optional().describe('absent: no token of it has needed its keys, or the file has them'),
          ageSeconds: z.number().optional(),
          failure: z.object({ at: time, why: z.string() }).optional().describe('of the last fetch'),
        }),
      )
      .describe('as this node knows them'),
    keys: z.array(
      z.object({
        kid: z.string(),
        alg: z.string(),
        state: z.enum(['next', 'active', 'retired']),
        activatesAt: time,
        replacedAt: time.optional().describe('of an active key: when the next one begins to sign'),
      }),
    ),
    audit: z.object({
      proof: z
        .object({
          position: z.int().describe('verified up to this row'),
          rows: z.int().describe('as many rows before it were recomputed in this request'),
          signedAt: time,
          problem: z.string().optional(),
        })
        .optional()
        .describe('absent: nothing is signed yet'),
      indexedUpTo: mark,
      countedUpTo: mark,
      last: mark.describe('the last row'),
    }),
    store: z.enum(['sqlite', 'postgres']),
    databaseMs: z.number().describe('how long the database took to answer'),
  }),
  run: async ({ services }) => {
    const { admin, presence, configuration, observed } = services;
    const began = performance.now();
    const audit = await admin.auditProgress();
    const databaseMs = Math.round(performance.now() - began);
    const proof = await admin.verifyRecent(services.keys.held());
    const now = observed?.();
    const issuers = describeIssuers(services);
    const faults = [
      ...faultsOf(await services.readiness?.()),
      ...issuers.flatMap(({ name, failure }): readonly Fault[] =>
        failure === undefined
          ? []
          : [{ kind: 'issuer_keys', since: failure.at, serves: true, details: [`${name}: ${failure.why}`] }],
      ),
      ...auditFaults(proof?.problem, now?.unverifiedStatements() ?? 0),
    ];
    return {
      body: {
        faults,
        node: { id: presence?.id, version, nodes: presence?.nodes() ?? 1 },
        configuration: {
          digest: configuration,
          ...(now && { readAt: isoOf(now.readAt()), pendingSeconds: now.pendingFor() / 1000 }),
        },
        issuers,
        keys: (await admin.keys.list()).map(({ kid, alg, state, activatesAt, signsUntil }) => ({
          kid,
          alg,
          state,
          activatesAt: isoOf(activatesAt),
          ...(state === 'active' && signsUntil !== undefined && { replacedAt: isoOf(signsUntil) }),
        })),
        audit: { ...audit, proof: proof && { ...proof, signedAt: isoOf(proof.signedAt) } },
        store: admin.storeKind,
        databaseMs,
      },
    };
  },
});

const isoOf = (milliseconds: number): string => new Date(milliseconds).toISOString();

function faultsOf(readiness: Readiness | undefined): readonly Fault[] {
  const { obstacles = [], warnings = [] } = readiness ?? {};
  const describe = (serves: boolean) => (one: (typeof obstacles | typeof warnings)[number]) => ({
    kind: one.reason,
    since: isoOf(one.since),
    serves,
    details: [...one.details],
  });
  return [...obstacles.map(describe(false)), ...warnings.map(describe(true))];
}

const auditFaults = (problem: string | undefined, unverified: number): readonly Fault[] => [
  ...(problem === undefined ? [] : [{ kind: 'audit_proof', serves: true, details: [problem] }]),
  ...(unverified === 0
    ? []
    : [
        {
          kind: 'audit_statements',
          serves: true,
          details: [`no key of this server signed ${unverified} statements about the audit: run cambio audit verify`],
        },
      ]),
];

function describeIssuers({ issuers, clock }: HttpServices) {
  return issuers.all().map(({ issuer, name, keySource }) => {
    const { ids, fetchedAt, failure } = keySource.freshness();
    return {
      issuer,
      name,
      keys: [...ids],
      ...(fetchedAt !== undefined && {
        fetchedAt: isoOf(fetchedAt),
        ageSeconds: Math.round((clock() - fetchedAt) / 1000),
      }),
      ...(failure && { failure: { at: isoOf(failure.at), why: failure.why } }),
    };
  });
}
