// The requirements that an API may set for an access token.

export type Claims = Readonly<Record<string, unknown>>;

/** An actor: acts for the subject. */
export interface Actor {
  readonly iss: string;
  readonly sub: string;
}

export interface Requirements {
  /** Scope names separated by spaces. The token must have all of them. */
  readonly scope?: string;
  /** The current actor must match one of these. `{}` matches any actor. Without `iss`: an actor of the token's issuer. */
  readonly actor?: Partial<Actor> | readonly Partial<Actor>[];
  /** Accepted authentication context classes (RFC 9470). */
  readonly acr?: string | readonly string[];
  /** Maximum seconds since the person authenticated (RFC 9470). */
  readonly maxAge?: number;
}
