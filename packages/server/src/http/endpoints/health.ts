// GET /livez and /readyz: whether the process answers, and whether it can do its work.
import type { Endpoint } from '../endpoint.ts';
import { describeReadiness } from '../readiness.ts';

const health = {
  place: 'root',
  methods: ['GET'],
  face: 'json',
  urgent: true,
  cors: false,
  audit: undefined,
} as const;

export const livez = {
  ...health,
  path: '/livez',
  answer: () => ({ status: 200, body: { status: 'ok' } }),
} as const satisfies Endpoint;

export const readyz = {
  ...health,
  path: '/readyz',
  answer: async ({ services }) => {
    const readiness = await services.readiness?.();
    if (readiness === undefined) return { status: 503, body: { status: 'unavailable' } };
    // Nodes with different configurations all work, but an operator should know.
    const differ = readiness.warnings.some(({ reason }) => reason === 'configurations_differ');
    const nodes = services.presence?.agree() !== undefined && {
      nodes: services.presence.nodes(),
      configurations: differ ? 'different' : 'same',
    };
    const status = readiness.obstacles.length === 0 ? 200 : 503;
    return { status, body: { ...describeReadiness(readiness, 'anybody'), ...nodes } };
  },
} as const satisfies Endpoint;
