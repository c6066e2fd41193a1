// Another authorization server, for which grants are issued: an ID-JAG, or a grant of identity chaining.
import type { Scope } from '../primitives/scope.ts';

/** The kinds of grants. */
export const serverGrants = ['id_jag', 'chaining_grant'] as const;
export type ServerGrant = (typeof serverGrants)[number];

/** How a subject is named there: `same`: as in our tokens. `pairwise`: by a digest that no other server sees. */
export type SubjectNaming = 'same' | 'pairwise' | 'email' | { readonly claim: string };

export interface AuthorizationServer {
  /** Its issuer identifier: the `aud` of every grant. */
  readonly issuer: string;
  /** Further names, for `audience` in requests and in rules. */
  readonly aliases: readonly string[];
  readonly grants: ReadonlySet<ServerGrant>;
  /** Our client id → the id of that client there. An ID-JAG needs one. */
  readonly clients: ReadonlyMap<string, string>;
  readonly subject: SubjectNaming;
  /** Is the NameID of a SAML assertion sent as `sub_id`? */
  readonly samlSubjectId: boolean;
  /** The names of the claims that are copied. */
  readonly claims: ReadonlySet<string>;
  /** Accepted values of the subject's `acr`; empty: any or none. */
  readonly acr: readonly string[];
  /** Longest time since the subject signed in, in seconds. */
  readonly maxAge: number | undefined;
  readonly keyBinding: 'required' | 'optional';
  /** Types of subject tokens for an ID-JAG. */
  readonly subjectTokens: ReadonlySet<string>;
  /** The tenant of that server (`aud_tenant`). */
  readonly tenant: string | undefined;
  /** The name here of each scope → its name there. */
  readonly scopes: ReadonlyMap<string, string>;
}

/** Converts the names of granted scopes to those of the server. */
export const scopeThere = (scope: Scope, { scopes }: AuthorizationServer): Scope =>
  new Set([...scope].map((name) => scopes.get(name) ?? name));
