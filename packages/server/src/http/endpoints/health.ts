// GET /livez and /readyz: whether the process answers, and whether it can do its work.
import type { Endpoint } from '../endpoint.ts';

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
    const ready = await services.ready();
    const agree = services.presence?.agree();
    // Nodes with different configurations all work, but an operator should know.
    const nodes = agree !== undefined && {
      nodes: services.presence?.nodes(),
      configurations: agree ? 'same' : 'different',
    };
    return { status: ready ? 200 : 503, body: { status: ready ? 'ok' : 'unavailable', ...nodes } };
  },
} as const satisfies Endpoint;
