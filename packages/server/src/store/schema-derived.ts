// The tables that are made of audit rows, besides the index of searches.

/** Says which rows name a token, and which tokens derive from it. It is made of rows, and may lack the latest. */
export interface AuditTokenTable {
  token: string;
  /** A number of `ROLES` in audit-tokens.ts. */
  role: number;
  /** Of the row. */
  time: number;
  sequence: number;
  /** A token that the row issued, and that derives from this one; empty if there is none. */
  child: string;
  /** Of the child, or of the token itself in the row that issued it. */
  expires_at: number | null;
}

/** Counts of requests in a span of time. It is made of rows, and may lack the latest. */
export interface AuditCountTable {
  /** The length of the span, in milliseconds. */
  width: number;
  /** A number of `COUNTED` in audit-counts.ts. */
  kind: number;
  /** Milliseconds since 1970, a multiple of the width. */
  start: number;
  /** The name that is counted; empty for those that are not counted by name. */
  term: string;
  count: number;
}
