// The requirements that an API may set for an access token.

export type Claims = Readonly<Record<string, unknown>>;

/** An actor: acts for the subject. Issuer and subject together name it. */
export interface Actor {
  readonly iss: string;
  readonly sub: string;
  /** Its kinds, such as `ai_agent` or `service` (`sub_profile`). Absent if the token has none. */
  readonly subProfile?: readonly string[];
}

/** Every given member must match. */
export interface ActorPattern {
  /** Default, beside `sub`: the issuer of the token. */
  readonly iss?: string;
  readonly sub?: string;
  /** One kind, which must be among those of the actor. */
  readonly subProfile?: string;
}

export interface Requirements {
  /** Scope names separated by spaces. The token must have all of them. */
  readonly scope?: string;
  /** The current actor must match one of these. `{}` matches any actor. */
  readonly actor?: ActorPattern | readonly ActorPattern[];
  /** Accepted authentication context classes (RFC 9470). */
  readonly acr?: string | readonly string[];
  /** Maximum seconds since the person authenticated (RFC 9470). */
  readonly maxAge?: number;
}
