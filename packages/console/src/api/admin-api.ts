// The types of the admin API. Made from its OpenAPI description by scripts/generate-docs.ts.
export interface components {
 schemas: {
  Problem: { type: string; title: string; status: number; detail?: string; request_id: string; instance: string; errors?: ({ at: string; detail: string })[] };
 };
 /** The body of the answer, by operation. */
 answers: {
  "list-clients": { items: ({ id: string; source: "file" | "registered"; entry: { [name: string]: unknown }; secrets?: ({ id: string; createdAt: string })[]; createdAt?: string; updatedAt?: string })[]; next?: string };
  "create-client": { id: string; source: "file" | "registered"; entry: { [name: string]: unknown }; secrets?: ({ id: string; createdAt: string })[]; createdAt?: string; updatedAt?: string; secret?: string };
  "get-client": { id: string; source: "file" | "registered"; entry: { [name: string]: unknown }; secrets?: ({ id: string; createdAt: string })[]; createdAt?: string; updatedAt?: string };
  "replace-client": { id: string; source: "file" | "registered"; entry: { [name: string]: unknown }; secrets?: ({ id: string; createdAt: string })[]; createdAt?: string; updatedAt?: string };
  "add-client-secret": { id: string; source: "file" | "registered"; entry: { [name: string]: unknown }; secrets?: ({ id: string; createdAt: string })[]; createdAt?: string; updatedAt?: string; secret?: string };
  "list-resources": { items: ({ [name: string]: unknown })[]; next?: string };
  "list-authorization-servers": { items: ({ [name: string]: unknown })[]; next?: string };
  "list-issuers": { items: ({ [name: string]: unknown })[]; next?: string };
  "list-rules": { items: ({ [name: string]: unknown })[]; next?: string };
  "list-keys": { items: ({ kid: string; alg: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87"; state: "next" | "active" | "retired"; createdAt: string; activatesAt: string; signsUntil?: string; publishedUntil: string; validTokens?: number })[] };
  "rotate-key": { alg: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87"; activatesAt: string };
  "preview-rotation": { alg: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87"; activatesAt: string; replaces?: { kid: string; alg: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87"; state: "next" | "active" | "retired"; createdAt: string; activatesAt: string; signsUntil?: string; publishedUntil: string; validTokens?: number }; replacedPublishedUntil: string; published: ({ kid: string; alg: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87"; state: "next" | "active" | "retired"; createdAt: string; activatesAt: string; signsUntil?: string; publishedUntil: string; validTokens?: number })[]; cachedForSeconds: number; publishedForSeconds: number; keySets: (string)[]; audiences: (string)[]; audienceCount: number };
  "list-actors": { items: ({ subject: string; issuer?: string; reason?: string; since: string; region?: string })[]; next?: string };
  "overview": { since: string; until: string; bucketSeconds: number; total: { issued: number; refused: number; failed: number; p50?: number; p99?: number }; buckets: ({ start: string; issued: number; refused: number; failed: number; p50?: number; p99?: number })[]; reasons: ({ outcome: "refused" | "failed"; reason: string; count: number; countIn: (number)[] })[]; audiences: ({ name?: string; issued: number; refused: number; issuedIn: (number)[]; refusedIn: (number)[]; p50?: number; p99?: number })[]; clients: ({ name?: string; issued: number; refused: number; issuedIn: (number)[]; refusedIn: (number)[] })[]; countedUpTo: { position: number; time?: string } };
  "status": { faults: ({ kind: string; since?: string; serves: boolean; details: (string)[] })[]; node: { id?: string; version: string; nodes: number }; configuration: { digest?: string; readAt?: string; pendingSeconds?: number }; issuers: ({ issuer: string; name: string; keys: (string)[]; fetchedAt?: string; ageSeconds?: number; failure?: { at: string; why: string } })[]; keys: ({ kid: string; alg: string; state: "next" | "active" | "retired"; activatesAt: string; replacedAt?: string })[]; audit: { proof?: { position: number; rows: number; signedAt: string; problem?: string }; indexedUpTo: { position: number; time?: string }; countedUpTo: { position: number; time?: string }; last: { position: number; time?: string } }; store: "sqlite" | "postgres"; databaseMs: number };
  "list-nodes": { items: ({ id: string; self: boolean; digest?: string; seenAt: string; version?: string; host?: string; pid?: number; startedAt?: string; readAt?: string; faults?: ({ kind: string; since: string; details: (string)[] })[] })[]; next?: string };
  "get-token": { token: { id: string; source: "issued" | "presented" | "agreement" | "revoked"; type?: string; state: "active" | "expired" | "revoked" | "suspended" | "unknown"; why?: string; revokedBy?: string; time: string; requestId: string; expiresAt?: string; subject?: { iss: string; sub: string }; actors?: ({ iss: string; sub: string })[]; client?: string; grant?: string; rule?: string; audiences?: (string)[]; scopeAsked?: (string)[]; scope?: (string)[]; parents: ({ id: string; as: "subject" | "actor" | "agreement" | "family" })[] }; ancestors: ({ id: string; source: "issued" | "presented" | "agreement" | "revoked"; type?: string; state: "active" | "expired" | "revoked" | "suspended" | "unknown"; why?: string; revokedBy?: string; time: string; requestId: string; expiresAt?: string; subject?: { iss: string; sub: string }; actors?: ({ iss: string; sub: string })[]; client?: string; grant?: string; rule?: string; audiences?: (string)[]; scopeAsked?: (string)[]; scope?: (string)[]; parents: ({ id: string; as: "subject" | "actor" | "agreement" | "family" })[] })[]; complete: boolean };
  "list-descendants": { items: ({ id: string; source: "issued" | "presented" | "agreement" | "revoked"; type?: string; state: "active" | "expired" | "revoked" | "suspended" | "unknown"; why?: string; revokedBy?: string; time: string; requestId: string; expiresAt?: string; subject?: { iss: string; sub: string }; actors?: ({ iss: string; sub: string })[]; client?: string; grant?: string; rule?: string; audiences?: (string)[]; scopeAsked?: (string)[]; scope?: (string)[]; parents: ({ id: string; as: "subject" | "actor" | "agreement" | "family" })[] })[]; next?: string; count: number; living: number; complete: boolean; upTo: { position: number; time?: string } };
  "list-accounts": { items: ({ sub: string; username: string; state: "active" | "suspended"; reason?: string; lastSignIn?: string })[]; next?: string };
  "search-audit": { items: ({ time: number; requestId: string; action: string } & { [name: string]: unknown })[]; next?: string; indexedUpTo: { position: number; time?: string }; searchedUpTo?: { position: number; time?: string }; position?: number; more?: boolean; replica?: { used: boolean } };
  "find-audit-event": { time: number; requestId: string; action: string; explanation: { decision: "allowed" | "refused" } & { [name: string]: unknown }; siblings: ({ by: "request" | "caller_request" | "token"; event: { time: number; requestId: string; action: string } & { [name: string]: unknown } })[] } & { [name: string]: unknown };
  "list-configurations": { items: ({ time: number; requestId: string; outcome: "applied" | "rejected" } & { [name: string]: unknown })[]; next?: string };
  "get-configuration": { digest: string; files: ({ path: string; content: { [name: string]: unknown } } & { [name: string]: unknown })[]; registered: { [name: string]: { [name: string]: unknown } } } & { [name: string]: unknown };
  "compare-configurations": { items: ({ entry: string; change: string; text: string } & { [name: string]: unknown })[]; next?: string; from: string; to: string };
  "explain": { decision: "allowed" | "refused"; request?: { requestId: string; time: number; action: string; grant?: string; client?: string; address?: string; by?: { [name: string]: unknown } }; error?: string; error_description?: string; reason?: string; meaning?: string; detail?: string; remedy?: string; values?: ({ name: string; sent?: unknown; known?: (string)[]; more?: number; nearest?: string })[]; workloads?: (string)[]; place?: { at?: string; key: string }; decidedBy?: { [name: string]: unknown }; steps: ({ step: string; result: "passed" | "refused"; found: string })[]; pipeline?: ({ step: "client" | "request" | "subject token" | "actor token" | "delegation" | "rule" | "proof" | "target" | "scope" | "lifetime" | "claims" | "issuing" | "assertion"; state: "passed" | "failed" | "not reached"; found?: string })[]; rules: ({ rule: string; result: "decides" | "does not match" | "cannot be told" | "is not asked" | "is only watched (mode: audit)" | "is gone from the file"; part?: string; why?: string; at?: string })[]; rulesOfOthers: number; claims?: { [name: string]: unknown }; response?: { status: number; body: { [name: string]: unknown } }; compared?: ({ claim: string; change: "same" | "changed" | "added" | "left out"; subject?: unknown; issued?: unknown })[] };
  "targets": { targets: ({ audience: string; scope: string; lifetime: number; rule: string } & { [name: string]: unknown })[]; refused?: { meaning: string; remedy: string } & { [name: string]: unknown } } & { [name: string]: unknown };
  "unused-rights": { since: string; begins?: string; unused: ({ kind: "rule" | "client" | "audience" | "scope"; name: string } & { [name: string]: unknown })[]; kept: ({ kind: "rule" | "client" | "audience" | "scope"; name: string } & { [name: string]: unknown })[]; untested: (string)[]; unread: (string)[]; more: number } & { [name: string]: unknown };
  "list-rule-texts": { items: ({ path: string; isMain: boolean; rules?: { text: string; line: number } })[] };
  "list-names": { clients: (string)[]; issuers: (string)[]; audiences: (string)[]; scopes: (string)[] };
  "check-draft": { usable: boolean; findings: ({ severity: "fault" | "warning"; file: string; line: number; column: number; path: string; message: string })[]; tests: ({ rule: string; test: string; at: string; result: "passed" | "failed" | "left out"; why?: string })[]; untested: ({ rule: string; at: string })[]; rules: ({ name: string; file: string; line: number; effect: "allow" | "deny"; mode: "enforce" | "audit"; clients?: (string)[]; subject: (string)[]; actor: (string)[]; audiences?: (string)[]; scopes: ({ scope: string; from?: (string)[] })[]; types: (string)[]; lifetime?: number; conditions: (string)[]; because?: string })[]; sections: ({ path: string; line: number })[]; patch: string; unpatched: (string)[]; counts?: { clients: number; resources: number; rules: number } };
  "replay-draft": { items: ({ requestId: string; time: number; client: string; subject: string; change: "newly allowed" | "newly refused" | "allowed otherwise" | "refused otherwise"; reason?: string; before: string; after: string; missing: (string)[] })[]; groups: ({ client: string; change: "newly allowed" | "newly refused" | "allowed otherwise" | "refused otherwise"; reason?: string; count: number; requestIds: (string)[] })[]; counts: { changed: number; same: number; undecided: number; withheld: number }; reached?: number; next?: string };
  "write-test": { rule: string; at: string; yaml: string; decision: "allowed" | "refused"; reason?: string; patch?: string; passes?: boolean; why?: string };
  "list-reach": { items: ({ audience: string; scopes: ({ scope: string; from?: (string)[] })[]; by: "rule" | "client_credentials" | "sign-in"; rule?: string; at?: string; mode?: "enforce" | "audit"; lifetime?: number; requires: (string)[]; unless: (string)[] })[]; next?: string };
  "get-schema": { configuration: { [name: string]: unknown }; included: { [name: string]: unknown }; expressions: { variables: { [name: string]: unknown }; functions: (string)[]; macros: (string)[] } };
 };
}

export interface paths {
 "/clients": {
  get: {
   parameters: { query?: { cursor?: string; limit?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ id: string; source: "file" | "registered"; entry: { [name: string]: unknown }; secrets?: ({ id: string; createdAt: string })[]; createdAt?: string; updatedAt?: string })[]; next?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
  post: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody: { content: { "application/json": { name?: string; logo?: string; uri?: string; auth: ("client_secret_basic" | "client_secret_post" | "private_key_jwt" | "tls_client_auth" | "self_signed_tls_client_auth" | "spiffe_jwt" | "none") | (("client_secret_basic" | "client_secret_post" | "private_key_jwt" | "tls_client_auth" | "self_signed_tls_client_auth" | "spiffe_jwt" | "none")[]); jwks?: { keys: ({ [name: string]: unknown })[] }; jwksUri?: string; allowPrivateNetwork?: boolean; assertionAudience?: "legacy"; assertionLifetime?: string; tlsSubject?: { dn?: string; dns?: string; uri?: string; ip?: string; email?: string }; spiffeId?: string; publicExchange?: boolean; workload?: { issuer: string; audience?: string; subjects?: (string) | ((string)[]); claims?: { [name: string]: (string) | ((string)[]) } }; subProfile?: (string) | ((string)[]); grants: ("client_credentials" | "token_exchange" | "refresh_token" | "authorization_code" | "device_code" | "jwt_bearer" | "jwt_dpop")[]; audiences?: (string)[]; scopes?: (string)[]; resource?: string; saml?: { entityId: string; acs: string }; dpopBoundAccessTokens?: boolean; certificateBoundAccessTokens?: boolean; redirectUris?: (string)[]; anyLocalhostPort?: boolean; pkce?: "required" | "optional"; postLogoutRedirectUris?: (string)[]; refreshLifetime?: string; disabled?: boolean; limits?: { perMinute?: number; perDay?: number; delegation?: string; descendants?: number }; id: string } } };
   responses: {
    201: { headers: { [name: string]: unknown }; content: { "application/json": { id: string; source: "file" | "registered"; entry: { [name: string]: unknown }; secrets?: ({ id: string; createdAt: string })[]; createdAt?: string; updatedAt?: string; secret?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    409: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/clients/{id}": {
  get: {
   parameters: { query?: never; path: { id: string }; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { id: string; source: "file" | "registered"; entry: { [name: string]: unknown }; secrets?: ({ id: string; createdAt: string })[]; createdAt?: string; updatedAt?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    404: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
  put: {
   parameters: { query?: never; path: { id: string }; header: { "If-Match": string }; cookie?: never };
   requestBody: { content: { "application/json": { name?: string; logo?: string; uri?: string; auth: ("client_secret_basic" | "client_secret_post" | "private_key_jwt" | "tls_client_auth" | "self_signed_tls_client_auth" | "spiffe_jwt" | "none") | (("client_secret_basic" | "client_secret_post" | "private_key_jwt" | "tls_client_auth" | "self_signed_tls_client_auth" | "spiffe_jwt" | "none")[]); jwks?: { keys: ({ [name: string]: unknown })[] }; jwksUri?: string; allowPrivateNetwork?: boolean; assertionAudience?: "legacy"; assertionLifetime?: string; tlsSubject?: { dn?: string; dns?: string; uri?: string; ip?: string; email?: string }; spiffeId?: string; publicExchange?: boolean; workload?: { issuer: string; audience?: string; subjects?: (string) | ((string)[]); claims?: { [name: string]: (string) | ((string)[]) } }; subProfile?: (string) | ((string)[]); grants: ("client_credentials" | "token_exchange" | "refresh_token" | "authorization_code" | "device_code" | "jwt_bearer" | "jwt_dpop")[]; audiences?: (string)[]; scopes?: (string)[]; resource?: string; saml?: { entityId: string; acs: string }; dpopBoundAccessTokens?: boolean; certificateBoundAccessTokens?: boolean; redirectUris?: (string)[]; anyLocalhostPort?: boolean; pkce?: "required" | "optional"; postLogoutRedirectUris?: (string)[]; refreshLifetime?: string; disabled?: boolean; limits?: { perMinute?: number; perDay?: number; delegation?: string; descendants?: number } } } };
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { id: string; source: "file" | "registered"; entry: { [name: string]: unknown }; secrets?: ({ id: string; createdAt: string })[]; createdAt?: string; updatedAt?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    404: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    409: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    412: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    428: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
  delete: {
   parameters: { query?: never; path: { id: string }; header: { "If-Match": string }; cookie?: never };
   requestBody?: never;
   responses: {
    204: { headers: { [name: string]: unknown }; content?: never };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    404: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    409: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    412: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    428: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/clients/{id}/secrets": {
  post: {
   parameters: { query?: never; path: { id: string }; header?: never; cookie?: never };
   requestBody: { content: { "application/json": {  } } };
   responses: {
    201: { headers: { [name: string]: unknown }; content: { "application/json": { id: string; source: "file" | "registered"; entry: { [name: string]: unknown }; secrets?: ({ id: string; createdAt: string })[]; createdAt?: string; updatedAt?: string; secret?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    404: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    409: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/clients/{id}/secrets/{secret}": {
  delete: {
   parameters: { query?: never; path: { id: string; secret: string }; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    204: { headers: { [name: string]: unknown }; content?: never };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    404: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    409: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/resources": {
  get: {
   parameters: { query?: { cursor?: string; limit?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ [name: string]: unknown })[]; next?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/authorization-servers": {
  get: {
   parameters: { query?: { cursor?: string; limit?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ [name: string]: unknown })[]; next?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/issuers": {
  get: {
   parameters: { query?: { cursor?: string; limit?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ [name: string]: unknown })[]; next?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/rules": {
  get: {
   parameters: { query?: { cursor?: string; limit?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ [name: string]: unknown })[]; next?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/keys": {
  get: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ kid: string; alg: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87"; state: "next" | "active" | "retired"; createdAt: string; activatesAt: string; signsUntil?: string; publishedUntil: string; validTokens?: number })[] } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
  post: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody: { content: { "application/json": { alg?: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87" } } };
   responses: {
    201: { headers: { [name: string]: unknown }; content: { "application/json": { alg: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87"; activatesAt: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    409: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/keys/rotation": {
  get: {
   parameters: { query?: { alg?: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87" }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { alg: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87"; activatesAt: string; replaces?: { kid: string; alg: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87"; state: "next" | "active" | "retired"; createdAt: string; activatesAt: string; signsUntil?: string; publishedUntil: string; validTokens?: number }; replacedPublishedUntil: string; published: ({ kid: string; alg: "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87"; state: "next" | "active" | "retired"; createdAt: string; activatesAt: string; signsUntil?: string; publishedUntil: string; validTokens?: number })[]; cachedForSeconds: number; publishedForSeconds: number; keySets: (string)[]; audiences: (string)[]; audienceCount: number } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/keys/{kid}": {
  delete: {
   parameters: { query?: { replace?: "now" }; path: { kid: string }; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    204: { headers: { [name: string]: unknown }; content?: never };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    404: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    409: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/revocations": {
  post: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody: { content: { "application/json": ({ id: string; issuer?: string; unknown?: true }) | ({ subject: string; issuer?: string; unknown?: true }) | ({ issuer: string; unknown?: true }) | ({ client: string; unknown?: true }) | ({ all: true }) } };
   responses: {
    204: { headers: { [name: string]: unknown }; content?: never };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    409: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/actors/suspended": {
  get: {
   parameters: { query?: { cursor?: string; limit?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ subject: string; issuer?: string; reason?: string; since: string; region?: string })[]; next?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/actors/suspend": {
  post: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody: { content: { "application/json": { subject: string; issuer?: string; reason?: string; revoke?: true; unknown?: true } } };
   responses: {
    204: { headers: { [name: string]: unknown }; content?: never };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    409: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/actors/resume": {
  post: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody: { content: { "application/json": { subject: string; issuer?: string } } };
   responses: {
    204: { headers: { [name: string]: unknown }; content?: never };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    409: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/overview": {
  get: {
   parameters: { query?: { since?: string; until?: string; top?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { since: string; until: string; bucketSeconds: number; total: { issued: number; refused: number; failed: number; p50?: number; p99?: number }; buckets: ({ start: string; issued: number; refused: number; failed: number; p50?: number; p99?: number })[]; reasons: ({ outcome: "refused" | "failed"; reason: string; count: number; countIn: (number)[] })[]; audiences: ({ name?: string; issued: number; refused: number; issuedIn: (number)[]; refusedIn: (number)[]; p50?: number; p99?: number })[]; clients: ({ name?: string; issued: number; refused: number; issuedIn: (number)[]; refusedIn: (number)[] })[]; countedUpTo: { position: number; time?: string } } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/status": {
  get: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { faults: ({ kind: string; since?: string; serves: boolean; details: (string)[] })[]; node: { id?: string; version: string; nodes: number }; configuration: { digest?: string; readAt?: string; pendingSeconds?: number }; issuers: ({ issuer: string; name: string; keys: (string)[]; fetchedAt?: string; ageSeconds?: number; failure?: { at: string; why: string } })[]; keys: ({ kid: string; alg: string; state: "next" | "active" | "retired"; activatesAt: string; replacedAt?: string })[]; audit: { proof?: { position: number; rows: number; signedAt: string; problem?: string }; indexedUpTo: { position: number; time?: string }; countedUpTo: { position: number; time?: string }; last: { position: number; time?: string } }; store: "sqlite" | "postgres"; databaseMs: number } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/nodes": {
  get: {
   parameters: { query?: { cursor?: string; limit?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ id: string; self: boolean; digest?: string; seenAt: string; version?: string; host?: string; pid?: number; startedAt?: string; readAt?: string; faults?: ({ kind: string; since: string; details: (string)[] })[] })[]; next?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/tokens/{id}": {
  get: {
   parameters: { query?: never; path: { id: string }; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { token: { id: string; source: "issued" | "presented" | "agreement" | "revoked"; type?: string; state: "active" | "expired" | "revoked" | "suspended" | "unknown"; why?: string; revokedBy?: string; time: string; requestId: string; expiresAt?: string; subject?: { iss: string; sub: string }; actors?: ({ iss: string; sub: string })[]; client?: string; grant?: string; rule?: string; audiences?: (string)[]; scopeAsked?: (string)[]; scope?: (string)[]; parents: ({ id: string; as: "subject" | "actor" | "agreement" | "family" })[] }; ancestors: ({ id: string; source: "issued" | "presented" | "agreement" | "revoked"; type?: string; state: "active" | "expired" | "revoked" | "suspended" | "unknown"; why?: string; revokedBy?: string; time: string; requestId: string; expiresAt?: string; subject?: { iss: string; sub: string }; actors?: ({ iss: string; sub: string })[]; client?: string; grant?: string; rule?: string; audiences?: (string)[]; scopeAsked?: (string)[]; scope?: (string)[]; parents: ({ id: string; as: "subject" | "actor" | "agreement" | "family" })[] })[]; complete: boolean } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    404: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/tokens/{id}/descendants": {
  get: {
   parameters: { query?: { cursor?: string; limit?: number }; path: { id: string }; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ id: string; source: "issued" | "presented" | "agreement" | "revoked"; type?: string; state: "active" | "expired" | "revoked" | "suspended" | "unknown"; why?: string; revokedBy?: string; time: string; requestId: string; expiresAt?: string; subject?: { iss: string; sub: string }; actors?: ({ iss: string; sub: string })[]; client?: string; grant?: string; rule?: string; audiences?: (string)[]; scopeAsked?: (string)[]; scope?: (string)[]; parents: ({ id: string; as: "subject" | "actor" | "agreement" | "family" })[] })[]; next?: string; count: number; living: number; complete: boolean; upTo: { position: number; time?: string } } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    404: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/accounts": {
  get: {
   parameters: { query?: { cursor?: string; limit?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ sub: string; username: string; state: "active" | "suspended"; reason?: string; lastSignIn?: string })[]; next?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/audit": {
  get: {
   parameters: { query?: { subject?: string; actor?: string; party?: string; issuer?: string; client?: string; audience?: string; outcome?: string; reason?: string; rule?: string; request?: string; token?: string; since?: string; until?: string; cursor?: string; limit?: number; after?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ time: number; requestId: string; action: string } & { [name: string]: unknown })[]; next?: string; indexedUpTo: { position: number; time?: string }; searchedUpTo?: { position: number; time?: string }; position?: number; more?: boolean; replica?: { used: boolean } } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/audit/{requestId}": {
  get: {
   parameters: { query?: never; path: { requestId: string }; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { time: number; requestId: string; action: string; explanation: { decision: "allowed" | "refused" } & { [name: string]: unknown }; siblings: ({ by: "request" | "caller_request" | "token"; event: { time: number; requestId: string; action: string } & { [name: string]: unknown } })[] } & { [name: string]: unknown } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    404: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/configurations": {
  get: {
   parameters: { query?: { since?: string; until?: string; cursor?: string; limit?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ time: number; requestId: string; outcome: "applied" | "rejected" } & { [name: string]: unknown })[]; next?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/configurations/{digest}": {
  get: {
   parameters: { query?: never; path: { digest: string }; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { digest: string; files: ({ path: string; content: { [name: string]: unknown } } & { [name: string]: unknown })[]; registered: { [name: string]: { [name: string]: unknown } } } & { [name: string]: unknown } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    404: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/configurations/{digest}/changes": {
  get: {
   parameters: { query?: { to?: string; cursor?: string; limit?: number }; path: { digest: string }; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ entry: string; change: string; text: string } & { [name: string]: unknown })[]; next?: string; from: string; to: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    404: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/explain": {
  post: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody: { content: { "application/json": ({ client: string; subject_token?: string; subject_token_type?: string; actor_token?: string; actor_token_type?: string; subject?: ({ issuer?: string; type?: "access_token" | "refresh_token" | "id_token" | "jwt" | "saml1" | "saml2" | "id_jag" | "chaining_grant" | "workload"; client?: string; audiences?: (string)[]; scope?: (string)[]; expiresIn?: string; claims: { [name: string]: unknown } }) | ({ request: string }); actor?: ({ issuer?: string; type?: "access_token" | "refresh_token" | "id_token" | "jwt" | "saml1" | "saml2"; client?: string; audiences?: (string)[]; scope?: (string)[]; expiresIn?: string; claims: { [name: string]: unknown } }) | ({ request: string }); audience?: (string)[]; resource?: (string)[]; scope?: string; requested_token_type?: string; draft?: { files: ({ path: string; text?: (string) | (null); rules?: string })[]; complete?: boolean } }) | ({ client: string; assertion: string; audience?: (string)[]; resource?: (string)[]; scope?: string }) | ({ request: string }) } };
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { decision: "allowed" | "refused"; request?: { requestId: string; time: number; action: string; grant?: string; client?: string; address?: string; by?: { [name: string]: unknown } }; error?: string; error_description?: string; reason?: string; meaning?: string; detail?: string; remedy?: string; values?: ({ name: string; sent?: unknown; known?: (string)[]; more?: number; nearest?: string })[]; workloads?: (string)[]; place?: { at?: string; key: string }; decidedBy?: { [name: string]: unknown }; steps: ({ step: string; result: "passed" | "refused"; found: string })[]; pipeline?: ({ step: "client" | "request" | "subject token" | "actor token" | "delegation" | "rule" | "proof" | "target" | "scope" | "lifetime" | "claims" | "issuing" | "assertion"; state: "passed" | "failed" | "not reached"; found?: string })[]; rules: ({ rule: string; result: "decides" | "does not match" | "cannot be told" | "is not asked" | "is only watched (mode: audit)" | "is gone from the file"; part?: string; why?: string; at?: string })[]; rulesOfOthers: number; claims?: { [name: string]: unknown }; response?: { status: number; body: { [name: string]: unknown } }; compared?: ({ claim: string; change: "same" | "changed" | "added" | "left out"; subject?: unknown; issued?: unknown })[] } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/targets": {
  post: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody: { content: { "application/json": { client: string; subject_token: string; subject_token_type?: string; actor_token?: string; actor_token_type?: string } } };
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { targets: ({ audience: string; scope: string; lifetime: number; rule: string } & { [name: string]: unknown })[]; refused?: { meaning: string; remedy: string } & { [name: string]: unknown } } & { [name: string]: unknown } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/policy/unused": {
  get: {
   parameters: { query: { since: string }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { since: string; begins?: string; unused: ({ kind: "rule" | "client" | "audience" | "scope"; name: string } & { [name: string]: unknown })[]; kept: ({ kind: "rule" | "client" | "audience" | "scope"; name: string } & { [name: string]: unknown })[]; untested: (string)[]; unread: (string)[]; more: number } & { [name: string]: unknown } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/policy/rules": {
  get: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ path: string; isMain: boolean; rules?: { text: string; line: number } })[] } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/policy/names": {
  get: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { clients: (string)[]; issuers: (string)[]; audiences: (string)[]; scopes: (string)[] } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/policy/check": {
  post: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody: { content: { "application/json": { files: ({ path: string; text?: (string) | (null); rules?: string })[]; complete?: boolean } } };
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { usable: boolean; findings: ({ severity: "fault" | "warning"; file: string; line: number; column: number; path: string; message: string })[]; tests: ({ rule: string; test: string; at: string; result: "passed" | "failed" | "left out"; why?: string })[]; untested: ({ rule: string; at: string })[]; rules: ({ name: string; file: string; line: number; effect: "allow" | "deny"; mode: "enforce" | "audit"; clients?: (string)[]; subject: (string)[]; actor: (string)[]; audiences?: (string)[]; scopes: ({ scope: string; from?: (string)[] })[]; types: (string)[]; lifetime?: number; conditions: (string)[]; because?: string })[]; sections: ({ path: string; line: number })[]; patch: string; unpatched: (string)[]; counts?: { clients: number; resources: number; rules: number } } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/policy/replay": {
  post: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody: { content: { "application/json": { files: ({ path: string; text?: (string) | (null); rules?: string })[]; complete?: boolean; since?: string; until?: string; client?: string; cursor?: string } } };
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ requestId: string; time: number; client: string; subject: string; change: "newly allowed" | "newly refused" | "allowed otherwise" | "refused otherwise"; reason?: string; before: string; after: string; missing: (string)[] })[]; groups: ({ client: string; change: "newly allowed" | "newly refused" | "allowed otherwise" | "refused otherwise"; reason?: string; count: number; requestIds: (string)[] })[]; counts: { changed: number; same: number; undecided: number; withheld: number }; reached?: number; next?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/policy/tests": {
  post: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody: { content: { "application/json": { name?: string; rule?: string; client: string; subject_token?: string; subject_token_type?: string; actor_token?: string; actor_token_type?: string; subject?: ({ issuer?: string; type?: "access_token" | "refresh_token" | "id_token" | "jwt" | "saml1" | "saml2" | "id_jag" | "chaining_grant" | "workload"; client?: string; audiences?: (string)[]; scope?: (string)[]; expiresIn?: string; claims: { [name: string]: unknown } }) | ({ request: string }); actor?: ({ issuer?: string; type?: "access_token" | "refresh_token" | "id_token" | "jwt" | "saml1" | "saml2"; client?: string; audiences?: (string)[]; scope?: (string)[]; expiresIn?: string; claims: { [name: string]: unknown } }) | ({ request: string }); audience?: (string)[]; resource?: (string)[]; scope?: string; requested_token_type?: string; draft?: { files: ({ path: string; text?: (string) | (null); rules?: string })[]; complete?: boolean } } } };
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { rule: string; at: string; yaml: string; decision: "allowed" | "refused"; reason?: string; patch?: string; passes?: boolean; why?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/reach": {
  get: {
   parameters: { query: { client: string; subject?: string; issuer?: string; cursor?: string; limit?: number }; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { items: ({ audience: string; scopes: ({ scope: string; from?: (string)[] })[]; by: "rule" | "client_credentials" | "sign-in"; rule?: string; at?: string; mode?: "enforce" | "audit"; lifetime?: number; requires: (string)[]; unless: (string)[] })[]; next?: string } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
 "/schema": {
  get: {
   parameters: { query?: never; path?: never; header?: never; cookie?: never };
   requestBody?: never;
   responses: {
    200: { headers: { [name: string]: unknown }; content: { "application/json": { configuration: { [name: string]: unknown }; included: { [name: string]: unknown }; expressions: { variables: { [name: string]: unknown }; functions: (string)[]; macros: (string)[] } } } };
    400: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    401: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    403: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    422: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
    503: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } };
   };
  };
 };
}
