// Writes the configuration of three hundred services: a resource and a client for each, a thousand rules with conditions and tests, and
// rules that deny. It is added to the configuration of a contender, as a person writes it: in YAML, with comments.

export interface Amounts {
  readonly services: number;
  readonly rules: number;
}

export const THREE_HUNDRED: Amounts = { services: 300, rules: 1000 };

/** One file each. */
const TEAMS = 50;

const nameOf = (index: number): string => `service-${String(index).padStart(3, '0')}`;
const audienceOf = (index: number): string => `https://${nameOf(index)}.example`;

const resourceOf = (index: number): string => `
  # ${nameOf(index)}
  - audience: ${audienceOf(index)}
    locations: ['${audienceOf(index)}/v1']
    scopes: [read, write, 'orders.read', 'orders.write']
    token: { lifetime: 10m }
`;

const clientOf = (index: number): string => `
  # ${nameOf(index)}, of the team ${index % TEAMS}
  - id: ${nameOf(index)}
    auth: client_secret_post
    secret: { plain: secret-of-${nameOf(index)} }
    grants: [client_credentials, token_exchange]
    audiences: [${audienceOf(index)}]
    scopes: [read, write, orders.read, orders.write]
`;

/** Every rule is for one service. Every third has a condition, every fourth a map of scopes, and every fifth a test. */
function ruleOf(index: number, services: number): string {
  const caller = index % services;
  const [from, to] = [(caller + 1) % services, (index * 13 + 5 + Math.floor(index / services)) % services];
  const condition = index % 3 === 0 ? `    when: subject.claims.sub != "suspended-${index}"\n` : '';
  const scopes = index % 4 === 0 ? '{ read: [orders.read], write: [orders.write] }' : '[read, orders.read]';
  const test =
    index % 5 === 0
      ? `    tests:
      - subject: { client: ${nameOf(from)}, claims: { sub: ada }, scope: [read] }
        audience: ${audienceOf(to)}
        expect: allowed
`
      : '';
  return `
  # ${nameOf(caller)} calls ${nameOf(to)} for those who call ${nameOf(from)}
  - name: call ${index}
    client: ${nameOf(caller)}
    subject: { issuer: self, types: [access_token], clients: [${nameOf(from)}] }
${condition}    grant: { audiences: [${audienceOf(to)}], scopes: ${scopes}, lifetime: 5m }
${test}`;
}

const denialOf = (index: number): string => `
  - name: denial ${index}
    effect: deny
    audiences: [${audienceOf(index)}]
    when: subject.sub == "suspended-${index}"
    because: suspended
`;

/** Rules that deny are compared with every request. */
const DENIALS = 10;

type Sections = Readonly<Record<'resources' | 'clients' | 'rules', string>>;

/** The entries of each section, of all teams or of one. */
function servicesOf({ services, rules }: Amounts, isWanted: (index: number) => boolean = () => true): Sections {
  const list = (count: number, write: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => (isWanted(index) ? write(index) : '')).join('');
  return {
    resources: list(services, resourceOf),
    clients: list(services, clientOf),
    rules: list(DENIALS, denialOf) + list(rules - DENIALS, (index) => ruleOf(index, services)),
  };
}

/** The files of the teams, which the main file includes. */
export const filesOf = (amounts: Amounts): readonly string[] =>
  Array.from({ length: TEAMS }, (_, team) =>
    Object.entries(servicesOf(amounts, (index) => index % TEAMS === team))
      .map(([section, entries]) => `${section}:\n${entries}`)
      .join(''),
  );

/** Inserts all entries at the head of each section of a file in YAML. */
export function withServices(text: string, amounts: Amounts): string {
  let result = text;
  for (const [section, entries] of Object.entries(servicesOf(amounts)))
    result = result.replace(
      new RegExp(`^${section}:\\n`, 'm'),
      (head) => `${head}${entries.trimStart().replace(/^/, '  ')}`,
    );
  return result;
}

/** Inserts a resource with this scope at the head of the resources of a file in YAML or JSON. */
export function withResource(text: string, scope: string): string {
  const entry = JSON.stringify({ audience: `https://${scope}.example`, scopes: [scope] });
  const isJson = text.startsWith('{');
  const head = isJson ? '"resources": [' : 'resources:\n';
  const place = text.indexOf(head) + head.length;
  return `${text.slice(0, place)}${isJson ? `${entry},` : `  - ${entry}\n`}${text.slice(place)}`;
}
