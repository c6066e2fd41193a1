// POST /regions: answers another region of this server, in the form of a poll response of RFC 8936.
import { Refusal, TokenRefusal } from '../../primitives/refusal.ts';
import { parseJsonObject } from '../../primitives/strict-json.ts';
import { decodeUtf8 } from '../../primitives/utf8.ts';
import { REGIONS_PATH } from '../../regions/regions.ts';
import type { Endpoint } from '../endpoint.ts';

export const betweenRegions = {
  place: 'below',
  path: REGIONS_PATH,
  methods: ['POST'],
  isThere: ({ answerRegion }) => answerRegion !== undefined,
  face: 'json',
  cors: false,
  audit: undefined,
  answer: async ({ request, services }) => {
    const { request: sent } = parseJsonObject(decodeUtf8(request.body) ?? '') ?? {};
    if (services.answerRegion === undefined) throw new Refusal('path_unknown');
    try {
      return { status: 200, body: await services.answerRegion(typeof sent === 'string' ? sent : '') };
    } catch (error) {
      if (!(error instanceof TokenRefusal)) throw error;
      throw new Refusal('region_request', { detail: error.message });
    }
  },
} as const satisfies Endpoint;
