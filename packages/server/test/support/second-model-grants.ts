// The second model of grants for other authorization servers, written from the design with lists and loops, without the server's code.

interface Server {
  readonly issuer: string;
  /** The name here of each scope, and its name there. */
  readonly words: readonly (readonly [here: string, there: string])[];
  /** Our clients that have a name there. */
  readonly ids: readonly string[];
  readonly grants: readonly string[];
  readonly resources: readonly string[];
  /** Scopes that every resource but the first lacks. */
  readonly cut: readonly string[];
  readonly lifetime: number;
}

export interface GrantWorld {
  readonly self: string;
  readonly servers: readonly Server[];
  readonly own: { readonly audience: string; readonly scopes: readonly string[] };
  readonly subject: {
    readonly type: string;
    readonly client: string;
    readonly scope: readonly string[];
    /** Seconds since 1970. */
    readonly expires: number;
  };
  readonly client: { readonly id: string; readonly isPublic: boolean; readonly scopes: readonly string[] | undefined };
  readonly rule: {
    readonly servers: readonly string[];
    readonly scopes: readonly string[];
    readonly renames: readonly (readonly [from: string, to: string])[] | undefined;
    readonly types: readonly string[];
    readonly lifetime: number | undefined;
  };
  readonly request: {
    readonly type: string;
    readonly audiences: readonly string[];
    readonly resources: readonly string[];
    /** In the names there. */
    readonly scope: readonly string[] | undefined;
  };
}

export interface ExpectedGrant {
  readonly aud: string;
  readonly client: string | undefined;
  readonly resources: readonly string[];
  readonly scope: readonly string[];
  readonly exp: number;
}

export function expectGrant(world: GrantWorld, now: number): ExpectedGrant | 'refused' {
  const { request, client, subject, rule } = world;
  if (client.isPublic) return 'refused';
  const server = namedServer(world);
  if (server === undefined) return 'refused';
  if (request.type === 'id_jag') {
    if (request.audiences.length !== 1 || request.audiences[0] !== server.issuer) return 'refused';
    if (!server.grants.includes('id_jag') || !server.ids.includes(client.id)) return 'refused';
    if (subject.type === 'access_token' || subject.client !== client.id) return 'refused';
  } else if (request.type !== 'jwt' || !server.grants.includes('chaining_grant')) return 'refused';
  if (!rule.types.includes(request.type) || !rule.servers.includes(server.issuer)) return 'refused';
  // A refresh token is for its client; a rule that names clients takes the other tokens of these.
  const resources = request.resources.length > 0 ? request.resources : server.resources;

  const scope: string[] = [];
  for (const [here, there] of server.words) {
    let held = subject.scope.includes(here) && rule.scopes.includes(here);
    if (rule.renames !== undefined)
      held = rule.renames.some(([from, to]) => to === here && subject.scope.includes(from));
    if (client.scopes !== undefined && !client.scopes.includes(here)) held = false;
    for (const uri of resources) if (uri !== server.resources[0] && server.cut.includes(here)) held = false;
    if (held) scope.push(there);
  }
  const someHasScopes =
    server.words.length > 0 &&
    (resources.length === 0 ||
      resources.some(
        (uri) => uri === server.resources[0] || server.words.some(([here]) => !server.cut.includes(here)),
      ));
  // A caller may write the name here as well.
  const wanted = request.scope?.map((name) => server.words.find(([here]) => here === name)?.[1] ?? name);
  if (wanted?.some((name) => !scope.includes(name))) return 'refused';
  if (wanted === undefined && scope.length === 0 && someHasScopes) return 'refused';
  const ends = [subject.expires, now + server.lifetime];
  if (rule.lifetime !== undefined) ends.push(now + rule.lifetime);
  return {
    aud: server.issuer,
    client: server.ids.includes(client.id) ? `${client.id}-there` : undefined,
    resources,
    scope: wanted === undefined ? scope : [...new Set(wanted)],
    exp: Math.min(...ends),
  };
}

/** The one server that all names belong to. */
function namedServer({ servers, request }: GrantWorld): Server | undefined {
  let found: Server | undefined;
  for (const name of [...request.audiences, ...request.resources]) {
    const one = servers.find(({ issuer, resources }) => issuer === name || resources.includes(name));
    if (one === undefined || (found !== undefined && found !== one)) return undefined;
    found = one;
  }
  return found;
}
