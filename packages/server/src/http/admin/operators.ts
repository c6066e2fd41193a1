// Counts the clients through which someone can get a token to change things with the admin API.

import type { OperatorRights } from '../../explain/last-operators.ts';
import { SIGN_IN_GRANTS } from '../../grants/index.ts';
import { type Client, type Clients, isPublic } from '../../model/client.ts';
import { adminAudience, type Resource } from '../../model/resource.ts';
import type { Rule } from '../../policy/rule.ts';
import { listedNames } from '../../primitives/scope.ts';

export interface OperatorContext {
  readonly issuer: string;
  readonly resources: readonly Resource[];
  readonly rules: readonly Rule[];
  /** Can people sign in who may change things? */
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
  const { certain, possible } = listOperators(clients, context);
  return { certain: certain.length, possible: certain.length + possible.length };
}

/** The clients that can get a token by themselves or when a person signs in; if there is none, those that can by an exchange. */
export function operatorRights(clients: Clients, context: OperatorContext): OperatorRights {
  const { certain, possible } = listOperators(clients, context);
  const audience = adminAudience(context.issuer);
  if (certain.length > 0) return { clients: new Set(certain.map(({ id }) => id)), rules: new Set(), audience };
  const resource = context.resources.find((one) => one.audience === audience);
  const rules = context.rules.filter(
    (rule) => resource !== undefined && possible.some((client) => allows(rule, client, resource)),
  );
  return {
    clients: new Set(possible.map(({ id }) => id)),
    rules: new Set(rules.map(({ name }) => name)),
    audience,
  };
}

function listOperators(
  clients: Clients,
  context: OperatorContext,
): { readonly certain: readonly Client[]; readonly possible: readonly Client[] } {
  const audience = adminAudience(context.issuer);
  const resource = context.resources.find((one) => one.audience === audience);
  if (resource === undefined || !resource.scopes.has(WRITE)) return { certain: [], possible: [] };
  const enabled = [...clients.values()].filter(({ disabled }) => !disabled);
  const certain = enabled.filter((client) => isCertain(client, resource, context));
  const others = enabled.filter((client) => !isCertain(client, resource, context));
  return { certain, possible: others.filter((client) => exchanges(client, resource, context)) };
}

function isCertain(client: Client, resource: Resource, { people }: OperatorContext): boolean {
  const { grants, audiences, scopes } = client;
  if (!audiences.includes(resource.audience) || !listedNames(scopes).has(WRITE)) return false;
  const byItself = grants.has('client_credentials') && !isPublic(client) && resource.requiredAcr.size === 0;
  return byItself || (people === 'some' && [...grants].some((grant) => SIGN_IN_GRANTS.has(grant)));
}

const exchanges = (client: Client, resource: Resource, { rules }: OperatorContext): boolean =>
  client.grants.has('token_exchange') &&
  (client.scopes === 'unbounded' || client.scopes.has(WRITE)) &&
  rules.some((rule) => allows(rule, client, resource));

const allows = ({ mode, clients, grant }: Rule, { id }: Client, resource: Resource): boolean =>
  mode === 'enforce' && clients.has(id) && grant.targets.includes(resource) && grant.scopes.has(WRITE);
