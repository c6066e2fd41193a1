// Checks access tokens before an MCP server, and gives its tools the token: `request.auth` of the official SDK, versions 1 and 2.
import type { AccessToken } from './access-token.ts';
import type { ProtectedRequest } from './credentials.ts';
import type { ExpressMiddleware, ExpressRequest, ExpressResponse } from './express.ts';
import { createGuardOf, type GuardOptions } from './guard.ts';
import { parseJson } from './json.ts';
import { readNodeRequest } from './node-request.ts';
import { AccessRefusal, Denial } from './refusal.ts';
import type { Requirements } from './requirements.ts';
import { describeResource, type ResourceMetadata } from './resource-metadata.ts';
import { decodeUtf8 } from './utf8.ts';

/** `AuthInfo` of the SDK, as tools read it from `context.http.authInfo` (version 2) or `extra.authInfo` (version 1). */
export interface McpAuthInfo {
  /** The access token itself: the subject token of an exchange for the next API. */
  readonly token: string;
  readonly clientId: string;
  readonly scopes: string[];
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly resource: URL;
  /** `requireScopes` of the SDK names it in its challenges. */
  readonly resourceMetadataUrl: string;
  readonly extra: { readonly accessToken: AccessToken } & Record<string, unknown>;
}

/** A request of Express, with the body that the JSON parser of Express made of it. */
export interface McpNodeRequest extends ExpressRequest {
  readonly body?: unknown;
  auth?: unknown;
}

/** A request of node:http or of the Fetch standard. */
export type McpRequest = McpNodeRequest | Request;

export interface McpGuardOptions
  extends Omit<GuardOptions<McpRequest>, 'audience' | 'metadata' | 'certificateOf'>,
    Partial<Pick<GuardOptions<McpRequest>, 'audience' | 'certificateOf'>> {
  /** The URL of the MCP server as clients write it. https, except on loopback. */
  readonly resource: string;
  /** `scopes_supported` of the metadata. */
  readonly scopes?: readonly string[];
  /** `resource_name` of the metadata. */
  readonly name?: string;
  /** What calls of a tool need beside the requirements of the route, by the name of the tool. Others need no more. */
  readonly tools?: Readonly<Record<string, Requirements>>;
}

export interface McpGuard {
  /** The document of RFC 9728, its path and its URL. */
  readonly metadata: ResourceMetadata;
  /** Serves the document of RFC 9728 in Express, to pages of every origin. Other requests pass. */
  readonly serveMetadata: (request: ExpressRequest, response: McpResponse, next: () => void) => void;
  /** Admits requests in Express, and sets `request.auth`. With `tools`, put it after the JSON parser. */
  readonly require: (requirements?: Requirements) => ExpressMiddleware;
  /** The same for servers of the Fetch standard, such as Hono: the answer to a refused request, or `authInfo`. */
  readonly gate: (requirements?: Requirements) => (request: Request) => Promise<McpAuthInfo | Response>;
  /** The token of an admitted request, in a tool. @throws Error if the guard did not admit the request */
  readonly token: (authInfo: unknown) => AccessToken;
}

/** The part of Express' response that serves the document. */
export interface McpResponse extends Pick<ExpressResponse, 'json'> {
  set(headers: Record<string, string>): McpResponse;
  status(code: number): McpResponse;
  end(): unknown;
}

type Admit = (request: McpRequest) => Promise<AccessRefusal | undefined>;

/** @throws TypeError if an option or a requirement is undefined, empty or unknown */
export function createGuard({ resource, scopes = [], name, tools = {}, ...options }: McpGuardOptions): McpGuard {
  const metadata = describeResource({
    resource,
    authorization_servers: [options.issuer],
    scopes_supported: scopes,
    ...(name !== undefined && { resource_name: name }),
  });
  const guard = createGuardOf<McpRequest, Admit>(
    // Requests come below the origin: a proof names the whole URL.
    { audience: resource, baseUrl: new URL(resource).origin, ...options, metadata },
    readRequest,
    (admit) => admit,
  );
  const ofTools = new Map(Object.entries(tools).map(([tool, needed]) => [tool, guard.require(needed)]));

  /** Refuses by the requirements of the route, then of each called tool. */
  const decide = async (general: Admit, request: McpRequest): Promise<AccessRefusal | undefined> => {
    const refusal = await general(request);
    if (refusal !== undefined || ofTools.size === 0 || request.method !== 'POST') return refusal;
    const called = await readCalledTools(request);
    if (called === undefined) return new AccessRefusal(new Denial('invalid_request'), [['Bearer', {}]]);
    for (const tool of called) {
      const refused = await ofTools.get(tool)?.(request);
      if (refused !== undefined) return refused;
    }
    return undefined;
  };
  const describe = (request: McpRequest): McpAuthInfo => {
    const accessToken = guard.token(request);
    return {
      token: credentialOf(request),
      clientId: accessToken.clientId,
      scopes: [...accessToken.scope],
      expiresAt: accessToken.expiresAt,
      resource: new URL(resource),
      resourceMetadataUrl: metadata.url,
      extra: { accessToken },
    };
  };

  return {
    metadata,
    serveMetadata: (request, response, next) => {
      const isDocument = request.originalUrl.split('?')[0] === metadata.path.split('?')[0];
      if (!isDocument || !/^(GET|HEAD|OPTIONS)$/.test(request.method ?? '')) return next();
      response.set(OPEN);
      if (request.method === 'OPTIONS') response.status(204).end();
      else response.json(metadata.document);
    },
    require: (requirements = {}) => {
      const general = guard.require(requirements);
      return async (request, response, next) => {
        try {
          const refusal = await decide(general, request);
          if (refusal !== undefined)
            return void response.status(refusal.status).set(refusal.headers).json(refusal.body);
          Object.assign(request, { auth: describe(request) });
          next();
        } catch (error) {
          next(error);
        }
      };
    },
    gate: (requirements = {}) => {
      const general = guard.require(requirements);
      return async (request) => (await decide(general, request))?.getResponse() ?? describe(request);
    },
    token: (authInfo) => {
      const { accessToken } = (authInfo as Partial<McpAuthInfo> | undefined)?.extra ?? {};
      if (accessToken === undefined) throw new Error('no token: no guard admitted this request');
      return accessToken;
    },
  };
}

/** MCP clients in browsers read the document, and then the challenge that led there. */
const OPEN = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': 'mcp-protocol-version' };

const isFetch = (request: McpRequest): request is Request => !('rawHeaders' in request);

const readRequest = (request: McpRequest): ProtectedRequest =>
  isFetch(request)
    ? { method: request.method, path: new URL(request.url).pathname, headers: request.headers }
    : readNodeRequest(request, request.originalUrl);

/** The text after the scheme: a guard admits no request whose header has another form. */
const credentialOf = (request: McpRequest): string => {
  const [header] = [...readRequest(request).headers].filter(([name]) => name.toLowerCase() === 'authorization');
  return header?.[1].split(' ').at(-1) ?? '';
};

/**
 * The names in the `tools/call` requests of a JSON-RPC message, or of a batch of them; undefined if it cannot be told what the SDK
 * will read: of a body that is not JSON, or that nothing parsed.
 * @throws Error if no parser ran
 */
async function readCalledTools(request: McpRequest): Promise<readonly string[] | undefined> {
  const [, type = ''] = [...readRequest(request).headers].find(([name]) => name.toLowerCase() === 'content-type') ?? [];
  if (type.split(';')[0]?.trim().toLowerCase() !== 'application/json') return undefined;
  const messages = [await readBody(request)].flat();
  if (messages.length === 0 || !messages.every(isMessage)) return undefined;
  return messages.flatMap(({ method, params }) => {
    const { name } = (params ?? {}) as { readonly name?: unknown };
    return method === 'tools/call' && typeof name === 'string' ? [name] : [];
  });
}

async function readBody(request: McpRequest): Promise<unknown> {
  if (!isFetch(request)) {
    if (request.body === undefined)
      throw new Error('the body is not parsed: put the JSON parser of Express before this guard');
    return request.body;
  }
  try {
    return parseJson(decodeUtf8(new Uint8Array(await request.clone().arrayBuffer())));
  } catch {
    return undefined;
  }
}

const isMessage = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;
