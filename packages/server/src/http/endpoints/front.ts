// GET /: says what this server is. Browsers get a page, and programs the same links in JSON.
import { qualityOf } from '../../primitives/quality.ts';
import { type FrontLink, frontPage } from '../../sign-in/pages/front.ts';
import { type Endpoint, type Exchange, urlOf } from '../endpoint.ts';
import { drawPage, lookFor } from '../render.ts';

export const front = {
  place: 'root',
  path: '/',
  methods: ['GET'],
  face: 'json',
  cors: false,
  audit: undefined,
  answer: ({ request, services, endpoints }) => {
    const { issuer, branding } = services;
    const links = linksOf(endpoints, services);
    if (!prefersPage(request.headers.accept)) {
      const { documentation } = branding;
      return { status: 200, headers: VARY, body: { issuer, ...Object.fromEntries(links), documentation } };
    }
    const { headers, body } = drawPage(frontPage({ issuer, links }), lookFor(request, branding));
    return { status: 200, headers: { ...headers, ...VARY }, body };
  },
} as const satisfies Endpoint;

const VARY = { Vary: 'Accept, Accept-Language' };

/** Links only to endpoints that exist in this configuration. */
const linksOf = (endpoints: readonly Endpoint[], services: Exchange['services']) =>
  endpoints.flatMap((endpoint): (readonly [FrontLink, string])[] => {
    const { front: name } = endpoint;
    if (name === undefined || endpoint.isThere?.(services) === false) return [];
    return [[name, urlOf(endpoint, services.issuer)]];
  });

/** Browsers name text/html. A program that accepts any type gets JSON (RFC 9110 section 12.5.1). */
function prefersPage(accept = ''): boolean {
  const page = qualityIn(accept, 'text/html');
  return page > 0 && page >= qualityIn(accept, 'application/json');
}

/** @returns 0 if the header does not name the type */
function qualityIn(accept: string, type: string): number {
  const ranges = accept.split(',').map((range) => range.split(';').map((part) => part.trim().toLowerCase()));
  const [, ...parameters] = ranges.find(([name]) => name === type) ?? ['', 'q=0'];
  return qualityOf(parameters);
}
