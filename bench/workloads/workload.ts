// What is asked of a contender?
import type { Issuers } from '../issuers.ts';

export type Form = Readonly<Record<string, string>>;

export interface Workload {
  readonly name: string;
  /** What it is, to a reader of the results. */
  readonly title: string;
  readonly endpoint: 'token' | 'introspection';
  /** The status that every answer must have. */
  readonly expect: 200 | 400;
  /** Its rounds have a quarter of the usual requests: each is a commit of its own. */
  readonly slow?: true;
  /** So many requests for one round. */
  readonly forms: (count: number, from: Sources) => readonly Form[] | Promise<readonly Form[]>;
}

export interface Sources {
  readonly issuers: Issuers;
  /** The contender's own token endpoint, as its SAML recipients and audiences have it. */
  readonly tokenEndpoint: string;
  /** Sends forms to the contender before the round begins. @returns a member of each answer */
  readonly obtain: (forms: readonly Form[], member: string) => Promise<readonly string[]>;
}

export const CLIENT = { client_id: 'gateway', client_secret: 'gateway-secret-gateway-secret' };
export const RESOURCE = 'https://api.example/v1';
export const SCOPE = 'read';

export const urn = (type: string): string => `urn:ietf:params:oauth:token-type:${type}`;
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** An exchange of RFC 8693, as a gateway asks for it. */
export const exchange = (token: string, type = 'jwt'): Form => ({
  grant_type: EXCHANGE,
  ...CLIENT,
  subject_token: token,
  subject_token_type: urn(type),
  resource: RESOURCE,
  scope: SCOPE,
});

export const clientCredentials: Form = {
  grant_type: 'client_credentials',
  ...CLIENT,
  resource: RESOURCE,
  scope: SCOPE,
};
