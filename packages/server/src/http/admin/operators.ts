// Counts the clients through which someone can get a token to change things with the admin API.
import { SIGN_IN_GRANTS } from '../../grants/index.ts';
import { type Client, type Clients, isPublic } from '../../model/client.ts';
import { adminAudience, type Resource } from '../../model/resource.ts';
import type { Rule } from '../../policy/rule.ts';
import { listedNames } from '../../primitives/scope.ts';

export interface OperatorContext {
  readonly issuer: string;
  readonly resources: readonly Resource[];
  readonly rules: readonly Rule[];
  /** Can people sign in? */
  readonly people: 'some' | 'none';
}

export interface Operators {
  /** Clients that can get one by themselves, or when a person signs in. */
  readonly certain: number;
  /** Also clients that can get one by an exchange, if someone has a subject token for it. */
  readonly possible: number;
}

const WRITE = 'admin:write';

export function countOperators(clients: Clients, context: OperatorContext): Operators {
  const audience = adminAudience(context.issuer);
  const resource = context.resources.find((one) => one.audience === audience);
  if (resource === undefined || !resource.scopes.has(WRITE)) return { certain: 0, possible: 0 };
  const enabled = [...clients.values()].filter(({ disabled }) => !disabled);
  const certain = enabled.filter((client) => isCertain(client, resource, context)).length;
  const others = enabled.filter((client) => !isCertain(client, resource, context));
  return { certain, possible: certain + others.filter((client) => exchanges(client, resource, context)).length };
}

function isCertain(client: Client, resource: Resource, { people }: OperatorContext): boolean {
  const { grants, audiences, scopes } = client;
  if (!audiences.includes(resource.audience) || !listedNames(scopes).has(WRITE)) return false;
  const byItself = grants.has('client_credentials') && !isPublic(client) && resource.requiredAcr.size === 0;
  return byItself || (people === 'some' && [...grants].some((grant) => SIGN_IN_GRANTS.has(grant)));
}

const exchanges = ({ id, grants, scopes }: Client, resource: Resource, { rules }: OperatorContext): boolean =>
  grants.has('token_exchange') &&
  (scopes === 'unbounded' || scopes.has(WRITE)) &&
  rules.some(
    ({ mode, clients, grant }) =>
      mode === 'enforce' && clients.has(id) && grant.targets.includes(resource) && grant.scopes.has(WRITE),
  );
