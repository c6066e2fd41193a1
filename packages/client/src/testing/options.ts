// The options of the fake server: clients, rules and resources, as in a configuration file.
import { checkMembers } from '../check.ts';

export interface FakeClient {
  readonly id: string;
  readonly secret: string;
  /** Default: both. */
  readonly grants?: readonly ('client_credentials' | 'token_exchange')[];
  /** What it may have for itself. Default: nothing. */
  readonly audiences?: readonly string[];
  readonly scopes?: readonly string[];
  /** The API that it is: it may exchange the tokens for that. */
  readonly resource?: string;
}

/** As a rule of the configuration file, with the parts that are named here. */
export interface FakeRule {
  readonly client: string | readonly string[];
  /** Who may act. `clients`: default the calling client alone. `required`: default false. */
  readonly actor?: { readonly clients?: readonly string[]; readonly required?: boolean };
  readonly grant: {
    readonly audiences: readonly string[];
    readonly scopes: readonly string[];
    /** Default: `access_token`. */
    readonly types?: readonly ('access_token' | 'jwt')[];
  };
}

export interface FakeOptions {
  /** Default `https://login.example`. */
  readonly issuer?: string;
  readonly resources: readonly { readonly audience: string; readonly scopes: readonly string[] }[];
  readonly clients: readonly FakeClient[];
  readonly rules: readonly FakeRule[];
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number;
}

/** As `cambio check`: a name with a typo would make a test fail, or pass, for the wrong reason. @throws TypeError */
export function checkFake(options: FakeOptions): void {
  checkMembers('options', options, ['issuer', 'resources', 'clients', 'rules', 'clock']);
  const { resources, clients, rules } = options;
  for (const [name, list] of Object.entries({ resources, clients, rules }))
    if (!Array.isArray(list)) throw new TypeError(`options.${name} must be a list`);
  for (const one of resources) checkMembers('resource', one, ['audience', 'scopes']);
  for (const one of clients) checkMembers('client', one, ['id', 'secret', 'grants', 'audiences', 'scopes', 'resource']);
  const audiences = resources.map(({ audience }) => audience);
  const ids = clients.map(({ id }) => id);
  for (const { audiences: own = [], resource } of clients)
    checkNames('resources', [...own, ...(resource === undefined ? [] : [resource])], audiences);
  for (const rule of rules) {
    checkMembers('rule', rule, ['client', 'actor', 'grant']);
    checkMembers('rule.grant', rule.grant, ['audiences', 'scopes', 'types']);
    if (rule.actor !== undefined) checkMembers('rule.actor', rule.actor, ['clients', 'required']);
    checkNames('clients', [rule.client, rule.actor?.clients ?? []].flat(), ids);
    checkNames('resources', rule.grant.audiences, audiences);
  }
}

function checkNames(where: string, names: readonly string[], known: readonly string[]): void {
  for (const name of names)
    if (!known.includes(name))
      throw new TypeError(
        `${JSON.stringify(name)} is not one of the ${where}: ${known.join(', ') || 'there are none'}`,
      );
}

export interface FakeRequest {
  readonly grant: string;
  readonly client: string;
  readonly audience: readonly string[];
  readonly status: number;
}

export interface FakeFailure {
  readonly status: number;
  readonly error: string;
  /** Seconds. */
  readonly retryAfter?: number;
}
