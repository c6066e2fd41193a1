// What may an API ask of an access token?

export type Claims = Readonly<Record<string, unknown>>;

/** One who acts for the subject. */
export interface Actor {
  readonly iss: string;
  readonly sub: string;
}

export interface Requirements {
  /** Names between blanks; the token must have all of them. */
  readonly scope?: string;
  /** The current actor must match one of these; `{}` is anybody, and without `iss` an actor of the token's issuer is meant. */
  readonly actor?: Partial<Actor> | readonly Partial<Actor>[];
  /** Authentication context classes of which the person's must be one (RFC 9470). */
  readonly acr?: string | readonly string[];
  /** Seconds since the person authenticated, at most (RFC 9470). */
  readonly maxAge?: number;
}
