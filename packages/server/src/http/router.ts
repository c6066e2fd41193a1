// Finds the endpoint of a request. A path must match exactly: nothing in it is repaired or normalized, except that an escaped
// letter equals that letter (RFC 3986 section 6.2.2.2).
import type { IncomingMessage } from 'node:http';
import { type MatchFunction, match, type ParamData } from 'path-to-regexp';
import { Refusal } from '../primitives/refusal.ts';
import { type Endpoint, type HttpServices, pathOf } from './endpoint.ts';
import type { Request } from './request.ts';

export interface Route extends Pick<Request, 'path' | 'query' | 'parameters'> {
  readonly endpoint: Endpoint;
  /** The path of the endpoint, for metrics and traces; undefined for an unknown path. */
  readonly label: string | undefined;
  /** Every method that is allowed at the path. */
  readonly methods: readonly string[];
  /** What to do: answer, answer the preflight of a page of another origin (CORS), or refuse. */
  readonly verdict: 'answer' | 'preflight' | Refusal;
}

type Head = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers'>;

export interface Router {
  readonly find: (incoming: Head, services: HttpServices) => Route;
}

/** The endpoints at one path. */
interface Place {
  readonly label: string | undefined;
  readonly byMethod: ReadonlyMap<string, Endpoint>;
  readonly methods: readonly string[];
  /** Sets the form of the refusal if none has the method. */
  readonly first: Endpoint;
}

const UNKNOWN = new Refusal('path_unknown');
/** RFC 9112 section 3.2. */
const WITHOUT_HOST = new Refusal('http_malformed', { detail: 'it has no Host header' });
const TWO_HOSTS = new Refusal('http_malformed', { detail: 'it has two Host headers' });

const nowhere: Place = {
  label: undefined,
  byMethod: new Map(),
  methods: [],
  first: {
    place: 'root',
    path: '',
    methods: [],
    face: 'json',
    cors: false,
    audit: undefined,
    answer: () => {
      throw UNKNOWN;
    },
  },
};

const NOTHING: Readonly<Record<string, string>> = {};
const NOWHERE = { endpoint: nowhere.first, label: undefined, methods: [], parameters: NOTHING, verdict: UNKNOWN };

export function createRouter(endpoints: readonly Endpoint[], issuer: string): Router {
  const locate = indexPaths(endpoints, issuer);
  return {
    find: (head, services) => {
      const { method = '', url = '' } = head;
      const { path, query } = readTarget(url);
      const { place, named } = locate(path);
      const endpoint = place.byMethod.get(method) ?? place.first;
      const { label, methods } = place;
      if (endpoint.isThere?.(services) === false) return { ...NOWHERE, path, query };
      const parameters = readSegments(named, endpoint);
      const verdict = parameters === undefined ? UNKNOWN : verdictOn(head, place);
      return { endpoint, label, methods, path, query, parameters: parameters ?? NOTHING, verdict };
    },
  };
}

function verdictOn({ method = '', headers, httpVersion }: Head, { byMethod, methods }: Place): Route['verdict'] {
  if (headers.host === undefined && httpVersion !== '1.0') return WITHOUT_HOST;
  // Node joins two Host headers like this. No host contains a comma and a blank.
  if (headers.host?.includes(', ')) return TWO_HOSTS;
  if (methods.length === 0) return UNKNOWN;
  if (byMethod.has(method)) return 'answer';
  if (method === 'OPTIONS') return 'preflight';
  return new Refusal('method_not_allowed', {
    detail: `allowed are ${methods.join(', ')}`,
    sent: { method },
    headers: { Allow: methods.join(', ') },
  });
}

interface Located {
  readonly place: Place;
  /** Segments by name, as they were sent. */
  readonly named: ParamData;
}

/** Indexes the paths of all endpoints. @returns a function that finds the endpoints at a path */
function indexPaths(endpoints: readonly Endpoint[], issuer: string): (path: string) => Located {
  const byLabel = Map.groupBy(endpoints, (endpoint) => pathOf(endpoint, issuer));
  const exact = new Map<string, Located>();
  const patterns: { readonly test: MatchFunction<ParamData>; readonly place: Place }[] = [];
  for (const [label, all] of byLabel) {
    const [first] = all;
    if (first === undefined) continue;
    const byMethod = new Map(all.flatMap((endpoint) => methodsOf(endpoint).map((method) => [method, endpoint])));
    const methods = [...byMethod.keys()];
    const place = { label: methods.length === 0 ? undefined : label, byMethod, methods, first };
    if (/[:{]/.test(first.path)) patterns.push({ test: matcher(first, issuer), place });
    else exact.set(label, { place, named: NOTHING });
  }
  return (sent) => {
    const found = exact.get(sent);
    if (found !== undefined) return found;
    if (!PATH.test(sent)) return { place: nowhere, named: NOTHING };
    const path = sent.replace(ESCAPED, (escaped, hex) => {
      const char = String.fromCharCode(Number.parseInt(hex, 16));
      return UNRESERVED.test(char) ? char : escaped;
    });
    const unescaped = exact.get(path);
    if (unescaped !== undefined) return unescaped;
    for (const { test, place } of patterns) {
      const matched = test(path);
      if (matched !== false) return { place, named: matched.params };
    }
    return { place: nowhere, named: NOTHING };
  };
}

/** RFC 3986 section 3.3: a path with other characters is unknown. */
const PATH = /^\/(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$/;
const ESCAPED = /%([0-9A-Fa-f]{2})/g;
const UNRESERVED = /^[\w.~-]$/;

const methodsOf = ({ methods }: Endpoint): readonly string[] =>
  methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));

/** Segments stay escaped, since an escaped slash belongs to its segment. */
function matcher(endpoint: Endpoint, issuer: string): MatchFunction<ParamData> {
  const base = pathOf({ place: endpoint.place, path: '' }, issuer).replace(SYNTAX, '\\$&');
  return match(base + endpoint.path, { sensitive: true, trailing: false, decode: false });
}

/** Characters that have a meaning in a pattern. */
const SYNTAX = /[{}()[\]+?!:*\\]/g;

const ORIGIN = /^https?:\/\/[^/?#]*/i;

/** RFC 9112 section 3.2: a path, or a whole URL. The origin of a URL is ignored: ours is the issuer's. */
function readTarget(target: string): { readonly path: string; readonly query: string } {
  const local = target.startsWith('/') ? target : target.replace(ORIGIN, '');
  const mark = local.indexOf('?');
  if (mark === -1) return { path: local, query: '' };
  return { path: local.slice(0, mark), query: local.slice(mark + 1) };
}

/** The limit of a name (`isName`). */
const MAX_SEGMENT_CHARACTERS = 1024;

/** @returns undefined if a segment is too long, not UTF-8, or not allowed by the endpoint */
function readSegments(named: ParamData, { segments }: Endpoint): Readonly<Record<string, string>> | undefined {
  if (named === NOTHING) return NOTHING;
  const read: Record<string, string> = {};
  for (const [name, sent] of Object.entries(named)) {
    const text = decode(String(sent));
    if (text === undefined || text.length > MAX_SEGMENT_CHARACTERS) return undefined;
    if (segments?.[name]?.test(text) === false) return undefined;
    read[name] = text;
  }
  return read;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
